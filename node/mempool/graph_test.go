package mempool

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus/wire"
)

// check recomputes naively all that the graph's invariants promise.
func (g *graph) check() error {
	es := g.entries()
	if g.byWitness.n != len(es) {
		return fmt.Errorf("%d by id, %d by witness", len(es), g.byWitness.n)
	}
	var own, vsize, fees int64
	ins, linked, rough := 0, 0, map[*cluster]bool{}
	for i, e := range es {
		t := e.Decode()
		own, vsize, fees = own+e.usage(), vsize+e.vsize(), fees+e.fee
		if i > 0 && es[i-1].seq == e.seq || g.get(e.id) != e || g.getWitness(e.wid) != e || e.time < g.oldest {
			return fmt.Errorf("%v is out of place", e.id)
		}
		for j := range t.Ins {
			ins++
			if g.spender(t.Ins[j].Prev) != e {
				return fmt.Errorf("input %d of %v is not its own", j, e.id)
			}
		}
		if e.cluster != nil {
			linked++
			if e.cluster.rough {
				rough[e.cluster] = true
			}
		}
		for name, got := range map[string][]*entry{"ancestors": e.ancestors(), "descendants": e.descendants(), "members": e.members()} {
			if want := naive(es, e, name != "descendants", name != "ancestors"); !sameEntries(got, want) {
				return fmt.Errorf("%v has %d %s, should have %d", e.id, len(got), name, len(want))
			}
		}
	}
	if own != g.own || vsize != g.vsize || fees != g.fees || ins != g.spends.n || linked != g.linked || len(rough) != g.rough {
		return fmt.Errorf("totals: %d inputs of %d, %d linked of %d, %d rough of %d", ins, g.spends.n, linked, g.linked, len(rough), g.rough)
	}
	return g.checkOrder(len(es))
}

// checkOrder wants each entry once, in chunks that do not rise, parents first.
func (g *graph) checkOrder(n int) error {
	var last *entry
	seen := map[*entry]bool{}
	chunks := 0
	for head := range g.order.all {
		chunks++
		if last != nil && !last.comesBefore(head) {
			return fmt.Errorf("chunk %d is out of order", chunks)
		}
		last = head
		var sum rate
		for i, e := range head.chunk() {
			if e.head() != head || (e.chunkLen > 0) != (i == 0) || seen[e] {
				return fmt.Errorf("%v is not where its chunk says", e.id)
			}
			for _, p := range e.parents() {
				if !seen[p] {
					return fmt.Errorf("%v comes before what it spends", e.id)
				}
			}
			seen[e] = true
			sum = sum.plus(e.rate())
		}
		if sum != head.chunkRate() {
			return fmt.Errorf("chunk %d pays %v, is said to pay %v", chunks, sum, head.chunkRate())
		}
	}
	if len(seen) != n || chunks != g.order.n {
		return fmt.Errorf("%d of %d entries are in %d of %d chunks", len(seen), n, chunks, g.order.n)
	}
	return nil
}

// naive finds what is connected with e by comparing every pair of transactions.
func naive(es []*entry, e *entry, up, down bool) []*entry {
	in := map[*entry]bool{e: true}
	for grown := true; grown; {
		grown = false
		for _, child := range es {
			for _, in1 := range child.Decode().Ins {
				for _, parent := range es {
					if parent.id != in1.Prev.TxID {
						continue
					}
					if up && in[child] && !in[parent] {
						in[parent], grown = true, true
					}
					if down && in[parent] && !in[child] {
						in[child], grown = true, true
					}
				}
			}
		}
	}
	var out []*entry
	for _, o := range es {
		if in[o] {
			out = append(out, o)
		}
	}
	return out
}

func sameEntries(a, b []*entry) bool {
	byID := func(x, y *entry) int { return bytes.Compare(x.id[:], y.id[:]) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), byID), slices.SortedFunc(slices.Values(b), byID))
}

// graphMachine changes a graph at random.
type graphMachine struct {
	*graph
	made int
	away []*wire.Tx // mined, which a reorganisation may give back
	fees map[wire.Hash]int64
}

// add gives t its place, unless its cluster would be too large.
func (m *graphMachine) add(t *wire.Tx) {
	e := &entry{Packed: pack(t), fee: m.fees[t.ID()], modified: m.fees[t.ID()], weight: int32(t.Weight()), time: int64(m.made)}
	if p := m.plan([]addition{{e, m.parentsOf(t), m.childrenOf(t)}}, nil); p != nil {
		m.apply(p)
	}
}

