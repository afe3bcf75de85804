package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/index/gcs"
	"github.com/quernnet/quern/node/rpc/view"
)

// Filters is the index of BIP158's basic filters; *index.Filters satisfies it.
type Filters interface {
	Filter(ctx context.Context, height uint32, id wire.Hash) (f gcs.Filter, ok bool, err error)
	Header(ctx context.Context, height uint32, id wire.Hash) (h wire.Hash, ok bool, err error)
}

// basic is the only type of filters there is, and the number it has.
const (
	basic       = "basic"
	basicNumber = 0
)

// filtered checks a filter's type.
func (h *handler) filtered(name string) error {
	switch {
	case name != basic:
		return bad("Unknown filtertype %s", name)
	case h.Filters == nil:
		return bad("Index is not enabled for filtertype %s", name)
	}
	return nil
}

// filter serves /blockfilter/TYPE/HASH.
func (h *handler) filter(r *http.Request, q question) (reply, error) {
	name, text, ok := strings.Cut(q.param, "/")
	if !ok || strings.Contains(text, "/") {
		return reply{}, bad("Invalid URI format. Expected /rest/blockfilter/<filtertype>/<blockhash>")
	}
	id, err := hash(text)
	if err != nil {
		return reply{}, err
	}
	if err := h.filtered(name); err != nil {
		return reply{}, err
	}
	x, ok := h.Chain.Header(id)
	if !ok {
		return reply{}, missing("%s not found", text)
	}
	synced, err := h.Wait(r.Context(), index.FiltersName)
	if err != nil {
		return reply{}, err
	}
	f, ok, err := h.Filters.Filter(r.Context(), x.Height, id)
	if err != nil {
		return reply{}, err
	}
	if !ok {
		why := noFilter(synced)
		if !x.Active {
			why = "Filter not found. Block was not connected to active chain."
		}
		return reply{}, missing("%s", why)
	}
	return q.write(func() []byte {
		out := append([]byte{basicNumber}, id[:]...)
		return append(wire.AppendVarint(out, uint64(len(f))), f...)
	}, func() (any, error) {
		return struct {
			Filter view.Hex `json:"filter"`
		}{view.Hex(f)}, nil
	})
}

func noFilter(synced bool) string {
	if !synced {
		return "Filter not found. Block filters are still in the process of being indexed."
	}
	return "Filter not found. This error is unexpected and indicates index corruption."
}

// filterHeaders serves /blockfilterheaders/TYPE/HASH?count=N, and the older
// /blockfilterheaders/TYPE/N/HASH.
func (h *handler) filterHeaders(r *http.Request, q question) (reply, error) {
	name, from, number, err := filterHeadersPath(r, q.param)
	if err != nil {
		return reply{}, err
	}
	n, err := count(number)
	if err != nil {
		return reply{}, err
	}
	id, err := hash(from)
	if err != nil {
		return reply{}, err
	}
	if err := h.filtered(name); err != nil {
		return reply{}, err
	}
	synced, err := h.Wait(r.Context(), index.FiltersName)
	if err != nil {
		return reply{}, err
	}
	ids := []wire.Hash{}
	for _, x := range h.run(id, n) {
		header, ok, err := h.Filters.Header(r.Context(), x.Height, x.ID)
		if err != nil {
			return reply{}, err
		}
		if !ok {
			return reply{}, missing("%s", noFilter(synced))
		}
		ids = append(ids, header)
	}
	return q.write(func() []byte {
		var out []byte
		for _, x := range ids {
			out = append(out, x[:]...)
		}
		return out
	}, func() (any, error) { return ids, nil })
}

func filterHeadersPath(r *http.Request, path string) (name, from, number string, err error) {
	switch p := strings.Split(path, "/"); len(p) {
	case 2:
		return p[0], p[1], param(r, "count", "5"), nil
	case 3:
		return p[0], p[2], p[1], nil
	}
	return "", "", "", bad("Invalid URI format. Expected /rest/blockfilterheaders/<filtertype>/<blockhash>.<ext>?count=<count>")
}
