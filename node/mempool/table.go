package mempool

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/quernnet/quern/consensus/wire"
)

// table is a hash set whose slots know their own keys, which makes it several times smaller
// than a map: open addressing, linear probing, deletion by moving back.
//
// A slot's tag is the hash of its key, cut to 32 bits: where it lives, and whether it is worth a look. The
// keys are all over memory, so that to read one takes longer than all else; a change of the table reads none.
//
// Invariants: tags[i] is 0 exactly if there is none in slots[i]; between a slot's home, which its tag says,
// and its place no slot is empty.
type table[S any] struct {
	slots []S // a power of two, or none
	tags  []uint32
	n     int
}

const smallestTable = 64

// tagOf makes a tag of a hash: never 0.
func tagOf(h uint64) uint32 { return max(uint32(h), 1) }

// find returns the slot with that tag that is what is looked for, and its place.
func (t *table[S]) find(tag uint32, same func(S) bool) (found S, at int) {
	mask := len(t.tags) - 1
	for i := int(tag) & mask; mask > 0 && t.tags[i] != 0; i = (i + 1) & mask {
		if t.tags[i] == tag && same(t.slots[i]) {
			return t.slots[i], i
		}
	}
	return found, -1
}

// put adds a slot whose key is not there yet.
func (t *table[S]) put(tag uint32, s S) {
	if t.n+1 > len(t.slots)/4*3 {
		t.resize(max(smallestTable, 2*len(t.slots)))
	}
	t.place(tag, s)
	t.n++
}

func (t *table[S]) place(tag uint32, s S) {
	mask := len(t.tags) - 1
	i := int(tag) & mask
	for t.tags[i] != 0 {
		i = (i + 1) & mask
	}
	t.tags[i], t.slots[i] = tag, s
}

func (t *table[S]) resize(n int) {
	tags, slots := t.tags, t.slots
	t.tags, t.slots = make([]uint32, n), make([]S, n)
	for i, tag := range tags {
		if tag != 0 {
			t.place(tag, slots[i])
		}
	}
}

// drop empties the slot at a place that find returned.
func (t *table[S]) drop(at int) {
	if at < 0 {
		return
	}
	var none S
	mask := len(t.tags) - 1
	hole := at
	for i := (hole + 1) & mask; t.tags[i] != 0; i = (i + 1) & mask {
		// What would be found no more moves to the hole.
		if home := int(t.tags[i]) & mask; (i-home)&mask >= (i-hole)&mask {
			t.tags[hole], t.slots[hole] = t.tags[i], t.slots[i]
			hole = i
		}
	}
	t.tags[hole], t.slots[hole] = 0, none
	if t.n--; t.n < len(t.slots)/8 && len(t.slots) > smallestTable {
		t.resize(len(t.slots) / 2)
	}
}

// all yields the slots, in no order. The table must not change meanwhile.
func (t *table[S]) all(yield func(S) bool) {
	for i, tag := range t.tags {
		if tag != 0 && !yield(t.slots[i]) {
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

func newIndex() *index { return &index{seed: maphash.MakeSeed()} }

// tag is that of a key.
func (x *index) tag(key []byte) uint32 { return tagOf(maphash.Bytes(x.seed, key)) }

// get returns the entry with an id, or nil.
func (x *index) get(id wire.Hash) *entry {
	e, _ := x.byID.find(x.tag(id[:]), func(e *entry) bool { return e.id == id })
	return e
}

// getWitness returns the entry with an id with witness, or nil.
func (x *index) getWitness(wid wire.Hash) *entry {
	e, _ := x.byWitness.find(x.tag(wid[:]), func(e *entry) bool { return e.wid == wid })
	return e
}

// spender returns the entry that spends op, or nil.
func (x *index) spender(op wire.Outpoint) *entry {
	var key [outpointSize]byte
	copy(key[:], op.TxID[:])
	binary.LittleEndian.PutUint32(key[wire.HashSize:], op.Index)
	s, _ := x.spends.find(x.tag(key[:]), func(s spend) bool { return [outpointSize]byte(s.e.raw[s.off:]) == key })
	return s.e
}

func (x *index) insert(e *entry) {
	x.byID.put(x.tag(e.id[:]), e)
	x.byWitness.put(x.tag(e.wid[:]), e)
	for off := range e.prevs {
		x.spends.put(x.tag(e.raw[off:off+outpointSize]), spend{e, off})
	}
}

func (x *index) forget(e *entry) {
	is := func(o *entry) bool { return o == e }
	_, at := x.byID.find(x.tag(e.id[:]), is)
	x.byID.drop(at)
	_, at = x.byWitness.find(x.tag(e.wid[:]), is)
	x.byWitness.drop(at)
	for off := range e.prevs {
		_, at := x.spends.find(x.tag(e.raw[off:off+outpointSize]), func(s spend) bool { return s == spend{e, off} })
		x.spends.drop(at)
	}
}
