package attack

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/sim"
)

// manner is how a peer misuses a stream.
type manner struct {
	name string
	// say writes to the stream, until it is refused or has said all.
	say    func(s network.Stream)
	banned bool          // it cannot be an accident
	within time.Duration // then the stream's place is free
}

// manners are all those that a protocol has to bear.
func manners(rng *rand.ChaCha8) []manner {
	garbage := make([]byte, 2000)
	_, _ = rng.Read(garbage) // it never fails
	const soon = 12 * time.Second
	return []manner{
		{name: "silent", say: func(network.Stream) {}, within: soon},
		{name: "slow", say: func(s network.Stream) { drip(s, frame(garbage[:64])) }, within: soon},
		{name: "truncated", say: func(s network.Stream) {
			_, _ = s.Write(frame(garbage[:200])[:40])
			_ = s.CloseWrite()
		}, within: soon},
		{name: "garbage", say: func(s network.Stream) {
			_, _ = s.Write(frame(append([]byte{0xff, 0xff, 0xff, 0xff}, garbage[:60]...)))
			_ = s.CloseWrite()
		}, banned: true, within: soon},
		{name: "oversized", say: func(s network.Stream) {
			_, _ = s.Write(append(binary.AppendUvarint(nil, 64<<20), garbage...))
		}, banned: true, within: soon},
		{name: "no frame", say: func(s network.Stream) {
			_, _ = s.Write([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		}, banned: true, within: soon},
	}
}

// protocols are all that a node serves under the swarm's name, as it tells
// everybody who connects: a new one is among them by itself.
func protocols(t *testing.T, v *Villain, n *sim.Node) (list []string) {
	t.Helper()
	all, err := v.Peerstore().GetProtocols(n.Net.ID())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range all {
		if name, ours := strings.CutPrefix(string(id), prefix); ours && !strings.HasPrefix(name, "kad") {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	if len(list) < 6 {
		t.Fatalf("the node serves %v: some are missing", list)
	}
	return list
}

func at(i int) net.IP { return net.IPv4(11, byte(1+i), 0, 1) }

// TestEveryProtocol has a peer for each protocol that a node serves misuse it in
// every way, on 40 streams at a time, while an honest peer is served.
func TestEveryProtocol(t *testing.T) {
	var rng = rand.NewChaCha8([32]byte{1})
	for _, m := range manners(rng) {
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sim.New(t, sim.Options{Nodes: 2, Coins: 10, Seed: 1})
				victim, honest := s.Nodes[0], s.Nodes[1]
				s.Connect(1)
				s.Await(time.Minute, s.Linked(1))
				s.Await(time.Minute, s.Synced())
				scout := NewVillain(t, s, at(0), sim.Mbit(20), Manners{Answers: (&Mirror{Of: honest}).Answers(), NoMesh: true})
				if err := scout.Dial(victim); err != nil {
					t.Fatal(err)
				}
				list := protocols(t, scout, victim)
				before := heap()
				var peak uint64
				var longest time.Duration
				for i, name := range list {
					v := NewVillain(t, s, at(1+i), sim.Mbit(20), Manners{Answers: (&Mirror{Of: honest}).Answers(), NoMesh: true})
					freed := misuse(t, v, victim, name, m)
					peak, longest = max(peak, heap()), max(longest, freed)
					if freed > m.within {
						t.Errorf("%s: the last stream's place was free after %v", name, freed)
					}
					_, banned := victim.Net.Bans()[v.ID().String()]
					if banned != m.banned {
						t.Errorf("%s: banned %v, want %v (%s)", name, banned, m.banned, victim.Net.BanReason(v.ID().String()))
					}
					for _, p := range victim.Net.Peers() {
						if p.ID == v.ID() && p.Score != 0 && !m.banned {
							t.Errorf("%s: %d points for what may be an accident", name, p.Score)
						}
					}
					id := honest.Mine()
					if took := s.Await(10*time.Second, s.AtTip(id)); took > 2*time.Second {
						t.Errorf("%s: the honest peer's block took %v", name, took)
					}
				}
				grown := int64(peak) - int64(before)
				t.Logf("%d protocols (%s): places free after %v, heap %+.1f MiB", len(list), strings.Join(list, " "), longest, float64(grown)/(1<<20))
				if grown > 48<<20 {
					t.Errorf("the heap grew by %d bytes", grown)
				}
			})
		})
	}
}

// misuse opens 40 streams of a protocol and says when the last was ended by the
// other side.
func misuse(t *testing.T, v *Villain, victim *sim.Node, name string, m manner) time.Duration {
	t.Helper()
	if err := v.Dial(victim); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(name, "hello/") {
		if _, ok := within(10*time.Second, func() bool { return knows(victim, v.ID()) }); !ok {
			t.Fatal("the villain is no peer")
		}
	}
	began := time.Now()
	var mu sync.Mutex
	var last time.Duration
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			st, err := v.NewStream(network.WithNoDial(ctx, "it is connected or banned"), victim.Net.ID(), protocol.ID(prefix+name))
			if err != nil {
				return
			}
			defer st.Reset()
			_ = st.SetReadDeadline(time.Now().Add(10 * time.Minute))
			wg.Go(func() { m.say(st) })
			_, _ = io.Copy(io.Discard, st)
			mu.Lock()
			last = max(last, time.Since(began))
			mu.Unlock()
		})
	}
	wg.Wait()
	return last
}

