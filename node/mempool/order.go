package mempool

import (
	"bytes"
	"slices"
	"sort"
)

// order holds the first entry of every chunk of the pool, best first: sorted, in
// blocks of some hundreds, so that a change moves little and a walk is one of
// slices.
//
// Invariants: no block is empty; within and across blocks each chunk comes
// before the next by comesBefore. A cluster leaves the order before it changes.
type order struct {
	blocks [][]*entry
	n      int
}

const fullBlock = 256 // chunks

// comesBefore is Core 31's order of chunks: by feerate; by the size of what the cluster
// has of that feerate up to there, which keeps a cluster's chunks in their
// order; by the greatest id of each.
func (e *entry) comesBefore(o *entry) bool {
	if c := e.chunkRate().compare(o.chunkRate()); c != 0 {
		return c > 0
	}
	if a, b := e.prefix(), o.prefix(); a != b {
		return a < b
	}
	a, b := e.greatest(), o.greatest()
	return bytes.Compare(a.id[:], b.id[:]) < 0
}

// chunkRate is what the chunk that e begins pays.
func (e *entry) chunkRate() rate { return rate{e.chunkFee, int64(e.chunkSize)} }

// prefix is the weight of the cluster's chunks that pay the same feerate as the one that e
// begins, up to and with it.
func (e *entry) prefix() int64 {
	sum := int64(e.chunkSize)
	if e.cluster == nil {
		return sum
	}
	for i := int(e.at) - 1; i >= 0; i-- {
		o := e.cluster.txs[i]
		if o.chunkLen == 0 {
			continue
		}
		if o.chunkRate().compare(e.chunkRate()) != 0 {
			break
		}
		sum += int64(o.chunkSize)
	}
	return sum
}

// greatest is the entry with the greatest id of the chunk that e begins.
func (e *entry) greatest() *entry {
	if e.chunkLen == 1 {
		return e
	}
	return slices.MaxFunc(e.chunk(), func(a, b *entry) int { return bytes.Compare(a.id[:], b.id[:]) })
}

// chunk lists the entries of the chunk that e begins.
func (e *entry) chunk() []*entry {
	if e.cluster == nil {
		return []*entry{e}
	}
	return e.cluster.txs[e.at : int(e.at)+int(e.chunkLen)]
}

// head is the entry that begins the chunk e is in; e itself before it is in one.
func (e *entry) head() *entry {
	for e.chunkLen == 0 && e.cluster != nil {
		e = e.cluster.txs[e.at-1]
	}
	return e
}

// place finds where e is, or would be.
func (o *order) place(e *entry) (block, at int) {
	block = sort.Search(len(o.blocks), func(i int) bool {
		b := o.blocks[i]
		return !b[len(b)-1].comesBefore(e)
	})
	if block == len(o.blocks) {
		return block, 0
	}
	b := o.blocks[block]
	return block, sort.Search(len(b), func(i int) bool { return !b[i].comesBefore(e) })
}

func (o *order) insert(e *entry) {
	o.n++
	i, at := o.place(e)
	if i == len(o.blocks) {
		if i == 0 {
			o.blocks = append(o.blocks, []*entry{e})
			return
		}
		i--
		at = len(o.blocks[i])
	}
	b := slices.Insert(o.blocks[i], at, e)
	if len(b) > fullBlock {
		half := len(b) / 2
		if i == len(o.blocks)-1 && at == len(b)-1 {
			half = len(b) - 1 // what comes in order fills its blocks
		}
		o.blocks = slices.Insert(o.blocks, i+1, slices.Clone(b[half:]))
		clear(b[half:])
		b = b[:half]
	}
	o.blocks[i] = b
}

func (o *order) remove(e *entry) {
	i, at := o.place(e)
	if i == len(o.blocks) || o.blocks[i][at] != e {
		panic("mempool: a chunk is not where its feerate says")
	}
	o.n--
	if o.blocks[i] = slices.Delete(o.blocks[i], at, at+1); len(o.blocks[i]) == 0 {
		o.blocks = slices.Delete(o.blocks, i, i+1)
	}
}

// worst is the chunk to be evicted next, nil when there is none.
func (o *order) worst() *entry {
	if o.n == 0 {
		return nil
	}
	b := o.blocks[len(o.blocks)-1]
	return b[len(b)-1]
}

// all yields the chunks, best first. The order must not change meanwhile.
func (o *order) all(yield func(*entry) bool) {
	for _, b := range o.blocks {
		for _, e := range b {
			if !yield(e) {
				return
			}
		}
	}
}
