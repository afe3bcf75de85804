package attack

import (
	"testing"
	"time"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/sim"
)

// Leave has half of all honest nodes vanish at the same moment, without a word,
// while all sybils stay, who pass nothing on and offer themselves to everybody.
type Leave struct {
	Honest, PerHonest int
	Groups            int // /16s of the sybils
}

// LeaveFound is what is left.
type LeaveFound struct {
	Sybils                int
	Before, After, Minute int           // the fewest honest peers of an honest node: before, just after, 60 s later
	Block                 time.Duration // until a block then mined was with all that stayed
}

// Run measures.
func (a Leave) Run(t testing.TB, seed uint64) (f LeaveFound) {
	var seeds []string
	s := sim.New(t, sim.Options{
		Nodes: 1, Seed: seed, Public: true, DHT: true,
		Gossip: func(_ int, c *gossip.Config) { c.Seeds = seeds },
	})
	seeds = append(seeds, s.Nodes[0].Addr())
	s.Grow(a.Honest - 1)
	var villains []*Villain
	for i, at := range crowded(a.Honest*a.PerHonest, a.Groups) {
		m := &Mirror{Of: s.Nodes[i%a.Honest]}
		villains = append(villains, NewVillain(t, s, at, sim.Mbit(100), Manners{Answers: m.Answers()}))
	}
	f.Sybils = len(villains)
	s.Await(time.Minute, s.Linked(2))
	surround(s, villains, 0)
	time.Sleep(2 * time.Minute)

	f.Before = fewest(s)
	var gone []*sim.Node
	for i := 1; i < a.Honest; i += 2 {
		gone = append(gone, s.Nodes[i])
	}
	s.Kill(gone...)
	at := time.Now()
	time.Sleep(time.Second)
	f.After = fewest(s)
	time.Sleep(time.Minute - time.Since(at))
	f.Minute = fewest(s)
	got := spreadOf(s.Running(), s.Nodes[0].Mine(), 2*time.Minute)
	if len(got) == len(s.Running()) {
		f.Block = got[len(got)-1]
	} else {
		f.Block = -1
	}
	return f
}

// fewest is the least number of honest running peers that an honest node has.
func fewest(s *sim.Swarm) int {
	running := map[string]bool{}
	for _, n := range s.Running() {
		running[n.Net.ID().String()] = true
	}
	least := len(s.Nodes)
	for _, n := range s.Running() {
		k := 0
		for _, p := range n.Net.Peers() {
			if running[p.ID.String()] {
				k++
			}
		}
		least = min(least, k)
	}
	return least
}
