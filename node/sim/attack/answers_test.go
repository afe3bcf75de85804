package attack

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/quernnet/quern/node/sim"
)

// liar shakes hands like an honest peer, and answers all else in one manner.
type liar struct {
	*Villain
	busy  sync.WaitGroup // answers that are being given
	mu    sync.Mutex
	asked map[string]int // by protocol
}

func newLiar(t *testing.T, s *sim.Swarm, i int, victim, honest *sim.Node, m manner) *liar {
	t.Helper()
	shake := (&Mirror{Of: honest}).Answers()["hello/1"]
	l := &liar{asked: map[string]int{}}
	l.Villain = NewVillain(t, s, at(i), sim.Mbit(20), Manners{Answers: map[string]Answer{"hello/1": shake}, NoMesh: true})
	l.At.OnClose(l.busy.Wait)
	scout := NewVillain(t, s, at(100+i), sim.Mbit(20), Manners{NoMesh: true})
	if err := scout.Dial(victim); err != nil {
		t.Fatal(err)
	}
	for _, name := range protocols(t, scout, victim) {
		if strings.HasPrefix(name, "hello/") {
			continue
		}
		l.SetStreamHandler(protocol.ID(prefix+name), func(st network.Stream) {
			l.busy.Add(1)
			defer l.busy.Done()
			if _, err := readFrame(st); err != nil {
				return
			}
			l.mu.Lock()
			l.asked[name]++
			l.mu.Unlock()
			m.say(st)
		})
	}
	if err := l.Dial(victim); err != nil {
		t.Fatal(err)
	}
	if _, ok := within(10*time.Second, func() bool { return knows(victim, l.ID()) }); !ok {
		t.Fatal("the liar is no peer")
	}
	return l
}

// guilt is what a node holds against a peer: points, 100 for a ban.
func guilt(n *sim.Node, p peer.ID) int {
	if _, banned := n.Net.Bans()[p.String()]; banned {
		return 100
	}
	for _, i := range n.Net.Peers() {
		if i.ID == p {
			return i.Score
		}
	}
	return 0
}

// TestEveryAnswer has three peers misuse whatever a node asks of them, in every
// way, while it has a hundred blocks to fetch, which a fourth has, who came last.
func TestEveryAnswer(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{1})
	for _, m := range manners(rng) {
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sim.New(t, sim.Options{Nodes: 2, Coins: 10, Seed: 1})
				victim, honest := s.Nodes[0], s.Nodes[1]
				tip := honest.Mine()
				for range 99 {
					tip = honest.Mine()
				}
				before := heap()
				var liars []*liar
				for i := range 3 {
					liars = append(liars, newLiar(t, s, i, victim, honest, m))
				}
				s.Link(victim, honest)
				took := s.Await(5*time.Minute, s.AtTip(tip))
				grown := int64(heap()) - int64(before)
				asked := map[string]int{}
				for _, l := range liars {
					l.mu.Lock()
					for name, n := range l.asked {
						asked[name] += n
					}
					l.mu.Unlock()
					if points := guilt(victim, l.ID()); points > 0 && !m.banned {
						t.Errorf("%d points for what may be an accident", points)
					}
				}
				t.Logf("100 blocks after %v; asked: %v; heap %+.1f MiB", took, asked, float64(grown)/(1<<20))
				if asked["headers/1"] == 0 || m.banned && !slices.ContainsFunc(liars, func(l *liar) bool { return guilt(victim, l.ID()) > 0 }) {
					t.Errorf("asked of %v, and nobody is to blame", slices.Sorted(maps.Keys(asked)))
				}
				if took > 3*time.Minute {
					t.Errorf("100 blocks came after %v", took)
				}
				if grown > 48<<20 {
					t.Errorf("the heap grew by %d bytes", grown)
				}
				id := honest.Mine()
				if took := s.Await(10*time.Second, s.AtTip(id)); took > 2*time.Second {
					t.Errorf("the honest peer's next block took %v", took)
				}
			})
		})
	}
}
