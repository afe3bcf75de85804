package node

import (
	"sync/atomic"
	"time"
)

// clock is the node's one source of time. A test chain's operator may stop it
// at a given second (setmocktime).
type clock struct{ mock atomic.Int64 } // Unix seconds, 0: the real time

func (c *clock) now() time.Time {
	if m := c.mock.Load(); m != 0 {
		return time.Unix(m, 0)
	}
	return time.Now()
}

// set stops the clock at t, or lets it run again when t is the zero time.
func (c *clock) set(t time.Time) {
	if t.IsZero() {
		c.mock.Store(0)
		return
	}
	c.mock.Store(t.Unix())
}
