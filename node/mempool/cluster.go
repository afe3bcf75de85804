package mempool

import (
	"bytes"
	"math/bits"
	"slices"
)

// cluster is two or more entries connected by spending, in the order of their
// linearisation: a chunk is a run of them, which its first one knows.
//
// Invariants: txs[i].cluster is the cluster and txs[i].at is i; parents[i] has
// the bits of the entries that txs[i] spends from, all of them less than i;
// the chunks' feerates do not rise; no two entries are unconnected.
type cluster struct {
	txs     []*entry
	parents []set
	rough   bool // the effort did not suffice to find the best order
}

// members lists the entries connected with e, e among them.
func (e *entry) members() []*entry {
	if e.cluster == nil {
		return []*entry{e}
	}
	return e.cluster.txs
}

// above has the bits of e and of all that it depends on.
func (c *cluster) above(s set) set {
	for i := len(c.txs) - 1; i >= 0; i-- {
		if s>>i&1 == 1 {
			s |= c.parents[i]
		}
	}
	return s
}

// below has the bits of those in s and of all that depend on them.
func (c *cluster) below(s set) set {
	for i := range c.txs {
		if c.parents[i]&s != 0 {
			s |= 1 << i
		}
	}
	return s
}

// pick lists the entries whose bits s has, in mining order.
func (c *cluster) pick(s set) []*entry {
	out := make([]*entry, 0, bits.OnesCount64(s))
	for i := range each(s) {
		out = append(out, c.txs[i])
	}
	return out
}

// ancestors lists all that e depends on and, last, e.
func (e *entry) ancestors() []*entry {
	if e.cluster == nil {
		return []*entry{e}
	}
	return e.cluster.pick(e.cluster.above(1 << e.at))
}

// descendants lists e and all that depend on it, parents first.
func (e *entry) descendants() []*entry {
	if e.cluster == nil {
		return []*entry{e}
	}
	return e.cluster.pick(e.cluster.below(1 << e.at))
}

// parents lists the entries that e spends from.
func (e *entry) parents() []*entry {
	if e.cluster == nil {
		return nil
	}
	return e.cluster.pick(e.cluster.parents[e.at])
}

// children lists the entries that spend from e.
func (e *entry) children() (out []*entry) {
	if e.cluster == nil {
		return nil
	}
	for i, p := range e.cluster.parents {
		if p>>e.at&1 == 1 {
			out = append(out, e.cluster.txs[i])
		}
	}
	return out
}

// draft is a cluster to be: entries in a valid order, with their parents.
type draft struct {
	txs     []*entry
	parents []set
}

// linearise puts the draft in the best order.
func (d *draft) linearise() line {
	rates, order := make([]rate, len(d.txs)), make([]int, len(d.txs))
	for i, e := range d.txs {
		rates[i], order[i] = e.rate(), i
	}
	return linearise(rates, d.parents, order, func(i, j int) bool {
		return bytes.Compare(d.txs[i].id[:], d.txs[j].id[:]) < 0
	})
}

// settle makes d's entries a cluster in the order of l.
func (d *draft) settle(l line) {
	c := &cluster{rough: !l.best}
	if len(d.txs) == 1 {
		c = nil
	} else {
		c.txs, c.parents = make([]*entry, len(d.txs)), make([]set, len(d.txs))
	}
	var place [maxCluster]int
	for to, from := range l.order {
		place[from] = to
	}
	for to, from := range l.order {
		e := d.txs[from]
		e.cluster, e.at, e.chunkLen = c, uint8(to), 0
		if c != nil {
			c.txs[to] = e
			for p := range each(d.parents[from]) {
				c.parents[to] |= 1 << place[p]
			}
		}
	}
	at := 0
	for _, r := range l.chunks {
		e := d.txs[l.order[at]]
		e.chunkLen, e.chunkFee, e.chunkSize = uint8(r.n), r.fee, int32(r.size)
		at += r.n
	}
}

// parts divides a draft into its connected parts, each in the order of the whole.
func (d *draft) parts() (out []draft) {
	near := make([]set, len(d.txs))
	for i, ps := range d.parents {
		near[i] |= ps | 1<<i
		for p := range each(ps) {
			near[p] |= 1 << i
		}
	}
	for left := set(1)<<len(d.txs) - 1; left != 0; {
		part := left & -left
		for grown := set(0); grown != part; {
			grown = part
			for i := range each(grown) {
				part |= near[i]
			}
		}
		left &^= part
		out = append(out, d.subset(part))
	}
	return out
}

// subset is what d has of the entries in s.
func (d *draft) subset(s set) draft {
	n := bits.OnesCount64(s)
	out := draft{txs: make([]*entry, 0, n), parents: make([]set, 0, n)}
	for i := range each(s) {
		out.txs = append(out.txs, d.txs[i])
		out.parents = append(out.parents, compress(d.parents[i], s))
	}
	return out
}

// compress moves the bits of v that are in s to where they are among those of s.
func compress(v, s set) (out set) {
	for i := range each(v & s) {
		out |= 1 << bits.OnesCount64(s&(1<<i-1))
	}
	return out
}

// draft is e's cluster as a draft.
func (e *entry) draft() draft {
	if e.cluster == nil {
		return draft{[]*entry{e}, []set{0}}
	}
	return draft{slices.Clone(e.cluster.txs), slices.Clone(e.cluster.parents)}
}
