package mempool

import (
	"unsafe"

	"github.com/quernnet/quern/consensus/wire"
)

// What things take in memory, in bytes. That the sum agrees with the heap is tested.
const (
	entrySize   = int64(unsafe.Sizeof(entry{}))
	linkSize    = 8 + 8 // in a cluster's slices
	clusterSize = int64(unsafe.Sizeof(cluster{}))
	chunkSlot   = 8 * 4 / 3 // blocks of the order are three quarters full, or so
	deltaSize   = 96        // of a map entry, growth included
)

// usage is what e and its encoding take.
func (e *entry) usage() int64 { return entrySize + int64(cap(e.raw)) }

// usage is what the graph takes.
func (g *graph) usage() int64 {
	return g.own +
		int64(g.linked)*linkSize + int64(g.linked/2)*clusterSize +
		int64(g.order.n)*chunkSlot +
		int64(len(g.byID.slots)+len(g.byWitness.slots))*int64(unsafe.Sizeof((*entry)(nil))) +
		int64(len(g.spends.slots))*int64(unsafe.Sizeof(spend{}))
}

// Memory in bytes that a decoded transaction takes beside its encoding.
const (
	txSize   = int64(unsafe.Sizeof(wire.Tx{}))
	inSize   = int64(unsafe.Sizeof(wire.In{}))
	outSize  = int64(unsafe.Sizeof(wire.Out{}))
	itemSize = int64(unsafe.Sizeof([]byte(nil)))
)

// decodedUsage reckons the memory that t takes, decoded.
func decodedUsage(t *wire.Tx) int64 {
	n := txSize + int64(t.Size()) + inSize*int64(len(t.Ins)) + outSize*int64(len(t.Outs))
	for i := range t.Ins {
		n += itemSize * int64(len(t.Ins[i].Witness))
	}
	return n
}

// usage is what the pool's transactions take. Guarded by p.mu.
func (p *Pool) usage() int64 { return p.graph.usage() + deltaSize*int64(len(p.deltas)) }
