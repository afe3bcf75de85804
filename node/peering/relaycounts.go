package peering

import "sync/atomic"

// relayCounts counts how blocks came.
type relayCounts struct {
	warm, asked, fetched, whole atomic.Int64
}

// rebuilt counts a block that came by relay.
func (c *relayCounts) rebuilt(fetched, asks int) {
	if asks == 0 {
		c.warm.Add(1)
	} else {
		c.asked.Add(1)
	}
	c.fetched.Add(int64(fetched))
}

// RelayStats says how announced blocks came, since the start.
type RelayStats struct {
	Warm    int64 // rebuilt without a question
	Asked   int64 // rebuilt with one or more
	Whole   int64 // announced in compact form and fetched whole all the same
	Fetched int64 // transactions asked for
}

// RelayStats returns the counts.
func (p *Peering) RelayStats() RelayStats {
	c := &p.relays
	return RelayStats{Warm: c.warm.Load(), Asked: c.asked.Load(), Whole: c.whole.Load(), Fetched: c.fetched.Load()}
}
