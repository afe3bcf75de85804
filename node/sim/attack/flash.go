package attack

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/node/sim"
)

// Flash has sybils around a whole swarm be the best of peers for a while: near to
// everybody, first with all that is new, in every mesh. Then all of them stop at
// once to pass anything on and to answer, but stay connected and keep their
// connections alive ("covert flash", Vyzovitis et al., GossipSub, 2020).
type Flash struct {
	Honest, PerHonest int
	Links             int           // honest nodes in a node's outbound slots
	Groups            int           // /16s that the sybils own: so many outbound slots they get of each node, one a group
	Polite            bool          // they go on to answer questions
	Behave            time.Duration // before they stop
	Recover           time.Duration // from then until the last probe
	Rounds            int           // of each probe
}

// FlashFound is how gossip fared.
type FlashFound struct {
	Sybils, Links            int // all connections of honest nodes with sybils, when they stop
	Before, After, Recovered Spread
}

// Run measures.
func (a Flash) Run(t testing.TB, seed uint64) (f FlashFound) {
	s := sim.New(t, sim.Options{
		Nodes: a.Honest, Seed: seed, Coins: 8 * a.Rounds, Public: true, Latency: near(50*time.Millisecond, 10*time.Millisecond),
	})
	var stopped atomic.Bool
	var mirrors []*Mirror
	var villains []*Villain
	for i, at := range crowded(a.Honest*a.PerHonest, a.Groups) {
		m := &Mirror{Of: s.Nodes[i%a.Honest]}
		mirrors = append(mirrors, m)
		villains = append(villains, NewVillain(t, s, at, sim.Mbit(100), Manners{
			Answers: m.Answers(),
			Heard:   func(string, peer.ID, []byte) bool { return !stopped.Load() },
		}))
	}
	s.Connect(a.Links)
	surround(s, villains, a.Groups)
	s.Await(time.Minute, s.Synced())
	time.Sleep(15 * time.Second)

	began := time.Now()
	for time.Since(began) < a.Behave {
		f.Before = probe(s, a.Rounds, 0, 30*time.Second)
	}
	for _, n := range s.Nodes {
		_, lying := faces(s, n)
		f.Links += lying
	}
	f.Sybils = len(villains)
	stopped.Store(true)
	for _, m := range mirrors {
		m.Silent.Store(!a.Polite)
	}
	at := time.Now()
	f.After = probe(s, a.Rounds, 0, 2*time.Minute)
	if wait := a.Recover - time.Since(at); wait > 0 {
		time.Sleep(wait)
	}
	f.Recovered = probe(s, a.Rounds, 0, 2*time.Minute)
	return f
}

// surround has each villain dial each node, and each node dial some of them as it
// would had it found them in a book full of lies.
func surround(s *sim.Swarm, villains []*Villain, dialed int) {
	var wg sync.WaitGroup
	for i, n := range s.Running() {
		wg.Go(func() {
			for k := range min(dialed, len(villains)) {
				_ = connect(n, villains[(i*dialed+k)%len(villains)]) // it may be connected already
			}
		})
		for _, v := range villains {
			wg.Go(func() { _ = v.Dial(n) }) // it may have no room for all of them
		}
	}
	wg.Wait()
}
