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
		return rest.New(rest.Config{Chain: p.chain, Pool: p.pool, Params: p.params, Call: call})
	}
}
