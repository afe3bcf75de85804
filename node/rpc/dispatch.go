package rpc

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/quernnet/quern/node/rpc/table"
)

// attached is the node's methods, once there is a node.
type attached struct {
	methods table.Table
	sync    func(context.Context) error // of the mempool with the tip
	rest    http.Handler                // nil: REST is off
}

// attachment is them, as the server's goroutines see them.
type attachment struct{ node atomic.Pointer[attached] }

// Attach gives the methods their parts: from now on they answer.
func (s *Server) Attach(p Parts) {
	n := &attached{methods: p.methods(time.Now(), s.running.now), sync: p.Pool.Sync}
	if p.REST != nil {
		n.rest = p.REST(n.value)
	}
	s.attach.node.Store(n)
}

// dispatch runs one call.
func (s *Server) dispatch(ctx context.Context, r *request) (any, error) {
	n := s.attach.node.Load()
	if n == nil {
		return nil, table.Errorf(table.CodeWarmup, "%s", s.warmup.words())
	}
	return n.call(ctx, r.method, r.params, r.path)
}

// value runs a method for the node itself.
func (n *attached) value(ctx context.Context, method string, params ...any) (any, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	return n.call(ctx, method, raw, "/")
}

// call runs a method with params, an array or object, for a request of that
// path.
func (n *attached) call(ctx context.Context, method string, params json.RawMessage, path string) (any, error) {
	m, ok := n.methods[method]
	if !ok {
		return nil, table.Errorf(table.CodeNoMethod, "Method not found")
	}
	a, err := m.Bind(params, path)
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
