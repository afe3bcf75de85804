package attack

import (
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/sim"
)

// ColdBoot surrounds one node that starts with nothing: of the addresses that it
// is given Lies in ten are sybils', and all sybils, PerHonest for each honest
// node, dial it besides. One half of them tells of the right chain and gives no
// body, the other of the chain as it was long ago; none passes gossip on.
type ColdBoot struct {
	Honest, PerHonest int
	Seeds             int // addresses that the victim is given
	Lies              int // of ten
	Blocks            int // mined while the victim looks on
	DHT               bool
}

// ColdBootFound is what became of the victim.
type ColdBootFound struct {
	Sybils                    int
	Synced                    time.Duration // until it had the honest tip
	Waiting                   time.Duration // from then until it had what waited in the honest mempools before it came
	Honest, Lying             int           // its peers in the end
	Blocks, Txs               Share         // that it had within a minute
	BlockP50, BlockMax, TxMax time.Duration
}

// Run measures.
func (a ColdBoot) Run(t testing.TB, seed uint64) (f ColdBootFound) {
	var seeds []string
	s := sim.New(t, sim.Options{
		Nodes: a.Honest, Seed: seed, Coins: a.Blocks + 5, Public: true, DHT: a.DHT,
		Gossip: func(i int, c *gossip.Config) {
			if i == a.Honest {
				c.Seeds = seeds
			}
		},
	})
	s.Connect(min(5, a.Honest-1))
	s.Await(time.Minute, s.Linked(min(5, a.Honest-1)))
	s.Await(time.Minute, s.Synced())
	stale := s.Nodes[0].Chain.Tip()
	s.Await(time.Minute, s.AtTip(s.Nodes[0].Mine()))

	waiting := s.Spend(5, 400)
	s.Nodes[0].Add(waiting...)
	s.Await(time.Minute, s.Have(waiting))

	villains := a.villains(t, s, stale)
	f.Sybils = len(villains)
	for i := range a.Seeds {
		if i%10 < a.Lies {
			seeds = append(seeds, villains[i].Addr())
		} else {
			seeds = append(seeds, s.Nodes[i%a.Honest].Addr())
		}
	}
	began := time.Now()
	victim := s.GrowFresh(1)[0]
	for _, v := range villains {
		go func() { _ = v.Dial(victim) }() // it may have no room for all of them
	}
	f.Synced = s.Await(10*time.Minute, func(s *sim.Swarm) error {
		if tip, want := victim.Chain.Tip(), s.Nodes[0].Chain.Tip(); tip.ID != want.ID {
			return fmt.Errorf("the victim is at %d of %d, %d peers", tip.Height, want.Height, len(victim.Net.Peers()))
		}
		return nil
	})
	f.Waiting = s.Await(10*time.Minute, s.Have(waiting))
	if wait := time.Minute - time.Since(began); wait > 0 {
		time.Sleep(wait)
	}
	a.feed(s, victim, &f)
	f.Honest, f.Lying = faces(s, victim)
	return f
}

// villains stand ready.
func (a ColdBoot) villains(t testing.TB, s *sim.Swarm, stale tip) []*Villain {
	t.Helper()
	k := a.Honest * a.PerHonest
	list := make([]*Villain, k)
	for i, at := range crowded(k, max(1, k/8)) {
		m := Mirror{Of: s.Nodes[0]}
		answers := m.Answers()
		answers["blocks/1"], answers["blocktxn/1"], answers["mempool/1"] = silent, silent, silent
		if i%2 == 1 {
			nonce := uint64(i)<<32 + 7
			answers["hello/1"] = func(peer.ID, []byte) ([]byte, bool) { return hello(stale.Params, stale, nonce), true }
			answers["headers/1"] = func(peer.ID, []byte) ([]byte, bool) { return headers(stale, nil), true }
		}
		list[i] = NewVillain(t, s, at, sim.Mbit(100), Manners{Answers: answers})
	}
	return list
}

// feed has the swarm mine and pay, and watches the victim.
func (a ColdBoot) feed(s *sim.Swarm, victim *sim.Node, f *ColdBootFound) {
	var blocks, txs delays
	for i := range a.Blocks {
		from := s.Nodes[i%a.Honest]
		ts := s.Spend(1, 400)
		from.Add(ts...)
		f.Txs.Of++
		if d, ok := within(time.Minute, func() bool { _, ok := victim.Pool.Get(ts[0].ID()); return ok }); ok {
			txs = append(txs, d)
		}
		time.Sleep(5 * time.Second)
		id := from.Mine()
		f.Blocks.Of++
		if d, ok := within(time.Minute, func() bool { _, ok := victim.Seen(id); return ok }); ok {
			blocks = append(blocks, d)
		}
		time.Sleep(10 * time.Second)
	}
	f.Blocks.Got, f.Txs.Got = len(blocks), len(txs)
	f.BlockP50, f.BlockMax, f.TxMax = blocks.at(.5), blocks.at(1), txs.at(1)
}
