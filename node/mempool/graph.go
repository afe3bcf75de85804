package mempool

import (
	"cmp"
	"container/heap"
	"math/bits"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// entry is a waiting transaction and its place among the others. Only the
// graph writes the fields below the line.
type entry struct {
	tx     *wire.Tx
	fee    int64 // satoshis
	size   int64 // virtual bytes, sigop-adjusted
	weight int64 // weight units, sigop-adjusted
	sigops int   // cost
	time   time.Time
	height uint32 // of the tip when it entered
	timed  bool   // what a shorter chain could make premature: locks, a coinbase's coin

	// ----
	seq               uint64
	usage             int64
	parents, children []*entry // direct, each once
	anc, desc         sums     // itself included
	prev, next        *entry   // in order of entry
	place             int      // in the graph's heap
	mark              uint64   // the last walk that came by
	doubtful          bool     // it spends an output of a reverted block
}

// sums adds transactions up.
type sums struct {
	count  int
	size   int64
	fees   int64
	sigops int
}

func (s *sums) add(e *entry) {
	s.count++
	s.size += e.size
	s.fees += e.fee
	s.sigops += e.sigops
}

func (s *sums) sub(e *entry) {
	s.count--
	s.size -= e.size
	s.fees -= e.fee
	s.sigops -= e.sigops
}

// lessRate says whether fee a for size as is a lower feerate than b for bs.
// Fees are not negative; the products need more than 64 bits.
func lessRate(a, as, b, bs int64) bool {
	h1, l1 := bits.Mul64(uint64(a), uint64(bs))
	h2, l2 := bits.Mul64(uint64(b), uint64(as))
	return h1 < h2 || h1 == h2 && l1 < l2
}

// score is the feerate by which e is evicted: its own or, if better, that of
// it with all its descendants, so that a parent whose child pays stays.
func (e *entry) score() (fee, size int64) {
	if lessRate(e.fee, e.size, e.desc.fees, e.desc.size) {
		return e.desc.fees, e.desc.size
	}
	return e.fee, e.size
}

// graph holds the entries, who spends whom, and their sums. Not safe for
// concurrent use: the pool's mutex guards it.
//
// Invariants: byID and byWitness have exactly the entries in the list from
// first to last, in order of seq; spent has exactly their inputs, so no two
// entries spend the same outpoint; x is in y.parents exactly if y spends an
// output of x, and then y is in x.children; anc and desc are the sums over all
// entries reached by parents and children; worst is a heap over all entries;
// usage, vsize and fees are their totals.
type graph struct {
	byID, byWitness    map[wire.Hash]*entry
	spent              map[wire.Outpoint]*entry
	first, last        *entry
	worst              worstHeap
	usage, vsize, fees int64
	seq                uint64 // of the newest entry
	walks              uint64
}

func newGraph() *graph {
	return &graph{
		byID:      make(map[wire.Hash]*entry),
		byWitness: make(map[wire.Hash]*entry),
		spent:     make(map[wire.Outpoint]*entry),
	}
}

func (g *graph) len() int { return len(g.byID) }

func up(e *entry) []*entry   { return e.parents }
func down(e *entry) []*entry { return e.children }

// reach lists es and all entries that next leads to from them, each once, es
// first.
func (g *graph) reach(es []*entry, next func(*entry) []*entry) []*entry {
	g.walks++
	found := make([]*entry, 0, len(es)+8)
	visit := func(es []*entry) {
		for _, e := range es {
			if e.mark != g.walks {
				e.mark = g.walks
				found = append(found, e)
			}
		}
	}
	visit(es)
	for i := 0; i < len(found); i++ {
		visit(next(found[i]))
	}
	return found
}

// ancestors lists es and all they depend on.
func (g *graph) ancestors(es ...*entry) []*entry { return g.reach(es, up) }

// descendants lists es and all that depend on them.
func (g *graph) descendants(es ...*entry) []*entry { return g.reach(es, down) }

// parentsOf lists the entries whose outputs t spends, each once.
func (g *graph) parentsOf(t *wire.Tx) []*entry {
	var ps []*entry
	for i := range t.Ins {
		if e := g.byID[t.Ins[i].Prev.TxID]; e != nil && !slices.Contains(ps, e) {
			ps = append(ps, e)
		}
	}
	return ps
}

// childrenOf lists the entries that spend t's outputs, each once. There are
// some only when t comes back from a reverted block.
func (g *graph) childrenOf(t *wire.Tx) []*entry {
	var cs []*entry
	for i := range t.Outs {
		if e := g.spent[t.Outpoint(i)]; e != nil && !slices.Contains(cs, e) {
			cs = append(cs, e)
		}
	}
	return cs
}

// add links e in. None of its inputs may be spent by another entry.
func (g *graph) add(e *entry) {
	g.seq++
	e.seq, e.usage = g.seq, usage(e.tx)
	e.parents, e.children = g.parentsOf(e.tx), g.childrenOf(e.tx)
	g.byID[e.tx.ID()], g.byWitness[e.tx.WitnessID()] = e, e
	for i := range e.tx.Ins {
		g.spent[e.tx.Ins[i].Prev] = e
	}
	if e.prev = g.last; e.prev == nil {
		g.first = e
	} else {
		e.prev.next = e
	}
	g.last = e
	g.usage, g.vsize, g.fees = g.usage+e.usage, g.vsize+e.size, g.fees+e.fee
	for _, p := range e.parents {
		p.children = append(p.children, e)
	}
	for _, c := range e.children {
		c.parents = append(c.parents, e)
	}
	e.anc, e.desc = sums{}, sums{}
	heap.Push(&g.worst, e)
	if len(e.children) > 0 {
		g.recount(g.ancestors(e))
		g.recount(g.descendants(e))
		return
	}
	e.desc.add(e)
	for _, a := range g.ancestors(e) {
		e.anc.add(a)
		if a != e {
			a.desc.add(e)
		}
		heap.Fix(&g.worst, a.place)
	}
}

// recount sums up afresh for each of es.
func (g *graph) recount(es []*entry) {
	for _, e := range es {
		e.anc, e.desc = sums{}, sums{}
		for _, a := range g.ancestors(e) {
			e.anc.add(a)
		}
		for _, d := range g.descendants(e) {
			e.desc.add(d)
		}
		heap.Fix(&g.worst, e.place)
	}
}

// remove takes e out; its children stay, as those of a mined transaction do.
func (g *graph) remove(e *entry) {
	above, below := g.ancestors(e)[1:], g.descendants(e)[1:]
	heap.Remove(&g.worst, e.place)
	for _, p := range e.parents {
		p.children = without(p.children, e)
	}
	for _, c := range e.children {
		c.parents = without(c.parents, e)
	}
	if len(above) > 0 && len(below) > 0 {
		g.recount(above)
		g.recount(below)
	} else {
		for _, a := range above {
			a.desc.sub(e)
			heap.Fix(&g.worst, a.place)
		}
		for _, d := range below {
			d.anc.sub(e)
		}
	}
	g.forget(e)
}

// forget drops e from the indexes and totals.
func (g *graph) forget(e *entry) {
	delete(g.byID, e.tx.ID())
	delete(g.byWitness, e.tx.WitnessID())
	for i := range e.tx.Ins {
		delete(g.spent, e.tx.Ins[i].Prev)
	}
	if e.prev == nil {
		g.first = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		g.last = e.prev
	} else {
		e.next.prev = e.prev
	}
	g.usage, g.vsize, g.fees = g.usage-e.usage, g.vsize-e.size, g.fees-e.fee
	e.parents, e.children, e.prev, e.next = nil, nil, nil, nil
}

// childrenFirst sorts es so that no entry comes before one that spends it.
func childrenFirst(es []*entry) {
	slices.SortFunc(es, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(b.anc.count, a.anc.count), cmp.Compare(b.seq, a.seq))
	})
}

