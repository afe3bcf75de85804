package node

import (
	"net/http"

	"github.com/quernnet/quern/node/rest"
	"github.com/quernnet/quern/node/rpc"
)

// newREST makes what answers REST's questions; nil when it is off.
func (n *Node) newREST(p *parts) func(rpc.Call) http.Handler {
	if !n.config.RPC.REST {
		return nil
	}
	return func(call rpc.Call) http.Handler {
		c := rest.Config{Chain: p.chain, Pool: p.pool, Wait: p.indexes.Wait, Params: p.params, Call: call}
		if p.indexes.Tx != nil {
			c.Txs = p.indexes.Tx
		}
		if p.indexes.Filters != nil {
			c.Filters = p.indexes.Filters
		}
		return rest.New(c)
	}
}
