package rpc

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/quernnet/quern/node/rpc/table"
)

// attached is the node's methods, once there is a node.
type attached struct {
	methods table.Table
	sync    func(context.Context) error // of the mempool with the tip
}

// attachment is them, as the server's goroutines see them.
type attachment struct{ node atomic.Pointer[attached] }

// Attach gives the methods their parts: from now on they answer.
func (s *Server) Attach(p Parts) {
	s.attach.node.Store(&attached{methods: p.methods(time.Now()), sync: p.Pool.Sync})
}

// dispatch runs one call.
func (s *Server) dispatch(ctx context.Context, r *request) (any, error) {
	n := s.attach.node.Load()
	if n == nil {
		return nil, table.Errorf(table.CodeWarmup, "Loading block index…")
	}
	m, ok := n.methods[r.method]
	if !ok {
		return nil, table.Errorf(table.CodeNoMethod, "Method not found")
	}
	a, err := m.Bind(r.params, r.path)
	if err != nil {
		return nil, err
	}
	if m.Pool {
		// With bitcoind mempool and tip change together, and clients count on it.
		if err := n.sync(ctx); err != nil {
			return nil, err
		}
	}
	return m.Call(ctx, a)
}
