package swarm

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// world is what a dialer of the tests dials into.
type world struct {
	t *testing.T
	*Dialer

	mu     sync.Mutex
	slots  map[peer.ID]Slot
	under  map[peer.ID]bool
	dead   []peer.ID // they do not answer
	dials  map[peer.ID]int
	felt   []peer.ID
	parted []peer.ID
	most   int
}

// newWorld runs a dialer for target slots until the test's end. Its peers answer
// after half a second and then hold their slot.
func newWorld(t *testing.T, b *Book, target int, dead ...peer.ID) *world {
	t.Helper()
	w := &world{t: t, slots: map[peer.ID]Slot{}, under: map[peer.ID]bool{}, dead: dead, dials: map[peer.ID]int{}}
	gate := NewGate(true, func(peer.ID, multiaddr.Multiaddr) bool { return false }, func(peer.ID) bool { return true })
	w.Dialer = NewDialer(Dialer{
		Book: b, Gate: gate, Target: target, Log: slog.New(slog.DiscardHandler),
		Slots: w.list, Working: func() bool { return true }, Dial: w.dialOne, Part: w.part,
		Skip: func() func(peer.ID) bool {
			up := map[peer.ID]bool{}
			for _, s := range w.list() {
				up[s.Peer] = true
			}
			return func(p peer.ID) bool { return up[p] }
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return w
}

func (w *world) list() []Slot {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Slot
	for _, s := range w.slots {
		list = append(list, s)
	}
	return list
}

func (w *world) dialOne(_ context.Context, info peer.AddrInfo, why Purpose) error {
	w.mu.Lock()
	if w.under[info.ID] {
		w.t.Errorf("two dials to %v", info.ID)
	}
	w.under[info.ID] = true
	w.dials[info.ID]++
	w.most = max(w.most, len(w.under))
	w.mu.Unlock()
	time.Sleep(500 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.under, info.ID)
	if slices.Contains(w.dead, info.ID) {
		return errors.New("dead")
	}
	w.Book.Reached(info, info.Addrs[0])
	if why == ForFeeler {
		w.felt = append(w.felt, info.ID)
		return nil
	}
	w.slots[info.ID] = Slot{Peer: info.ID, Group: w.Book.grouping.Of(info.ID, info.Addrs[0]), Since: time.Now(), Kept: w.Book.Kept(info.ID)}
	return nil
}

func (w *world) part(p peer.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.slots, p)
	w.parted = append(w.parted, p)
}

// Never two dials to one peer, never more than maxDials, the target is met and
// not overshot, kept peers are tried for ever, nothing through a shut gate.
func TestDialer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBook("self", Grouping{}, time.Now)
		dead := someone(t, 0)
		b.Keep(dead, FromConfig)
		for i := range 40 {
			b.Found(someone(t, i+1), FromDHT, group(i))
		}
		w := newWorld(t, b, 12, dead.ID)
		time.Sleep(time.Minute)
		synctest.Wait()
		w.mu.Lock()
		if len(w.slots) != 12 || w.most > maxDials || len(w.parted) != 0 {
			t.Errorf("%d slots, at most %d dials at a time, %d sent away", len(w.slots), w.most, len(w.parted))
		}
		tries := w.dials[dead.ID]
		clear(w.slots)
		w.mu.Unlock()

		w.Gate.SetOpen(false)
		time.Sleep(10 * time.Minute)
		w.mu.Lock()
		if len(w.slots) != 0 || w.dials[dead.ID] > tries+1 {
			t.Errorf("dialed through a shut gate")
		}
		w.mu.Unlock()
		w.Gate.SetOpen(true)
		time.Sleep(10 * time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.slots) != 12 || w.dials[dead.ID] < tries+8 {
			t.Errorf("%d slots, the dead one tried %d times more", len(w.slots), w.dials[dead.ID]-tries)
		}
	})
}

