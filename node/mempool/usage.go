package mempool

import "unsafe"

// What things take in memory, in bytes. That the sum agrees with the heap is tested.
const (
	entrySize   = int64(unsafe.Sizeof(entry{}))
	linkSize    = 8 + 8 // in a cluster's slices
	clusterSize = int64(unsafe.Sizeof(cluster{}))
	chunkSlot   = 8 * 4 / 3 // blocks of the order are three quarters full, or so
	deltaSize   = 96        // of a map entry, growth included
)

// wholePages is the length from which on an allocation takes whole pages of 8 KiB.
const wholePages = 32 << 10

// usage is what e and its encoding take, without the rest of a long one's last page: how many
// transactions a bound holds must not depend on it (a ninth, of 66 kB).
func (e *entry) usage() int64 {
	if len(e.raw) > wholePages {
		return entrySize + int64(len(e.raw))
	}
	return entrySize + int64(cap(e.raw))
}

// usage is what the slots and their tags take.
func (t *table[S]) usage() int64 {
	var s S
	return int64(len(t.slots)) * int64(unsafe.Sizeof(s)+unsafe.Sizeof(t.tags[0]))
}

// usage is what the graph takes.
func (g *graph) usage() int64 {
	return g.own +
		int64(g.linked)*linkSize + int64(g.linked/2)*clusterSize +
		int64(g.order.n)*chunkSlot +
		g.byID.usage() + g.byWitness.usage() + g.spends.usage()
}

// usage is what the pool's transactions take. Guarded by p.mu.
func (p *Pool) usage() int64 { return p.graph.usage() + deltaSize*int64(len(p.deltas)) }
