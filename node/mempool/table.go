package mempool

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/quernnet/quern/consensus/wire"
)

// table is a hash set whose slots know their own keys, which makes it several times smaller
// than a map: open addressing, linear probing, deletion by moving back. The zero
// slot means none.
type table[S comparable] struct {
	slots []S // a power of two, or none
	n     int
	hash  func(S) uint64
}

const smallestTable = 64

// find returns the slot with that hash that is what is looked for, and its place.
func (t *table[S]) find(h uint64, same func(S) bool) (found S, at int) {
	var none S
	if len(t.slots) == 0 {
		return none, -1
	}
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; t.slots[i] != none; i = (i + 1) & mask {
		if same(t.slots[i]) {
			return t.slots[i], int(i)
		}
	}
	return none, -1
}

// put adds a slot whose key is not there yet.
func (t *table[S]) put(s S) {
	if t.n+1 > len(t.slots)/4*3 {
		t.resize(max(smallestTable, 2*len(t.slots)))
	}
	t.place(s)
	t.n++
}

func (t *table[S]) place(s S) {
	var none S
	mask := uint64(len(t.slots) - 1)
	i := t.hash(s) & mask
	for t.slots[i] != none {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

func (t *table[S]) resize(n int) {
	old := t.slots
	t.slots = make([]S, n)
	var none S
	for _, s := range old {
		if s != none {
			t.place(s)
		}
	}
}

// drop empties the slot at a place that find returned.
func (t *table[S]) drop(at int) {
	if at < 0 {
		return
	}
	var none S
	mask := uint64(len(t.slots) - 1)
	hole := uint64(at)
	for i := (hole + 1) & mask; t.slots[i] != none; i = (i + 1) & mask {
		// What would be found no more moves to the hole.
		if home := t.hash(t.slots[i]) & mask; (i-home)&mask >= (i-hole)&mask {
			t.slots[hole] = t.slots[i]
			hole = i
		}
	}
	t.slots[hole] = none
	if t.n--; t.n < len(t.slots)/8 && len(t.slots) > smallestTable {
		t.resize(len(t.slots) / 2)
	}
}

// all yields the slots, in no order. The table must not change meanwhile.
func (t *table[S]) all(yield func(S) bool) {
	var none S
	for _, s := range t.slots {
		if s != none && !yield(s) {
			return
		}
	}
}

// spend is an input of an entry: where its outpoint is in the entry's bytes.
type spend struct {
	e   *entry
	off uint32
}

// index finds entries by id, by id with witness, and by what they spend. Its
// hashes are seeded, so that nobody can choose ids that collide.
type index struct {
	seed      maphash.Seed
	byID      table[*entry]
	byWitness table[*entry]
	spends    table[spend]
}

func newIndex() *index {
	x := &index{seed: maphash.MakeSeed()}
	x.byID.hash = func(e *entry) uint64 { return maphash.Bytes(x.seed, e.id[:]) }
	x.byWitness.hash = func(e *entry) uint64 { return maphash.Bytes(x.seed, e.wid[:]) }
	x.spends.hash = func(s spend) uint64 { return maphash.Bytes(x.seed, s.e.raw[s.off:s.off+outpointSize]) }
	return x
}

// get returns the entry with an id, or nil.
func (x *index) get(id wire.Hash) *entry {
	e, _ := x.byID.find(maphash.Bytes(x.seed, id[:]), func(e *entry) bool { return e.id == id })
	return e
}

// getWitness returns the entry with an id with witness, or nil.
func (x *index) getWitness(wid wire.Hash) *entry {
	e, _ := x.byWitness.find(maphash.Bytes(x.seed, wid[:]), func(e *entry) bool { return e.wid == wid })
	return e
}

// spender returns the entry that spends op, or nil.
func (x *index) spender(op wire.Outpoint) *entry {
	s, _ := x.findSpend(op)
	return s.e
}

func (x *index) findSpend(op wire.Outpoint) (spend, int) {
	var key [outpointSize]byte
	copy(key[:], op.TxID[:])
	binary.LittleEndian.PutUint32(key[wire.HashSize:], op.Index)
	return x.spends.find(maphash.Bytes(x.seed, key[:]), func(s spend) bool {
		return [outpointSize]byte(s.e.raw[s.off:]) == key
	})
}

func (x *index) insert(e *entry) {
	x.byID.put(e)
	x.byWitness.put(e)
	for off := range e.prevs {
		x.spends.put(spend{e, off})
	}
}

func (x *index) forget(e *entry) {
	_, at := x.byID.find(maphash.Bytes(x.seed, e.id[:]), func(o *entry) bool { return o == e })
	x.byID.drop(at)
	_, at = x.byWitness.find(maphash.Bytes(x.seed, e.wid[:]), func(o *entry) bool { return o == e })
	x.byWitness.drop(at)
	for off := range e.prevs {
		_, at := x.findSpend(e.outpointAt(off))
		x.spends.drop(at)
	}
}
