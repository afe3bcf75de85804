package rpc

import (
	"slices"
	"sync"
	"time"

	"github.com/quernnet/quern/node/rpc/controlrpc"
)

// running are the calls that are being served, in the order in which they
// began. mu guards the list.
type running struct {
	mu   sync.Mutex
	list []*controlrpc.Running
}

// begin notes a call; end strikes it off.
func (r *running) begin(method string) (end func()) {
	c := &controlrpc.Running{Method: method, Since: time.Now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, c)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		i := slices.Index(r.list, c)
		r.list = slices.Delete(r.list, i, i+1)
	}
}

// now lists the calls.
func (r *running) now() []controlrpc.Running {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]controlrpc.Running, len(r.list))
	for i, c := range r.list {
		out[i] = *c
	}
	return out
}
