package peering

import "sync/atomic"

// relayCounts counts how blocks came and where stems went.
type relayCounts struct {
	warm, asked, fetched, whole          atomic.Int64
	told                                 atomic.Int64
	stemmed, carried, fluffed, embargoed atomic.Int64
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

// RelayStats says how announced blocks came and where stems went, since the start.
type RelayStats struct {
	Warm    int64 // rebuilt without a question
	Asked   int64 // rebuilt with one or more
	Whole   int64 // announced in compact form and fetched whole all the same
	Fetched int64 // transactions asked for
	Told    int64 // transactions that began their way in gossip here, or a second time

	Stemmed   int64 // own transactions that began on a stem
	Carried   int64 // others' that were passed on along it
	Fluffed   int64 // transactions whose stem ended here
	Embargoed int64 // transactions gossiped because they were not seen in time
}

// RelayStats returns the counts.
func (p *Peering) RelayStats() RelayStats {
	c := &p.relays
	return RelayStats{
		Warm: c.warm.Load(), Asked: c.asked.Load(), Whole: c.whole.Load(), Fetched: c.fetched.Load(), Told: c.told.Load(),
		Stemmed: c.stemmed.Load(), Carried: c.carried.Load(), Fluffed: c.fluffed.Load(), Embargoed: c.embargoed.Load(),
	}
}
