package mining

import (
	"cmp"
	"container/heap"
	"math/bits"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// limits are what transactions may fill of a block.
type limits struct{ weight, sigops int }

// Selection gives up after so many packages in a row that did not fit a block
// that is as good as full (Core's addPackageTxs).
const (
	maxFailures = 1000
	nearlyFull  = 4000 // weight units
)

// candidate is a waiting transaction with what it and its ancestors that are
// not in the block yet add up to.
type candidate struct {
	*mempool.Entry
	parents, children []*candidate
	size, fees        int64 // virtual bytes, satoshis
	place             int   // in the queue; -1: not in it
	taken, mark       bool
}

// score is the feerate by which candidates are tried: with ancestors or alone,
// whichever is less, so that a rich child does not make a chain of its own.
func (c *candidate) score() (fee, size int64) {
	if higher(c.fees, c.size, c.Fee, int64(c.Size)) {
		return c.Fee, int64(c.Size)
	}
	return c.fees, c.size
}

// higher says whether fee a for size as is a higher feerate than b for bs.
func higher(a, as, b, bs int64) bool {
	h1, l1 := bits.Mul64(uint64(a), uint64(bs))
	h2, l2 := bits.Mul64(uint64(b), uint64(as))
	return h1 > h2 || h1 == h2 && l1 > l2
}

// selectPackages picks the transactions of a block after s by ancestor feerate, each
// after all that it spends.
func (a *Assembler) selectPackages(s *consensus.State, es []mempool.Entry, banned map[wire.Hash]bool, room limits) []pick {
	q := candidates(es)
	b := &builder{room: room, minFee: a.minFee, height: s.Height + 1, median: s.MedianTimePast(),
		segwit: s.Height+1 >= s.Params.Segwit, banned: banned}
	for failures := 0; q.Len() > 0; {
		c := heap.Pop(&q).(*candidate)
		if c.fees*1000 < b.minFee*c.size {
			break // none of the others pays more
		}
		pack := c.pack()
		if !b.fits(pack) {
			if failures++; failures > maxFailures && b.room.weight < nearlyFull {
				break
			}
			continue
		}
		failures = 0
		b.take(pack)
		q.update(pack)
	}
	return b.picked
}

// candidates links the entries and queues them all.
func candidates(es []mempool.Entry) queue {
	slab := make([]candidate, len(es))
	index := make(map[wire.Hash]*candidate, len(es))
	q := make(queue, len(es))
	for i := range es {
		e := &es[i]
		slab[i] = candidate{Entry: e, size: e.AncestorSize, fees: e.AncestorFees, place: i}
		q[i] = &slab[i]
		if e.AncestorCount > 1 || e.DescendantCount > 1 {
			index[e.Tx.ID()] = &slab[i]
		}
	}
	for i := range slab {
		for _, id := range slab[i].Parents {
			if p := index[id]; p != nil {
				slab[i].parents = append(slab[i].parents, p)
				p.children = append(p.children, &slab[i])
			}
		}
	}
	heap.Init(&q)
	return q
}

// pack is c with its ancestors that are not in the block, parents first.
func (c *candidate) pack() []*candidate {
	es := reach(c, func(c *candidate) []*candidate { return c.parents })
	es = slices.DeleteFunc(es, func(c *candidate) bool { return c.taken })
	slices.SortFunc(es, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(a.AncestorCount, b.AncestorCount), cmp.Compare(a.Sequence, b.Sequence))
	})
	return es
}

// reach lists c and the candidates that next leads to, each once.
func reach(c *candidate, next func(*candidate) []*candidate) []*candidate {
	es := []*candidate{c}
	c.mark = true
	for i := 0; i < len(es); i++ {
		for _, o := range next(es[i]) {
			if !o.mark {
				o.mark = true
				es = append(es, o)
			}
		}
	}
	for _, e := range es {
		e.mark = false
	}
	return es
}

// builder is a block being filled.
type builder struct {
	room           limits // that is left
	minFee         int64
	height, median uint32
	segwit         bool
	banned         map[wire.Hash]bool
	picked         []pick
}

// fits says whether all of a package may be in the block.
func (b *builder) fits(pack []*candidate) bool {
	left := b.room
	for _, c := range pack {
		left.weight -= c.Tx.Weight()
		left.sigops -= c.Sigops
		if left.weight < 0 || left.sigops < 0 || !consensus.IsFinal(c.Tx, b.height, b.median) ||
			!b.segwit && c.Tx.HasWitness() || len(b.banned) > 0 && b.banned[c.Tx.ID()] {
			return false
		}
	}
	return true
}

func (b *builder) take(pack []*candidate) {
	for _, c := range pack {
		c.taken = true
		b.room.weight -= c.Tx.Weight()
		b.room.sigops -= c.Sigops
		b.picked = append(b.picked, pick{c.Tx, c.Fee, c.Sigops})
	}
}

// queue is a heap of candidates, the highest score on top and, among equals,
// the one that waits longest.
type queue []*candidate

// update takes a package off the sums of what depends on it. What did not fit
// before does not now: it lost no more weight than the room did.
func (q *queue) update(pack []*candidate) {
	for _, c := range pack {
		if c.place >= 0 {
			heap.Remove(q, c.place)
		}
	}
	for _, c := range pack {
		for _, d := range reach(c, func(c *candidate) []*candidate { return c.children }) {
			if d.taken {
				continue // but what lies below is c's descendant, too
			}
			d.size -= int64(c.Size)
			d.fees -= c.Fee
			if d.place >= 0 {
				heap.Fix(q, d.place)
			}
		}
	}
}

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	fi, si := q[i].score()
	fj, sj := q[j].score()
	if higher(fi, si, fj, sj) {
		return true
	}
	return !higher(fj, sj, fi, si) && q[i].Sequence < q[j].Sequence
}
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}
func (q *queue) Push(x any) {
	c := x.(*candidate)
	c.place = len(*q)
	*q = append(*q, c)
}
func (q *queue) Pop() any {
	old := *q
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	c.place = -1
	return c
}
