package peering_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/peering"
	"github.com/quernnet/quern/node/sim"
)

// spies note who first brought each transaction to any of them.
type spies struct {
	mu    sync.Mutex
	first map[wire.Hash]string // peer id
}

func (s *spies) note(t *wire.Tx, from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.first[t.ID()]; !known {
		s.first[t.ID()] = from
	}
}

// spyPool is a spy's mempool, as peering sees it.
type spyPool struct {
	peering.Pool
	s *spies
}

func (p spyPool) Add(t *wire.Tx, from string) (mempool.Result, error) {
	p.s.note(t, from)
	return p.Pool.Add(t, from)
}

func (p spyPool) AddStem(t *wire.Tx, from string) (mempool.Result, error) {
	p.s.note(t, from)
	return p.Pool.AddStem(t, from)
}

// spied runs a swarm of 30 nodes, 6 of them spies, in which every honest node
// makes a transaction, and returns the share of those whose maker was the peer that first
// brought it to a spy.
func spied(t *testing.T, stem bool) (precision float64) {
	t.Helper()
	const nodes, cunning = 30, 6
	synctest.Test(t, func(t *testing.T) {
		eyes := &spies{first: map[wire.Hash]string{}}
		s := sim.New(t, sim.Options{
			Nodes: nodes, Coins: nodes, Stem: stem, Seed: 7,
			Peering: func(i int, c *peering.Config) {
				if i < cunning {
					c.Pool = spyPool{c.Pool, eyes}
				}
			},
		})
		s.Connect(6)
		s.Await(time.Minute, s.Linked(6))
		s.Await(time.Minute, s.Synced())
		time.Sleep(5 * time.Second)
		maker := map[wire.Hash]string{}
		var all []*wire.Tx
		began := time.Now()
		for _, n := range s.Nodes[cunning:] { // more of one maker's would go the same way
			tx := s.Spend(1, 300)[0]
			maker[tx.ID()] = n.Net.ID().String()
			all = append(all, tx)
			n.Add(tx)
			time.Sleep(500 * time.Millisecond)
		}
		s.Await(2*time.Minute, s.Have(all))
		s.Await(2*time.Minute, public(all))
		took := time.Since(began)
		hit := 0
		for id, who := range maker {
			if eyes.first[id] == who {
				hit++
			}
		}
		precision = float64(hit) / float64(len(maker))
		var sum peering.RelayStats
		for _, n := range s.Nodes {
			st := n.Peering.RelayStats()
			sum.Stemmed += st.Stemmed
			sum.Carried += st.Carried
			sum.Fluffed += st.Fluffed
			sum.Embargoed += st.Embargoed
		}
		t.Logf("stem %v: %d of %d makers found, everybody has all %v after the first: %+v", stem, hit, len(maker), took, sum)
		if stem && sum.Stemmed != int64(len(all)) {
			t.Errorf("%d transactions began on a stem, want %d", sum.Stemmed, len(all))
		}
	})
	return precision
}

// public wants no node to keep one of ts private.
func public(ts []*wire.Tx) sim.Condition {
	return func(s *sim.Swarm) error {
		for _, n := range s.Running() {
			for _, tx := range ts {
				if n.Pool.IsPrivate(tx.ID()) {
					return fmt.Errorf("node %d keeps %v private", n.I, tx.ID())
				}
			}
		}
		return nil
	}
}

// With a fifth of the nodes watching, the peer that first brings a transaction
// to one of them is its maker much more seldom with the stem than without. All
// arrive, either way. Whose first hop is a spy is chance: one swarm in a hundred
// has twice as many of those as there should be, so that more than one may be looked at.
func TestStemHidesTheMaker(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: swarms of 30 nodes, which for the race detector are much of the same")
	}
	without, sum := spied(t, false), 0.0
	for swarms := 1.0; swarms <= 4; swarms++ {
		sum += spied(t, true)
		t.Logf("first-spy precision: %.2f without the stem, %.2f with it", without, sum/swarms)
		if sum/swarms <= without/2 {
			return
		}
	}
	t.Error("the stem hides little")
}

// sink is the mempool of a node that says it takes stems on, and drops them.
type sink struct{ peering.Pool }

func (sink) AddStem(*wire.Tx, string) (mempool.Result, error) { return mempool.Result{}, nil }

// All peers of a node drop what they are given on a stem: its transactions are
// late, and arrive. While they wait nobody else sees them; the child of one goes the same way.
func TestBlackHoleOnlyDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sim.New(t, sim.Options{
			Nodes: 8, Coins: 2, Stem: true,
			Peering: func(i int, c *peering.Config) {
				if i > 0 {
					c.Pool = sink{c.Pool}
				}
			},
		})
		s.Connect(4)
		s.Await(time.Minute, s.Linked(4))
		s.Await(time.Minute, s.Synced())
		time.Sleep(5 * time.Second)
		own := s.Nodes[0]
		parent := s.Spend(1, 300)[0]
		own.Add(parent)
		child := sim.Pay(parent.Outpoint(0), parent.Outs[0].Value, 2000, 300, 1)
		own.Add(child)
		time.Sleep(8 * time.Second) // less than any embargo, and time for many gossip rounds
		for _, n := range s.Nodes[1:] {
			if _, has := n.Pool.Get(parent.ID()); has {
				t.Fatalf("node %d has the transaction before the embargo", n.I)
			}
		}
		if !own.Pool.IsPrivate(parent.ID()) || len(own.Pool.Public()) != 0 {
			t.Error("the transaction is not private at its maker's")
		}
		took := s.Await(time.Minute, s.Have([]*wire.Tx{parent, child}))
		t.Logf("everywhere %v later", took)
		if st := own.Peering.RelayStats(); st.Stemmed != 2 || st.Embargoed == 0 {
			t.Errorf("%+v", st)
		}
		s.Await(time.Minute, public([]*wire.Tx{parent, child}))
	})
}

// A node that dialed nobody has no stem, and gossips its transactions at once.
func TestNoStemWithoutOutboundPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sim.New(t, sim.Options{Nodes: 3, Coins: 1, Stem: true})
		s.Link(s.Nodes[1], s.Nodes[0])
		s.Link(s.Nodes[2], s.Nodes[0])
		s.Await(time.Minute, s.Linked(1))
		s.Await(time.Minute, s.Synced())
		time.Sleep(5 * time.Second)
		tx := s.Spend(1, 300)[0]
		s.Nodes[0].Add(tx)
		s.Await(2*time.Second, s.Have([]*wire.Tx{tx}))
		if st := s.Nodes[0].Peering.RelayStats(); st.Embargoed != 0 {
			t.Errorf("%+v", st)
		}
	})
}