func knows(n *sim.Node, p peer.ID) bool {
	return slices.ContainsFunc(n.Net.Peers(), func(i gossip.Info) bool { return i.ID == p })
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestEveryTopic has peers send what no value is on each topic, and misuse the
// stream below it.
func TestEveryTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sim.New(t, sim.Options{Nodes: 2, Coins: 10, Seed: 1})
		victim, honest := s.Nodes[0], s.Nodes[1]
		s.Connect(1)
		s.Await(time.Minute, s.Linked(1))
		s.Await(time.Minute, s.Synced())
		place := 0
		next := func(m Manners) *Villain {
			place++
			m.Answers = (&Mirror{Of: honest}).Answers()
			v := NewVillain(t, s, at(place), sim.Mbit(20), m)
			if err := v.Dial(victim); err != nil {
				t.Fatal(err)
			}
			if _, ok := within(10*time.Second, func() bool { return knows(victim, v.ID()) }); !ok {
				t.Fatal("the villain is no peer")
			}
			return v
		}
		score := func(v *Villain) (points int, score float64) {
			for _, p := range victim.Net.Peers() {
				if p.ID == v.ID() {
					return p.Score, p.Gossip
				}
			}
			return 100, -1e6 // parted from
		}
		// Two values that cannot be, and nothing that the peer gossips is heard any more,
		// so that it comes no further on the way to a ban.
		check := func(name string, v *Villain, unheard bool) {
			t.Helper()
			within(30*time.Second, func() bool { _, gossip := score(v); return gossip < -2500 || !unheard })
			points, gossip := score(v)
			if (gossip < -2500) != unheard || !unheard && points != 0 {
				t.Errorf("%s: %d points and a score of %.0f; is it to be heard? %v", name, points, gossip, !unheard)
			}
			id := honest.Mine()
			if took := s.Await(10*time.Second, s.AtTip(id)); took > 2*time.Second {
				t.Errorf("%s: the honest peer's block took %v", name, took)
			}
		}
		topics := subscriptions(t, s, victim, honest)
		if len(topics) < 2 {
			t.Fatalf("the node listens to %v: some are missing", topics)
		}
		before := heap()
		for _, topic := range topics {
			for name, value := range map[string]func(i int) []byte{
				"garbage":   func(i int) []byte { return []byte(fmt.Sprintf("garbage %d", i)) },
				"empty":     func(i int) []byte { return make([]byte, i) },
				"oversized": func(i int) []byte { return append(make([]byte, 1_000_000), byte(i)) },
			} {
				v := next(Manners{})
				if v.topics[topic] == nil {
					if err := v.join(topic, nil); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(3 * time.Second) // for the mesh
				for i := range 8 {
					v.Publish(topic, value(i))
					time.Sleep(100 * time.Millisecond)
				}
				check(topic+" "+name, v, true)
			}
		}
		for name, say := range map[string]func(network.Stream){
			"silent":    func(network.Stream) {},
			"slow":      func(st network.Stream) { drip(st, frame(make([]byte, 30))) },
			"garbage":   func(st network.Stream) { _, _ = st.Write(frame([]byte("no protobuf at all \xff\xff"))) },
			"oversized": func(st network.Stream) { _, _ = st.Write(binary.AppendUvarint(nil, 1<<30)) },
			"truncated": func(st network.Stream) { _, _ = st.Write(frame(make([]byte, 1000))[:20]); _ = st.Close() },
		} {
			v := next(Manners{NoMesh: true})
			for range 20 {
				st, err := v.NewStream(t.Context(), victim.Net.ID(), "/meshsub/1.2.0")
				if err != nil {
					break // one is enough for a node; it refuses more
				}
				v.At.OnClose(func() { _ = st.Reset() })
				say(st)
			}
			check("stream "+name, v, false)
		}
		t.Logf("%d topics: heap %+.1f MiB", len(topics), float64(int64(heap())-int64(before))/(1<<20))
	})
}

func drip(s network.Stream, raw []byte) {
	for i := range raw {
		if _, err := s.Write(raw[i : i+1]); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// listener notes what topics others say they listen to.
type listener struct {
	heard chan []string
}

func (l listener) CanSubscribe(string) bool { return true }

func (l listener) FilterIncomingSubscriptions(_ peer.ID, subs []*pb.RPC_SubOpts) ([]*pb.RPC_SubOpts, error) {
	var names []string
	for _, sub := range subs {
		names = append(names, sub.GetTopicid())
	}
	select {
	case l.heard <- names:
	default:
	}
	return subs, nil
}

// subscriptions are all topics that a node listens to, as it tells everybody
// who speaks GossipSub: a new one is among them by itself.
func subscriptions(t *testing.T, s *sim.Swarm, n, honest *sim.Node) (list []string) {
	t.Helper()
	l := listener{make(chan []string, 1)}
	v := NewVillain(t, s, at(200), sim.Mbit(20), Manners{
		Answers: (&Mirror{Of: honest}).Answers(), Gossip: []pubsub.Option{pubsub.WithSubscriptionFilter(l)},
	})
	if err := v.Dial(n); err != nil {
		t.Fatal(err)
	}
	select {
	case list = <-l.heard:
	case <-time.After(30 * time.Second):
		t.Fatal("the node tells of no topics")
	}
	slices.Sort(list)
	return list
}
