package consensus

import (
	"encoding/binary"
	"math/bits"

	"github.com/quernnet/quern/consensus/wire"
)

// Two hash tables of a block's inputs and transactions. They hold places in the
// block, so that the whole table is one allocation without pointers.

// seed makes a hash that nobody can prepare collisions for: it is the block's
// id, which takes work to change and depends on every input.
type seed [2]uint64

func newSeed(b *wire.Block) seed {
	id := b.ID()
	return seed{binary.LittleEndian.Uint64(id[:]), binary.LittleEndian.Uint64(id[8:])}
}

func (s seed) hash(txid *wire.Hash, index uint32) uint64 {
	// An odd constant spreads the outputs of one transaction over all bits.
	x := binary.LittleEndian.Uint64(txid[:]) ^ s[0]
	y := binary.LittleEndian.Uint64(txid[8:]) ^ (s[1] + uint64(index)*0x9e3779b97f4a7c15)
	high, low := bits.Mul64(x, y)
	return high ^ low
}

// slots is a power of two of at least twice n.
func slots(n int) int { return 1 << bits.Len(uint(2*n)) }

// inputSet holds inputs by what they spend.
type inputSet struct {
	block *wire.Block
	seed  seed
	slots []uint64 // 1 + transaction<<32 + input, 0 when free
}

// newInputSet has room for n inputs of b.
func newInputSet(b *wire.Block, n int) inputSet {
	return inputSet{block: b, seed: newSeed(b), slots: make([]uint64, slots(n))}
}

// add adds input in of transaction tx, unless one that spends the same is there.
func (s *inputSet) add(tx, in int) bool {
	op := &s.block.Txs[tx].Ins[in].Prev
	mask := uint64(len(s.slots) - 1)
	for i := s.seed.hash(&op.TxID, op.Index) & mask; ; i = (i + 1) & mask {
		v := s.slots[i]
		if v == 0 {
			s.slots[i] = 1 + uint64(tx)<<32 + uint64(in)
			return true
		}
		v--
		if s.block.Txs[v>>32].Ins[uint32(v)].Prev == *op {
			return false
		}
	}
}

// txIndex finds a block's transactions by id.
type txIndex struct {
	block *wire.Block
	seed  seed
	slots []uint32 // 1 + transaction, 0 when free
}

func newTxIndex(b *wire.Block) txIndex {
	x := txIndex{block: b, seed: newSeed(b), slots: make([]uint32, slots(len(b.Txs)))}
	for n, t := range b.Txs {
		id := t.ID()
		i := x.start(&id)
		for ; x.slots[i] != 0; i = x.after(i) {
		}
		x.slots[i] = uint32(n) + 1
	}
	return x
}

func (x *txIndex) start(id *wire.Hash) int { return int(x.seed.hash(id, 0)) & (len(x.slots) - 1) }
func (x *txIndex) after(i int) int         { return (i + 1) & (len(x.slots) - 1) }

// find returns the place of the first transaction with that id, or -1.
func (x *txIndex) find(id wire.Hash) int {
	for i := x.start(&id); x.slots[i] != 0; i = x.after(i) {
		if n := int(x.slots[i] - 1); x.block.Txs[n].ID() == id {
			return n
		}
	}
	return -1
}
