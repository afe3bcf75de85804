package attack

import (
	"context"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/quernnet/quern/node/sim"
)

// number is a figure of a test, or what the environment says instead: tests run
// small, docs/network.md has what the whole came to.
func number(t *testing.T, env string, small int) int {
	t.Helper()
	s := os.Getenv(env)
	if s == "" {
		return small
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s: %v", env, err)
	}
	return n
}

// payments has one node make transactions, one after the other, and says how long
// the other waited for each.
func payments(s *sim.Swarm, from, to *sim.Node, count int) (d delays) {
	for range count {
		ts := s.Spend(1, 300)
		began := time.Now()
		from.Add(ts...)
		for {
			if _, here := to.Pool.Get(ts[0].ID()); here || time.Since(began) > time.Minute {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		d = append(d, time.Since(began))
		time.Sleep(200 * time.Millisecond)
	}
	return d
}

// Peers from many addresses dial and dial again, and open streams of every
// protocol without a word; half of them shake hands first. An honest peer's
// transactions take no longer than before. With QUERN_FLOOD_DIALS=10000 it is the figure of
// docs/network.md.
func TestConnectionFlood(t *testing.T) {
	dials := number(t, "QUERN_FLOOD_DIALS", 300)
	const addresses = 30
	synctest.Test(t, func(t *testing.T) {
		s := sim.New(t, sim.Options{Nodes: 2, Coins: 400, Public: true, Seed: 1})
		victim, honest := s.Nodes[0], s.Nodes[1]
		s.Connect(1)
		s.Await(time.Minute, s.Linked(1))
		s.Await(time.Minute, s.Synced())
		time.Sleep(3 * time.Second)
		calm := payments(s, honest, victim, 60)

		before := heap()
		var peak atomic.Uint64
		var met, opened atomic.Int64
		var list []string
		var wg sync.WaitGroup
		done := make(chan struct{})
		for i := range addresses {
			m := Manners{NoMesh: true}
			if i%2 == 0 {
				m.Answers = (&Mirror{Of: honest}).Answers()
			}
			v := NewVillain(t, s, net.IPv4(11, byte(1+i), 0, 1), sim.Mbit(20), m)
			if i == 0 {
				if err := v.Dial(victim); err != nil {
					t.Fatal(err)
				}
				list = protocols(t, v, victim)
			}
			wg.Go(func() {
				for range dials / addresses {
					if v.Dial(victim) == nil {
						met.Add(1)
						opened.Add(int64(v.crowd(victim, list)))
						_ = v.Network().ClosePeer(victim.Net.ID())
					}
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		go func() { wg.Wait(); close(done) }()
		var flood delays
		for flooding := true; flooding; {
			flood = append(flood, payments(s, honest, victim, 5)...)
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), now.HeapAlloc))
			select {
			case <-done:
				flooding = false
			default:
				flooding = len(flood) < 300
			}
		}
		<-done
		grown := float64(int64(peak.Load())-int64(before)) / (1 << 20)
		t.Logf("%d dials of %d addresses, %d connections, %d streams: heap %+.0f MiB at most, of %d attackers too; a transaction takes %v in calm, %v under it at the 99th percentile",
			dials/addresses*addresses, addresses, met.Load(), opened.Load(), grown, addresses, calm.at(.99), flood.at(.99))
		if !knows(victim, honest.Net.ID()) {
			t.Error("the honest peer was lost")
		}
		if calm, flood := calm.at(.99), flood.at(.99); flood > 2*calm+time.Second {
			t.Errorf("a transaction takes %v instead of %v", flood, calm)
		}
		if grown > 512 {
			t.Errorf("the heap grew by %.0f MiB", grown)
		}
	})
}

// crowd opens streams until no more are let in.
func (v *Villain) crowd(victim *sim.Node, list []string) (opened int) {
	for _, name := range list {
		for range 20 {
			ctx, cancel := context.WithTimeout(v.ctx, 2*time.Second)
			st, err := v.NewStream(network.WithNoDial(ctx, "it is connected or not"), victim.Net.ID(), protocol.ID(prefix+name))
			cancel()
			if err != nil {
				break
			}
			defer st.Reset()
			_, _ = st.Write([]byte{5}) // the stream is opened by its first byte
			opened++
		}
	}
	time.Sleep(time.Second)
	return opened
}

// While three nodes pour transactions into the swarm, a block takes at most twice
// as long as before to be everywhere.
func TestBlocksPassFloods(t *testing.T) {
	rounds := number(t, "QUERN_FLOOD_ROUNDS", 6)
	synctest.Test(t, func(t *testing.T) {
		const perTick = 20
		s := sim.New(t, sim.Options{Nodes: 12, Coins: rounds*10*3*perTick + 100, Seed: 2})
		s.Connect(4)
		s.Await(time.Minute, s.Linked(4))
		s.Await(time.Minute, s.Synced())
		time.Sleep(3 * time.Second)
		blocks := func() (d delays) {
			for i := range rounds {
				time.Sleep(time.Second)
				id := s.Nodes[3+i%9].Mine()
				d = append(d, s.Await(time.Minute, s.AtTip(id)))
			}
			return d
		}
		warm := s.Spend(100, 300)
		s.Nodes[0].Add(warm...)
		s.Await(time.Minute, s.Have(warm))
		calm := blocks()

		ctx, stop := context.WithCancel(t.Context())
		var poured int
		var wg sync.WaitGroup
		wg.Go(func() {
			for ctx.Err() == nil && poured+3*perTick <= rounds*10*3*perTick {
				for i := range 3 {
					s.Nodes[i].Add(s.Spend(perTick, 300)...)
				}
				poured += 3 * perTick
				time.Sleep(100 * time.Millisecond)
			}
		})
		flood := blocks()
		stop()
		wg.Wait()
		t.Logf("%d blocks: everywhere after %v in calm, %v while %d transactions pass, at the 99th percentile", rounds, calm.at(.99), flood.at(.99), poured)
		if flood.at(.99) > 2*calm.at(.99) {
			t.Error("that is more than twice as long")
		}
	})
}