// cluster lists the entries connected with those in from by spending in either direction, leaving
// out those in gone. It stops looking beyond max entries.
func (g *graph) cluster(from []*entry, gone map[*entry]bool, max int) []*entry {
	g.walks++
	var found []*entry
	visit := func(es []*entry) {
		for _, e := range es {
			if e.mark != g.walks && !gone[e] {
				e.mark = g.walks
				found = append(found, e)
			}
		}
	}
	visit(from)
	for i := 0; i < len(found) && len(found) <= max; i++ {
		visit(found[i].parents)
		visit(found[i].children)
	}
	return found
}

func without(es []*entry, e *entry) []*entry {
	if i := slices.Index(es, e); i >= 0 {
		return slices.Delete(es, i, i+1)
	}
	return es
}

// worstHeap has the entry to be evicted next on top: the lowest score and,
// among equals, the newest.
type worstHeap []*entry

func (h worstHeap) Len() int { return len(h) }
func (h worstHeap) Less(i, j int) bool {
	fi, si := h[i].score()
	fj, sj := h[j].score()
	if lessRate(fi, si, fj, sj) {
		return true
	}
	return !lessRate(fj, sj, fi, si) && h[i].seq > h[j].seq
}
func (h worstHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}
func (h *worstHeap) Push(x any) {
	e := x.(*entry)
	e.place = len(*h)
	*h = append(*h, e)
}
func (h *worstHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}

// Memory in bytes that a transaction costs the pool beside its encoding:
// structs, slice headers and its share of the maps, map growth included.
const (
	entryUsage = 800
	inUsage    = 96 + 100
	outUsage   = 32
	itemUsage  = 24
)

// usage reckons the memory that t takes in the pool, in bytes.
func usage(t *wire.Tx) int64 {
	n := entryUsage + t.Size() + inUsage*len(t.Ins) + outUsage*len(t.Outs)
	for i := range t.Ins {
		n += itemUsage * len(t.Ins[i].Witness)
	}
	return int64(n)
}

// own copies t into memory of its own: scripts of a decoded transaction point
// into all the bytes that it was decoded with, a whole block's perhaps.
func own(t *wire.Tx) *wire.Tx {
	c := *t
	n := 0
	for i := range t.Ins {
		n += len(t.Ins[i].Script)
		for _, w := range t.Ins[i].Witness {
			n += len(w)
		}
	}
	for i := range t.Outs {
		n += len(t.Outs[i].Script)
	}
	slab := make([]byte, 0, n)
	keep := func(b []byte) []byte {
		at := len(slab)
		slab = append(slab, b...)
		return slab[at:len(slab):len(slab)]
	}
	c.Ins, c.Outs = slices.Clone(t.Ins), slices.Clone(t.Outs)
	for i := range c.Ins {
		in := &c.Ins[i]
		in.Script, in.Witness = keep(in.Script), slices.Clone(in.Witness)
		for j, w := range in.Witness {
			in.Witness[j] = keep(w)
		}
	}
	for i := range c.Outs {
		c.Outs[i].Script = keep(c.Outs[i].Script)
	}
	return c.Seal()
}
