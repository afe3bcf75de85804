package mempool

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus/wire"
)

// check recomputes naively all that the graph's invariants promise.
func (g *graph) check() error {
	if len(g.byWitness) != len(g.byID) || len(g.worst) != len(g.byID) {
		return fmt.Errorf("%d by id, %d by witness, %d in the heap", len(g.byID), len(g.byWitness), len(g.worst))
	}
	var use, size, fees int64
	n, ins, last := 0, 0, uint64(0)
	for e := g.first; e != nil; e = e.next {
		n++
		ins += len(e.tx.Ins)
		use, size, fees = use+e.usage, size+e.size, fees+e.fee
		if e.seq <= last || g.byID[e.tx.ID()] != e || g.worst[e.place] != e {
			return fmt.Errorf("%v is out of place", e.tx.ID())
		}
		last = e.seq
		for i := range e.tx.Ins {
			if g.spent[e.tx.Ins[i].Prev] != e {
				return fmt.Errorf("input of %v is not its own", e.tx.ID())
			}
		}
		if anc := g.naive(e, true); anc != e.anc {
			return fmt.Errorf("ancestors of %v are %+v, kept as %+v", e.tx.ID(), anc, e.anc)
		}
		if desc := g.naive(e, false); desc != e.desc {
			return fmt.Errorf("descendants of %v are %+v, kept as %+v", e.tx.ID(), desc, e.desc)
		}
	}
	if n != len(g.byID) || ins != len(g.spent) || use != g.usage || size != g.vsize || fees != g.fees {
		return fmt.Errorf("totals: %d of %d listed, %d inputs of %d spent", n, len(g.byID), ins, len(g.spent))
	}
	for i := range g.worst {
		if i > 0 && g.worst.Less(i, (i-1)/2) {
			return fmt.Errorf("the heap is out of order at %d", i)
		}
	}
	return nil
}

// naive sums up by comparing every pair of transactions.
func (g *graph) naive(e *entry, above bool) (s sums) {
	in := map[*entry]bool{e: true}
	for grown := true; grown; {
		grown = false
		for _, a := range g.byID {
			for _, b := range g.byID {
				for i := range b.tx.Ins {
					if b.tx.Ins[i].Prev.TxID != a.tx.ID() {
						continue
					}
					if above && in[b] && !in[a] {
						in[a], grown = true, true
					}
					if !above && in[a] && !in[b] {
						in[b], grown = true, true
					}
				}
			}
		}
	}
	for o := range in {
		s.add(o)
	}
	return s
}

// TestGraphAgainstNaiveSums adds, mines, evicts and gives back at random.
func TestGraphAgainstNaiveSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, made := newGraph(), 0
		var away []*entry // mined, which a reorganisation may give back
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				if g.len() > 12 {
					t.Skip("enough")
				}
				tx := &wire.Tx{Version: 2, Outs: make([]wire.Out, 3)}
				for i, n := 0, rapid.IntRange(1, 3).Draw(t, "inputs"); i < n; i++ {
					made++
					op := wire.Outpoint{TxID: wire.Hash{byte(made), byte(made >> 8), 1}}
					if o := pickEntry(t, g); o != nil {
						op = o.tx.Outpoint(rapid.IntRange(0, 2).Draw(t, "output"))
					}
					if g.spent[op] == nil && !slices.ContainsFunc(tx.Ins, func(in wire.In) bool { return in.Prev == op }) {
						tx.Ins = append(tx.Ins, wire.In{Prev: op})
					}
				}
				if len(tx.Ins) == 0 {
					t.Skip("all spent")
				}
				size := rapid.Int64Range(100, 300).Draw(t, "size")
				g.add(&entry{tx: tx.Seal(), fee: rapid.Int64Range(0, 1000).Draw(t, "fee"), size: size, weight: 4 * size, sigops: made % 5})
			},
			"mine": func(t *rapid.T) { // what depends on nothing, or, as after a jump, anything
				if e := pickEntry(t, g); e != nil {
					g.remove(e)
					away = append(away, e)
				}
			},
			"give back": func(t *rapid.T) {
				if len(away) == 0 {
					t.Skip("none")
				}
				e := away[len(away)-1]
				away = away[:len(away)-1]
				for _, in := range e.tx.Ins {
					if g.spent[in.Prev] != nil {
						return
					}
				}
				g.add(e)
			},
			"evict": func(t *rapid.T) {
				e := pickEntry(t, g)
				if e == nil {
					t.Skip("none")
				}
				es := g.descendants(e)
				childrenFirst(es)
				for _, d := range es {
					g.remove(d)
				}
			},
			"": func(t *rapid.T) {
				if err := g.check(); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}

func pickEntry(t *rapid.T, g *graph) *entry {
	n := rapid.IntRange(0, g.len()).Draw(t, "entry")
	e := g.first
	for ; n > 0 && e != nil; n-- {
		e = e.next
	}
	return e
}

func TestDiagram(t *testing.T) {
	// A cheap parent whose child pays for both is one chunk; a rich parent stays alone.
	cpfp := chunks([]node{{chunk{100, 100}, 0}, {chunk{900, 100}, 1}})
	if !slices.Equal(cpfp, []chunk{{1000, 200}}) {
		t.Errorf("child pays for parent: %v", cpfp)
	}
	rich := chunks([]node{{chunk{900, 100}, 0}, {chunk{100, 100}, 1}})
	if !slices.Equal(rich, []chunk{{900, 100}, {100, 100}}) {
		t.Errorf("rich parent: %v", rich)
	}
	for _, c := range []struct {
		name          string
		after, before []chunk
		want          bool
	}{
		{"the same", []chunk{{100, 100}}, []chunk{{100, 100}}, false},
		{"more for the same size", []chunk{{101, 100}}, []chunk{{100, 100}}, true},
		{"more in all, at a lower rate", []chunk{{300, 300}}, []chunk{{200, 100}}, false},
		{"the same fee in less", []chunk{{100, 50}}, []chunk{{100, 100}}, true},
		{"crossing", []chunk{{200, 50}}, []chunk{{100, 50}, {150, 100}}, false},
		{"fees that overflow when multiplied", []chunk{{2e15, 400_000}}, []chunk{{2e15 - 1, 400_000}}, true},
	} {
		if got := improves(diagram(c.after), diagram(c.before)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
