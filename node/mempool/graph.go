package mempool

import (
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// graph holds the entries: who spends whom, in clusters, and the order of their
// chunks. Not safe for concurrent use: the pool's mutex guards it.
//
// Invariants: the index has exactly the entries and their inputs, so no two
// entries spend the same outpoint; entries are in one cluster exactly if spending connects them;
// the order has the first entry of each chunk of each cluster; usage, vsize, fees, rough and
// linked are totals over entries and clusters; no entry is older than oldest.
type graph struct {
	*index
	order  order
	own    int64 // bytes of entries and their encodings
	vsize  int64
	fees   int64
	linked int   // entries in clusters of more than one
	rough  int   // clusters whose order may not be the best
	oldest int64 // Unix seconds
	seq    uint64
	size   limits
}

// limits are what a cluster may have.
type limits struct {
	count  int   // transactions, at most maxCluster
	weight int64 // weight units, sigop-adjusted
}

func newGraph(l limits) *graph { return &graph{index: newIndex(), size: l} }

func (g *graph) len() int { return g.byID.n }

// entries lists all entries in order of entry.
func (g *graph) entries() []*entry {
	es := slices.AppendSeq(make([]*entry, 0, g.len()), g.byID.all)
	slices.SortFunc(es, func(a, b *entry) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	return es
}

// parentsOf lists the entries whose outputs t spends, each once, by id: the first is the
// one that a refusal names.
func (g *graph) parentsOf(t *wire.Tx) []*entry {
	var ps []*entry
	for i := range t.Ins {
		if e := g.get(t.Ins[i].Prev.TxID); e != nil && !slices.Contains(ps, e) {
			ps = append(ps, e)
		}
	}
	slices.SortFunc(ps, func(a, b *entry) int { return compareIDs(a.id, b.id) })
	return ps
}

// childrenOf lists the entries that spend t's outputs, each once. There are
// some only when t comes back from a reverted block.
func (g *graph) childrenOf(t *wire.Tx) []*entry {
	var cs []*entry
	for i := range t.Outs {
		if e := g.spender(t.Outpoint(i)); e != nil && !slices.Contains(cs, e) {
			cs = append(cs, e)
		}
	}
	return cs
}

// conflictsOf lists the entries that spend what t spends, each once.
func (g *graph) conflictsOf(t *wire.Tx) []*entry {
	var es []*entry
	for i := range t.Ins {
		if e := g.spender(t.Ins[i].Prev); e != nil && !slices.Contains(es, e) {
			es = append(es, e)
		}
	}
	return es
}

// descendants lists es and all that depend on them, each once, what spends before what it
// spends.
func descendants(es []*entry) (out []*entry) {
	for c, s := range byCluster(es) {
		if c.cluster == nil {
			out = append(out, c)
		} else {
			out = append(out, c.cluster.pick(c.cluster.below(s))...)
		}
	}
	slices.Reverse(out)
	return out
}

// byCluster yields one entry of each cluster that es are in, and which of its
// entries are among es.
func byCluster(es []*entry) func(func(*entry, set) bool) {
	return func(yield func(*entry, set) bool) {
		if len(es) == 1 {
			yield(es[0], 1<<es[0].at)
			return
		}
		sets := make(map[*entry]set, len(es))
		var firsts []*entry
		for _, e := range es {
			first := e.members()[0]
			if sets[first] == 0 {
				firsts = append(firsts, first)
			}
			sets[first] |= 1 << e.at
		}
		for _, e := range firsts {
			if !yield(e, sets[e]) {
				return
			}
		}
	}
}

// addition is an entry to be added, with the entries that it spends from and those
// that spend from it; some of them may be additions too.
type addition struct {
	e                 *entry
	parents, children []*entry
}

// plan is a change of the graph, worked out before it is decided upon.
type plan struct {
	adds    []addition
	gone    []*entry // with all that depend on them, or mined
	touched []*entry // one of each cluster that changes
	drafts  []draft  // what becomes of those clusters
	lines   []line   // in which order
}

// plan works out what adding and taking away would make of the graph. It is nil
// when a cluster would be too large.
func (g *graph) plan(adds []addition, gone []*entry) *plan {
	p := &plan{adds: adds, gone: gone}
	if len(gone) == 0 && len(adds) == 1 && len(adds[0].parents)+len(adds[0].children) == 0 {
		p.drafts = []draft{{[]*entry{adds[0].e}, []set{0}}}
		return p.linearised(g.size)
	}
	var near []*entry
	for i := range adds {
		near = append(near, adds[i].parents...)
		near = append(near, adds[i].children...)
	}
	for i := range adds { // what is not in the graph yet has no cluster there
		near = slices.DeleteFunc(near, func(e *entry) bool { return e == adds[i].e })
	}
	away := make(map[*entry]bool, len(gone))
	for _, e := range gone {
		away[e] = true
	}
	for first := range byCluster(append(near, gone...)) {
		p.touched = append(p.touched, first)
		if first.cluster == nil && away[first] {
			continue
		}
		p.drafts = append(p.drafts, first.draft().without(away)...)
	}
	for i := range adds {
		if !p.connect(&adds[i], g.size.count) {
			return nil
		}
	}
	return p.linearised(g.size)
}

// without is what is left of a draft, in connected parts.
func (d draft) without(away map[*entry]bool) []draft {
	keep := set(0)
	for i, e := range d.txs {
		if !away[e] {
			keep |= 1 << i
		}
	}
	if keep == 0 {
		return nil
	}
	d = d.subset(keep)
	return d.parts()
}

// connect puts an addition and all drafts that it is connected with into one.
func (p *plan) connect(a *addition, limit int) bool {
	var joined draft
	rest := p.drafts[:0:0]
	touches := func(e *entry) bool { return slices.Contains(a.parents, e) || slices.Contains(a.children, e) }
	for _, d := range p.drafts {
		if !slices.ContainsFunc(d.txs, touches) {
			rest = append(rest, d)
			continue
		}
		if len(joined.txs)+len(d.txs) >= limit {
			return false
		}
		shift := len(joined.txs)
		joined.txs = append(joined.txs, d.txs...)
		for _, s := range d.parents {
			joined.parents = append(joined.parents, s<<shift)
		}
	}
	joined.add(a)
	p.drafts = append(rest, joined)
	return true
}

// add puts a between its parents and its children.
func (d *draft) add(a *addition) {
	at, mine := len(d.txs), set(0)
	d.txs = append(d.txs, a.e)
	d.parents = append(d.parents, 0)
	for i, e := range d.txs[:at] {
		if slices.Contains(a.parents, e) {
			mine |= 1 << i
		}
		if slices.Contains(a.children, e) {
			d.parents[i] |= 1 << at
		}
	}
	d.parents[at] = mine
	if len(a.children) > 0 {
		d.sort()
	}
}

// sort brings a draft whose parents are right into a valid order again.
func (d *draft) sort() {
	done := set(0)
	var order []int
	for len(order) < len(d.txs) {
		for i := range d.txs {
			if done>>i&1 == 0 && d.parents[i]&^done == 0 {
				order = append(order, i)
				done |= 1 << i
			}
		}
	}
	var place [maxCluster]int
	for to, from := range order {
		place[from] = to
	}
	txs, parents := make([]*entry, len(order)), make([]set, len(order))
	for to, from := range order {
		txs[to] = d.txs[from]
		for p := range each(d.parents[from]) {
			parents[to] |= 1 << place[p]
		}
	}
	d.txs, d.parents = txs, parents
}

// linearised finishes p, or finds a cluster too large.
func (p *plan) linearised(l limits) *plan {
	if len(p.adds) > 0 {
		for _, d := range p.drafts {
			var weight int64
			for _, e := range d.txs {
				weight += int64(e.weight)
			}
			if len(d.txs) > l.count || weight > l.weight {
				return nil
			}
		}
	}
	for i := range p.drafts {
		p.lines = append(p.lines, p.drafts[i].linearise())
	}
	return p
}

// diagrams are the chunks of the clusters that p changes, before and after.
func (p *plan) diagrams() (before, after []rate) {
	for _, first := range p.touched {
		for _, e := range first.members() {
			if e.chunkLen > 0 {
				before = append(before, e.chunkRate())
			}
		}
	}
	for _, l := range p.lines {
		for _, c := range l.chunks {
			after = append(after, c.rate)
		}
	}
	return before, after
}

// apply does what p says. The graph must not have changed since it was worked out.
func (g *graph) apply(p *plan) {
	for _, first := range p.touched {
		g.unlist(first.members())
	}
	for _, e := range p.gone {
		g.forget(e)
	}
	for i := range p.adds {
		g.admit(p.adds[i].e)
	}
	for i := range p.drafts {
		p.drafts[i].settle(p.lines[i])
		g.list(p.drafts[i].txs)
	}
}

// unlist takes a cluster's chunks out of the order.
func (g *graph) unlist(es []*entry) {
	for _, e := range es {
		if e.chunkLen > 0 {
			g.order.remove(e)
		}
	}
	g.count(es, -1)
}

// list puts a cluster's chunks into the order.
func (g *graph) list(es []*entry) {
	for _, e := range es {
		if e.chunkLen > 0 {
			g.order.insert(e)
		}
	}
	g.count(es, 1)
}

func (g *graph) count(es []*entry, sign int) {
	if c := es[0].cluster; c != nil {
		g.linked += sign * len(es)
		if c.rough {
			g.rough += sign
		}
	}
}

// admit puts e in the indexes and totals.
func (g *graph) admit(e *entry) {
	g.seq++
	e.seq = g.seq
	if g.len() == 0 || e.time < g.oldest {
		g.oldest = e.time
	}
	g.insert(e)
	g.own, g.vsize, g.fees = g.own+e.usage(), g.vsize+e.vsize(), g.fees+e.fee
}

// forget drops e from the indexes and totals.
func (g *graph) forget(e *entry) {
	g.index.forget(e)
	g.own, g.vsize, g.fees = g.own-e.usage(), g.vsize-e.vsize(), g.fees-e.fee
	e.cluster, e.at, e.chunkLen = nil, 0, 0
}

// remove takes es out, each of which is there once; what depends on them stays, as what depends on mined transactions does.
func (g *graph) remove(es ...*entry) {
	var linked []*entry
	for _, e := range es {
		if e.cluster != nil {
			linked = append(linked, e)
			continue
		}
		g.unlist(e.members())
		g.forget(e)
	}
	if len(linked) > 0 {
		g.apply(g.plan(nil, linked))
	}
}

// reprice gives e another fee to be reckoned with.
func (g *graph) reprice(e *entry, modified int64) {
	g.unlist(e.members())
	e.modified = modified
	d := e.draft()
	d.settle(d.linearise())
	g.list(e.members())
}
