package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/peering"
	"github.com/quernnet/quern/node/sim"
)

// relay mines blocks of each size, one after another, at nodes chosen by
// chance. The transactions are in all mempools a second before, but for the cold ones.
func relay(t *testing.T, s *settings, r *report) {
	sizes, _ := s.sizes() // checked
	coins := 0
	for _, size := range sizes {
		coins += s.Blocks * s.load(size).txs
	}
	o := sim.Options{Nodes: s.Nodes, Coins: coins}
	s.world(&o, s.Nodes)
	liars := withholders(s, &o)
	bubble(t, s, o, r, func(t *testing.T, w *sim.Swarm) {
		settle(s, w)
		tab := table{Title: "Time from a block's finding until a node has judged it, in seconds, over all blocks and honest nodes",
			Head: []string{"bytes", "transactions", "50 %", "90 %", "99 %", "all", "bytes sent a node"}}
		cdf := plot{Title: "Share of nodes that have a block", X: "seconds since it was found", Y: "share of nodes", YMax: 1}
		for _, size := range sizes {
			one := measureRelay(s, w, size, liars)
			tab.Rows = append(tab.Rows, []string{
				thousands(int64(one.bytes)), thousands(int64(one.txs)), secs(one.took.at(.5)), secs(one.took.at(.9)),
				secs(one.took.at(.99)), secs(one.took.at(1)), thousands(one.sent),
			})
			cdf.Series = append(cdf.Series, one.took.curve(thousands(int64(one.bytes))+" bytes", len(one.took)))
			name := fmt.Sprintf("block of %s bytes, %d transactions: 99 %% of nodes within", thousands(int64(one.bytes)), one.txs)
			if size == 4_000_000 && s.Map == "flat" && s.Cold == 0 && s.Withhold == 0 {
				r.want(name, one.took.at(.99).Seconds(), "s", 1)
			} else {
				r.add(name, one.took.at(.99).Seconds(), "s")
			}
		}
		r.Tables, r.Plots = append(r.Tables, tab), append(r.Plots, cdf)
	})
}

// relayed is what blocks of one size did.
type relayed struct {
	bytes, txs int
	took       times
	sent       int64 // bytes a node sent for one block
}

func measureRelay(s *settings, w *sim.Swarm, size int, liars map[int]bool) (one relayed) {
	l := s.load(size)
	before := bytesSent(w)
	for range s.Blocks {
		ts := w.Spend(l.txs, l.each)
		warm := len(ts) - int(s.Cold*float64(len(ts)))
		w.Fill(ts[:warm])
		miner := w.Rand.IntN(len(w.Nodes))
		for liars[miner] {
			miner = w.Rand.IntN(len(w.Nodes))
		}
		time.Sleep(time.Second)
		w.Nodes[miner].Fill(ts[warm:]...)
		at := time.Now()
		id := w.Nodes[miner].Mine()
		w.Await(10*time.Minute, reached(id, liars))
		b, err := w.Nodes[miner].Chain.Block(id)
		if err == nil {
			one.bytes, one.txs = b.Size(), len(b.Txs)
		}
		for i, n := range w.Nodes {
			if t, ok := n.Seen(id); ok && i != miner && !liars[i] {
				one.took = append(one.took, t.Sub(at))
			}
		}
		tell("block of %d bytes everywhere after %v", one.bytes, time.Since(at))
		time.Sleep(5 * time.Second)
	}
	one.sent = (bytesSent(w) - before) / int64(len(w.Nodes)*s.Blocks)
	return one
}

// reached wants a block at the tip of all but the liars.
func reached(id wire.Hash, liars map[int]bool) sim.Condition {
	return func(w *sim.Swarm) error {
		for i, n := range w.Nodes {
			if n.Running() && !liars[i] && n.Chain.Tip().ID != id {
				return fmt.Errorf("node %d has not block %v", i, id)
			}
		}
		return nil
	}
}

// withholders turns a share of the nodes, none of the first, into liars that pass headers on and
// never have a body.
func withholders(s *settings, o *sim.Options) map[int]bool {
	liars := map[int]bool{}
	for i := s.Nodes - int(s.Withhold*float64(s.Nodes)); i < s.Nodes; i++ {
		liars[i] = true
	}
	o.Peering = func(i int, c *peering.Config) {
		if liars[i] {
			c.Chain = bodiless{c.Chain}
		}
	}
	return liars
}
