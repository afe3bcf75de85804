package swarm

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"
)

var noon = time.Unix(1_700_000_000, 0)

// guests makes n guests of groups of their own, connected a minute apart, the
// first the longest.
func guests(n int) []Guest {
	var list []Guest
	for i := range n {
		list = append(list, Guest{
			Peer: peer.ID(fmt.Sprintf("%03d", i)), Group: Group(fmt.Sprint("group", i)),
			Since: noon.Add(time.Duration(i) * time.Minute), Latency: time.Second,
		})
	}
	return list
}

// leave lets n newcomers of a group in, one after the other, and returns who left for them.
func leave(t *testing.T, list []Guest, group Group, n int) []peer.ID {
	t.Helper()
	var out []peer.ID
	for i := range n {
		p, ok := Evict(list, 1)
		if !ok {
			t.Fatal("nobody can leave")
		}
		out = append(out, p)
		list = slices.DeleteFunc(slices.Clone(list), func(g Guest) bool { return g.Peer == p })
		list = append(list, Guest{Peer: peer.ID(fmt.Sprint("late", i)), Group: group, Since: noon.Add(24 * time.Hour), Latency: time.Second})
	}
	return out
}

// A crowd of newcomers from one network pushes out its own, and none of those
// that each kind of merit protects.
func TestEvictMerit(t *testing.T) {
	for _, c := range []struct {
		name  string
		merit func(*Guest)
		n     int
	}{
		{"latency", func(g *Guest) { g.Latency = time.Millisecond }, 8},
		{"transactions", func(g *Guest) { g.Tx = noon }, 4},
		{"blocks", func(g *Guest) { g.Block = noon }, 4},
		{"age", func(g *Guest) { g.Since = noon.Add(-time.Hour) }, 40},
	} {
		list := guests(113)
		var good []peer.ID
		for i := range list { // all of one group, so that merit alone protects
			list[i].Group = "crowd"
			if i >= len(list)-c.n {
				c.merit(&list[i])
				good = append(good, list[i].Peer)
			}
		}
		for _, p := range leave(t, list, "crowd", 60) {
			if slices.Contains(good, p) {
				t.Errorf("%s: %s left", c.name, p)
			}
		}
	}
}

// The youngest of the largest group leaves, however young the others are.
func TestEvictLargestGroup(t *testing.T) {
	list := guests(100)
	for i := range 30 {
		list[40+i].Group = "crowd"
	}
	for _, p := range leave(t, list, "crowd", 60) {
		if i := slices.IndexFunc(list, func(g Guest) bool { return g.Peer == p }); i >= 0 && list[i].Group != "crowd" {
			t.Fatalf("%s of %s left", p, list[i].Group)
		}
	}
}

func TestEvictFew(t *testing.T) {
	if p, ok := Evict(nil, 1); ok {
		t.Errorf("%v of nobody", p)
	}
	if p, ok := Evict(guests(1), 1); ok {
		t.Errorf("%s, the only one", p)
	}
	if p, ok := Evict(guests(2), 1); !ok || p != "001" {
		t.Errorf("%q of two", p)
	}
	if p, ok := Evict(guests(12), 1); !ok {
		t.Errorf("%q of twelve: a small node lets nobody in", p)
	}
}

func drawGuests(t *rapid.T) []Guest {
	n := rapid.IntRange(0, 130).Draw(t, "guests")
	list := make([]Guest, n)
	at := func(what string) time.Time {
		if s := rapid.IntRange(0, 50).Draw(t, what); s > 0 {
			return noon.Add(time.Duration(s) * time.Second)
		}
		return time.Time{}
	}
	for i := range list {
		list[i] = Guest{
			Peer: peer.ID(fmt.Sprintf("%03d", i)), Group: Group(fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "group"))),
			Since: noon.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "since")) * time.Second), Block: at("block"), Tx: at("tx"),
			Latency: time.Duration(rapid.IntRange(0, 300).Draw(t, "latency")) * time.Millisecond,
		}
	}
	return list
}

// Whatever the guests: one of them leaves if there are two, whose order makes no
// difference; it is none of the oldest quarter, none of the four that last brought
// a block or a transaction, nor of the four nearest.
func TestEvictProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawGuests(t)
		key := rapid.Uint64().Draw(t, "key")
		p, ok := Evict(list, key)
		if ok == (len(list) < 2) {
			t.Fatalf("%v of %d", ok, len(list))
		}
		if !ok {
			return
		}
		shuffled := slices.Clone(list)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again, _ := Evict(shuffled, key); again != p {
			t.Fatalf("%s leaves, in another order %s", p, again)
		}
		i := slices.IndexFunc(list, func(g Guest) bool { return g.Peer == p })
		if i < 0 {
			t.Fatalf("%q is no guest", p)
		}
		// better counts the guests that surely rank before p by an order.
		better := func(order func(a, b Guest) int) (n int) {
			for _, g := range list {
				if order(g, list[i]) < 0 {
					n++
				}
			}
			return n
		}
		if len(list) < 113 {
			return
		}
		if list[i].Latency > 0 && better(func(a, b Guest) int { return cmp.Compare(a.latency(), b.latency()) }) < 4 && tiesBelow(list, i, 4, func(a, b Guest) bool { return a.latency() == b.latency() }) {
			t.Fatalf("%s leaves, one of the nearest", p)
		}
		if !list[i].Block.IsZero() && tiesBelow(list, i, 4, func(a, b Guest) bool { return !a.Block.Before(b.Block) }) {
			t.Fatalf("%s leaves, which brought one of the last blocks", p)
		}
		if !list[i].Tx.IsZero() && tiesBelow(list, i, 4, func(a, b Guest) bool { return !a.Tx.Before(b.Tx) }) {
			t.Fatalf("%s leaves, which brought one of the last transactions", p)
		}
		if tiesBelow(list, i, len(list)/4, func(a, b Guest) bool { return !a.Since.After(b.Since) }) {
			t.Fatalf("%s leaves, one of the longest connected", p)
		}
	})
}

// tiesBelow says that fewer than n others are at least as good as list[i].
func tiesBelow(list []Guest, i, n int, atLeast func(a, b Guest) bool) bool {
	k := 0
	for j, g := range list {
		if j != i && atLeast(g, list[i]) {
			k++
		}
	}
	return k < n
}

// An attacker that fills all free places from a few networks, again and again,
// pushes out no honest guest of a network of its own.
func TestEvictUnderAttack(t *testing.T) {
	for _, honest := range []int{1, 20, 50} {
		for _, networks := range []int{1, 4, 10} {
			list := guests(honest)
			for i := range 200 {
				if len(list) == 113 {
					p, ok := Evict(list, 7)
					if !ok {
						t.Fatal("nobody can leave")
					}
					list = slices.DeleteFunc(list, func(g Guest) bool { return g.Peer == p })
				}
				list = append(list, Guest{
					Peer: peer.ID(fmt.Sprint("attacker", i)), Group: Group(fmt.Sprint("net", i%networks)),
					Since: noon.Add(24*time.Hour + time.Duration(i)*time.Second), Latency: time.Millisecond,
					Tx: noon.Add(48 * time.Hour),
				})
			}
			stay := 0
			for _, g := range list {
				if g.Group[0] == 'g' {
					stay++
				}
			}
			if stay != honest {
				t.Errorf("attacked from %d networks, %d of %d honest guests stay", networks, stay, honest)
			}
		}
	}
}