// While all slots are taken, a feeler tests one new address every two minutes or
// so, at random times, and parts. None goes out while slots are free.
func TestFeelers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBook("self", Grouping{}, time.Now)
		for i := range 4 {
			b.Found(someone(t, i), FromDHT, group(i))
		}
		w := newWorld(t, b, 5)
		time.Sleep(20 * time.Minute)
		w.mu.Lock()
		if len(w.felt) != 0 || len(w.slots) != 4 {
			t.Errorf("%d feelers with %d of 5 slots taken", len(w.felt), len(w.slots))
		}
		w.mu.Unlock()
		for i := range 60 {
			b.Found(someone(t, 10+i), FromDHT, group(i))
		}
		began := time.Now()
		time.Sleep(time.Hour)
		w.mu.Lock()
		defer w.mu.Unlock()
		if n := len(w.felt); n < 20 || n > 60 || len(w.slots) != 5 {
			t.Errorf("%d feelers in %v, %d slots", n, time.Since(began), len(w.slots))
		}
		for _, p := range w.felt {
			if !b.entries[p].tried {
				t.Error("what a feeler reached is not noted as tried")
			}
		}
	})
}

// A slot for each group while there are groups; where there is nobody else, all
// the same; and the second of a group leaves when another group comes.
func TestSlotsByGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBook("self", Grouping{}, time.Now)
		for j := range 20 { // a swarm in one data centre
			x := someone(t, 1)
			x.Addrs[0] = at(1, 10+j)
			b.Found(x, FromDHT, group(1))
		}
		w := newWorld(t, b, 6)
		time.Sleep(30 * time.Second)
		w.mu.Lock()
		if len(w.slots) != 6 {
			t.Errorf("%d slots where all are in one network", len(w.slots))
		}
		w.mu.Unlock()
		for i := range 4 {
			b.Found(someone(t, 2+i), FromDHT, group(1))
		}
		time.Sleep(time.Minute)
		if got := Groups(w.list()); got != 5 {
			t.Errorf("%d groups in the slots after four others came", got)
		}
		for i := range 4 {
			b.Found(someone(t, 20+i), FromDHT, group(1))
		}
		time.Sleep(time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.slots) != 6 || len(w.parted) != 5 {
			t.Errorf("%d slots, %d sent away", len(w.slots), len(w.parted))
		}
	})
}

// Dead addresses of many groups do not keep a node from the living of one.
func TestDeadGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBook("self", Grouping{}, time.Now)
		var dead []peer.ID
		for i := range perTeller {
			x := someone(t, 100+i)
			dead = append(dead, x.ID)
			b.Found(x, FromDHT, "liar")
		}
		for j := range 4 {
			x := someone(t, 1)
			x.Addrs[0] = at(1, 10+j)
			b.Found(x, FromDHT, group(1))
		}
		w := newWorld(t, b, 12, dead...)
		time.Sleep(15 * time.Second)
		if n := len(w.list()); n < fewSlots {
			t.Errorf("%d slots after 15 s", n)
		}
		time.Sleep(20 * time.Minute)
		if n := len(w.list()); n != 4 {
			t.Errorf("%d slots after 20 min", n)
		}
	})
}

func TestSurplus(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	slot := func(name, group string, age int) Slot {
		return Slot{Peer: peer.ID(name), Group: Group(group), Since: now.Add(-time.Duration(age) * time.Minute)}
	}
	kept := func(s Slot) Slot { s.Kept = true; return s }
	fresh := func(s Slot) Slot { s.New = true; return s }
	for _, c := range []struct {
		name   string
		slots  []Slot
		target int
		want   string
	}{
		{"none too many", []Slot{slot("a", "1", 1), slot("b", "1", 2)}, 2, ""},
		{"the younger of a group", []Slot{slot("a", "1", 9), slot("b", "2", 1), slot("c", "1", 5)}, 2, "c"},
		{"the youngest of all", []Slot{slot("a", "1", 9), slot("b", "2", 1), slot("c", "3", 5)}, 2, "b"},
		{"two", []Slot{slot("a", "1", 9), slot("b", "1", 1), slot("c", "1", 5), slot("d", "2", 1)}, 2, "bc"},
		{"kept ones stay", []Slot{kept(slot("a", "1", 1)), slot("b", "1", 9), kept(slot("c", "1", 1))}, 2, "b"},
		{"only kept", []Slot{kept(slot("a", "1", 1)), kept(slot("b", "1", 9))}, 1, ""},
		{"nobody leaves for one that has not passed", []Slot{slot("a", "1", 9), slot("b", "1", 8), fresh(slot("c", "2", 0))}, 2, ""},
	} {
		got := ""
		for _, p := range Surplus(c.slots, c.target) {
			got += string(p)
		}
		if got != c.want {
			t.Errorf("%s: %q leave, want %q", c.name, got, c.want)
		}
	}
}
