package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/quernnet/quern/node/sim"
	"github.com/quernnet/quern/node/sim/attack"
)

// What attackers do to whole nodes, as in the tests of package attack, and larger.

// siege runs f in virtual time, and counts it.
func siege(t *testing.T, r *report, f func(t *testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		f(t)
		r.Virtual += time.Since(sim.Epoch).Seconds()
	})
}

// coldBoot is an attack on a node that starts.
func coldBoot(t *testing.T, s *settings, r *report) {
	siege(t, r, func(t *testing.T) {
		f := attack.ColdBoot{Honest: s.Nodes, PerHonest: s.Sybils, Seeds: 10, Lies: 8, Blocks: s.Blocks, DHT: s.DHT}.Run(t, s.Seed)
		r.add("sybils", float64(f.Sybils), "")
		r.want("the victim has the honest tip after", f.Synced.Seconds(), "s", 60)
		r.want("… and then what waited in mempools after", f.Waiting.Seconds(), "s", 60)
		r.add("honest peers in the end", float64(f.Honest), "")
		r.add("sybil peers in the end", float64(f.Lying), "")
		r.want("blocks that did not come within a minute", float64(f.Blocks.Of-f.Blocks.Got), "", 0)
		r.want("transactions that did not come within a minute", float64(f.Txs.Of-f.Txs.Got), "", 0)
		r.add("slowest block", f.BlockMax.Seconds(), "s")
	})
}

// flash is an attack on gossip.
func flash(t *testing.T, s *settings, r *report) {
	for _, polite := range []bool{true, false} {
		siege(t, r, func(t *testing.T) {
			f := attack.Flash{
				Honest: s.Nodes, PerHonest: s.Sybils, Links: 6, Groups: 6, Polite: polite,
				Behave: 5 * time.Minute, Recover: 10 * time.Minute, Rounds: s.Blocks,
			}.Run(t, s.Seed)
			how := "they answer questions: "
			if !polite {
				how = "they answer nothing: "
			}
			r.add(how+"sybils", float64(f.Sybils), "")
			r.spread(how+"before", f.Before)
			r.spread(how+"after", f.After)
			r.spread(how+"ten minutes later", f.Recovered)
		})
	}
}

// malleate is an attack by copies that come before what they copy.
func malleate(t *testing.T, s *settings, r *report) {
	siege(t, r, func(t *testing.T) {
		f := attack.Malleate{Honest: s.Nodes, Villains: s.Sybils, Variants: 3, Fill: 200, Rounds: s.Blocks}.Run(t, s.Seed)
		r.add("values raced", float64(f.Raced), "")
		r.spread("quiet", f.Quiet)
		r.spread("attacked", f.Attacked)
		r.want("honest peers punished", float64(f.HonestPunished), "", 0)
		r.add("bans of attackers, all nodes together", float64(f.VillainsBanned), "")
	})
}

// rewrite is an attack by a majority of the hash power.
func rewrite(t *testing.T, s *settings, r *report) {
	siege(t, r, func(t *testing.T) {
		f := attack.Rewrite{Honest: s.Nodes, Blocks: s.Blocks}.Run(t, s.Seed)
		r.add("blocks rewritten", float64(f.Depth), "")
		r.add("transactions in them", float64(f.Txs), "")
		r.want("all nodes follow the most work after", f.All.Seconds(), "s", 60)
		r.want("all transactions wait again after, more", f.Back.Seconds(), "s", 60)
		r.want("transactions lost, all nodes together", float64(f.Lost), "", 0)
	})
}

// leaveAmongSybils is leave, with attackers who stay.
func leaveAmongSybils(t *testing.T, s *settings, r *report) {
	siege(t, r, func(t *testing.T) {
		f := attack.Leave{Honest: s.Nodes, PerHonest: s.Sybils, Groups: 6}.Run(t, s.Seed)
		r.add("sybils", float64(f.Sybils), "")
		r.add("fewest honest peers before", float64(f.Before), "")
		r.add("fewest honest peers just after", float64(f.After), "")
		ok := f.Minute > 0
		r.Figures = append(r.Figures, figure{"fewest honest peers after 60 s", float64(f.Minute), "", "more than none", &ok})
		ok = f.Block >= 0
		r.Figures = append(r.Figures, figure{"a block then reaches all who stayed after", f.Block.Seconds(), "s", "at all", &ok})
	})
}

// spread notes how gossip fared; all is to arrive.
func (r *report) spread(when string, s attack.Spread) {
	r.want(when+": deliveries missed", float64(s.Blocks.Of-s.Blocks.Got+s.Txs.Of-s.Txs.Got), "", 0)
	r.add(when+": blocks, half of deliveries", s.BlockP50.Seconds(), "s")
	r.add(when+": blocks, 99 %", s.BlockP99.Seconds(), "s")
	r.add(when+": transactions, 99 %", s.TxP99.Seconds(), "s")
}
