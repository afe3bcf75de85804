package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/rpc/view"
)

// tx serves /tx/TXID: one that waits, or any where there is an index.
func (h *handler) tx(r *http.Request, q question) (reply, error) {
	id, err := hash(q.param)
	if err != nil {
		return reply{}, err
	}
	if err := h.Pool.Sync(r.Context()); err != nil {
		return reply{}, err
	}
	var t *wire.Tx
	var block wire.Hash
	if e, ok := h.Pool.Get(id); ok {
		t = e.Tx
	} else if t, block, err = h.indexed(r.Context(), id); err != nil {
		return reply{}, err
	}
	if t == nil {
		return reply{}, missing("%s not found", q.param)
	}
	return q.write(func() []byte { return t.Append(nil) }, func() (any, error) {
		out := struct {
			view.Tx
			Block *wire.Hash `json:"blockhash,omitempty"`
			Hex   view.Hex   `json:"hex"`
		}{Tx: view.TxView{Params: h.Params}.Show(t), Hex: t.Append(nil)}
		if !block.IsZero() {
			out.Block = &block
		}
		return out, nil
	})
}

// indexed finds a transaction of the chain, where there is an index; nil when
// there is none.
func (h *handler) indexed(ctx context.Context, id wire.Hash) (t *wire.Tx, block wire.Hash, err error) {
	if h.Txs == nil {
		return nil, block, nil
	}
	if _, err := h.Wait(ctx, index.TxName); err != nil {
		return nil, block, err
	}
	f, err := h.Txs.Find(ctx, id)
	if f == nil || err != nil {
		return nil, block, err
	}
	return f.Tx, f.Block, nil
}

func (h *handler) chainInfo(r *http.Request, q question) (reply, error) {
	return q.onlyJSON(func() (any, error) { return h.Call(r.Context(), "getblockchaininfo") })
}

// deployments serves /deploymentinfo and /deploymentinfo/HASH.
func (h *handler) deployments(r *http.Request, q question) (reply, error) {
	return q.onlyJSON(func() (any, error) {
		if q.param == "" {
			return h.Call(r.Context(), "getdeploymentinfo")
		}
		id, err := hash(q.param)
		if err != nil {
			return nil, err
		}
		if _, ok := h.Chain.Header(id); !ok {
			return nil, bad("Block not found")
		}
		return h.Call(r.Context(), "getdeploymentinfo", id)
	})
}

// mempool serves /mempool/info and /mempool/contents.
func (h *handler) mempool(r *http.Request, q question) (reply, error) {
	switch strings.TrimSuffix(q.param, "/") {
	case "info":
		return q.onlyJSON(func() (any, error) { return h.Call(r.Context(), "getmempoolinfo") })
	case "contents":
		return q.onlyJSON(func() (any, error) { return h.contents(r) })
	}
	return reply{}, bad("Invalid URI format. Expected /rest/mempool/<info|contents>.json")
}

func (h *handler) contents(r *http.Request) (any, error) {
	verbose, err := flag(r, "verbose", "true")
	if err != nil {
		return nil, err
	}
	sequence, err := flag(r, "mempool_sequence", "false")
	if err != nil {
		return nil, err
	}
	if verbose && sequence {
		return nil, bad("Verbose results cannot contain mempool sequence values. (hint: set \"verbose=false\")")
	}
	return h.Call(r.Context(), "getrawmempool", verbose, sequence)
}

func flag(r *http.Request, name, def string) (bool, error) {
	v := param(r, name, def)
	if v != "true" && v != "false" {
		return false, bad("The \"%s\" query parameter must be either \"true\" or \"false\".", name)
	}
	return v == "true", nil
}
