package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/view"
)

// Filters is the index of BIP158's basic filters.
type Filters interface {
	// Filter returns a block's filter as it is encoded; nil when there is none.
	Filter(ctx context.Context, id wire.Hash) ([]byte, error)
	// FilterHeader returns BIP157's header of it, the zero hash when there is none.
	FilterHeader(ctx context.Context, id wire.Hash) (wire.Hash, error)
	// Synced says whether the index has reached the tip; it waits a little for it.
	Synced(ctx context.Context) bool
}

// basic is the only type of filters there is, and the number it has.
const (
	basic       = "basic"
	basicNumber = 0
)

// indexed checks a filter's type.
func (h *handler) indexed(name string) error {
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
	if err := h.indexed(name); err != nil {
		return reply{}, err
	}
	x, ok := h.Chain.Header(id)
	if !ok {
		return reply{}, missing("%s not found", text)
	}
	synced := h.Filters.Synced(r.Context())
	f, err := h.Filters.Filter(r.Context(), id)
	if err != nil {
		return reply{}, err
	}
	if f == nil {
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
		}{f}, nil
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
	if err := h.indexed(name); err != nil {
		return reply{}, err
	}
	synced := h.Filters.Synced(r.Context())
	ids := []wire.Hash{}
	for _, x := range h.run(id, n) {
		header, err := h.Filters.FilterHeader(r.Context(), x.ID)
		if err != nil {
			return reply{}, err
		}
		if header.IsZero() {
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