func (m *graphMachine) draw(t *rapid.T) *wire.Tx {
	tx := &wire.Tx{Version: 2, Outs: make([]wire.Out, 3)}
	for range rapid.IntRange(1, 3).Draw(t, "inputs") {
		m.made++
		op := wire.Outpoint{TxID: wire.Hash{byte(m.made), byte(m.made >> 8), 1}}
		if o := m.pick(t); o != nil {
			op = o.Decode().Outpoint(rapid.IntRange(0, 2).Draw(t, "output"))
		}
		if m.spender(op) == nil && !slices.ContainsFunc(tx.Ins, func(in wire.In) bool { return in.Prev == op }) {
			tx.Ins = append(tx.Ins, wire.In{Prev: op})
		}
	}
	if len(tx.Ins) == 0 {
		t.Skip("all spent")
	}
	return tx.Seal()
}

// pick returns an entry or none.
func (m *graphMachine) pick(t *rapid.T) *entry {
	es := m.entries()
	n := rapid.IntRange(0, len(es)).Draw(t, "entry")
	if n == len(es) {
		return nil
	}
	return es[n]
}

// TestGraphInvariants adds, mines, evicts, reprices and gives back at random.
func TestGraphInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := graphMachine{graph: newGraph(limits{count: 7, weight: 1 << 30}), fees: map[wire.Hash]int64{}}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				if m.len() > 14 {
					t.Skip("enough")
				}
				tx := m.draw(t)
				m.fees[tx.ID()] = rapid.Int64Range(0, 1000).Draw(t, "fee")
				m.add(tx)
			},
			"mine": func(t *rapid.T) { // what depends on nothing, or, as after a jump, anything
				if e := m.pick(t); e != nil {
					m.away = append(m.away, e.Decode())
					m.remove(e)
				}
			},
			"give back": func(t *rapid.T) {
				if len(m.away) == 0 {
					t.Skip("none")
				}
				tx := m.away[len(m.away)-1]
				m.away = m.away[:len(m.away)-1]
				if len(m.conflictsOf(tx)) == 0 && m.get(tx.ID()) == nil {
					m.add(tx)
				}
			},
			"evict": func(t *rapid.T) {
				if e := m.pick(t); e != nil {
					m.remove(descendants([]*entry{e})...)
				}
			},
			"evict the worst": func(t *rapid.T) {
				if e := m.order.worst(); e != nil {
					m.remove(slices.Clone(e.chunk())...)
				}
			},
			"reprice": func(t *rapid.T) {
				if e := m.pick(t); e != nil {
					m.reprice(e, rapid.Int64Range(-500, 1500).Draw(t, "fee"))
				}
			},
			"": func(t *rapid.T) {
				if err := m.check(); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}

// TestTable compares the hash table with a map.
func TestTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tab table[uint32]
		tag := func(v uint32) uint32 { return tagOf(uint64(v % 16)) } // collides
		want := map[uint32]bool{}
		for _, v := range rapid.SliceOf(rapid.Uint32Range(1, 300)).Draw(t, "values") {
			got, at := tab.find(tag(v), func(o uint32) bool { return o == v })
			if (got == v) != want[v] {
				t.Fatalf("%d is found: %v", v, got == v)
			}
			if want[v] {
				tab.drop(at)
				delete(want, v)
			} else {
				tab.put(tag(v), v)
				want[v] = true
			}
			if tab.n != len(want) {
				t.Fatalf("%d slots, want %d", tab.n, len(want))
			}
		}
		for v := range tab.all {
			if !want[v] {
				t.Fatalf("%d is there", v)
			}
		}
	})
}

func TestDiagram(t *testing.T) {
	for _, c := range []struct {
		name          string
		after, before []rate
		want          bool
	}{
		{"the same", []rate{{100, 100}}, []rate{{100, 100}}, false},
		{"more for the same size", []rate{{101, 100}}, []rate{{100, 100}}, true},
		{"more in all, at a lower rate", []rate{{300, 300}}, []rate{{200, 100}}, false},
		{"the same fee in less", []rate{{100, 50}}, []rate{{100, 100}}, true},
		{"crossing", []rate{{200, 50}}, []rate{{100, 50}, {150, 100}}, false},
		{"fees that overflow when multiplied", []rate{{2e15, 400_000}}, []rate{{2e15 - 1, 400_000}}, true},
	} {
		if got := improves(c.after, c.before); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
