package rpc

import (
	"slices"
	"sync"
	"time"

	"github.com/quernnet/quern/node/rpc/controlrpc"
)

// running are the calls that are being served, in the order in which they
// began. mu guards all of it.
type running struct {
	mu    sync.Mutex
	list  []numbered
	began uint64 // calls so far
}

type numbered struct {
	controlrpc.Running
	number uint64
}

// begin notes a call, to be struck off by its number.
func (r *running) begin(method string) uint64 {
	c := controlrpc.Running{Method: method, Since: time.Now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began++
	r.list = append(r.list, numbered{c, r.began})
	return r.began
}

// end strikes a call off.
func (r *running) end(number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(c numbered) bool { return c.number == number })
}

// now lists the calls.
func (r *running) now() []controlrpc.Running {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]controlrpc.Running, len(r.list))
	for i, c := range r.list {
		out[i] = c.Running
	}
	return out
}
