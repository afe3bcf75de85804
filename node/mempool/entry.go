package mempool

import (
	"encoding/binary"
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Packed is a transaction at hand, as its bytes, which is what memory is best spent on
// while it waits: decoded, it takes twice as much.
type Packed struct {
	raw     []byte // with witness; never changed
	id, wid wire.Hash
}

// pack copies t into memory of its own: scripts of a decoded transaction point
// into all the bytes that it was decoded with, a whole block's perhaps.
func pack(t *wire.Tx) Packed {
	// Growing nil rounds the capacity up to what the allocation really takes.
	return Packed{raw: t.Append(append([]byte(nil), make([]byte, t.Size())...)[:0]), id: t.ID(), wid: t.WitnessID()}
}

// Pack copies t.
func Pack(t *wire.Tx) *Packed {
	k := pack(t)
	return &k
}

// Decode returns the transaction.
func (k *Packed) Decode() *wire.Tx {
	t, err := wire.Reopen(k.raw, k.id, k.wid)
	if err != nil {
		panic(fmt.Sprintf("mempool: transaction %v is damaged in memory: %v", k.id, err)) // it was encoded by us
	}
	return t
}

// ID is the transaction's id.
func (k *Packed) ID() wire.Hash { return k.id }

// WitnessID is the transaction's id with witness.
func (k *Packed) WitnessID() wire.Hash { return k.wid }

// Raw is the encoding with witness. It must not be changed.
func (k *Packed) Raw() []byte { return k.raw }

// outpointSize is the length of an outpoint's encoding in bytes.
const outpointSize = wire.HashSize + 4

// prevs yields where the outpoints that the transaction spends are in raw.
func (k *Packed) prevs(yield func(off uint32) bool) {
	at := 4
	if k.raw[at] == 0 { // marker and flag of BIP144; a transaction without inputs does not wait
		at += 2
	}
	n, at := readVarint(k.raw, at)
	for range n {
		if !yield(uint32(at)) {
			return
		}
		var size uint64
		size, at = readVarint(k.raw, at+outpointSize)
		at += int(size) + 4
	}
}

func readVarint(b []byte, at int) (v uint64, next int) {
	switch b[at] {
	case 0xfd:
		return uint64(binary.LittleEndian.Uint16(b[at+1:])), at + 3
	case 0xfe:
		return uint64(binary.LittleEndian.Uint32(b[at+1:])), at + 5
	case 0xff:
		return binary.LittleEndian.Uint64(b[at+1:]), at + 9
	}
	return uint64(b[at]), at + 1
}

// What is known of an entry beside its numbers.
const (
	flagTimed       = 1 << iota // a shorter chain could make it premature: locks, a coinbase's coin
	flagDoubtful                // it spends an output of a reverted block
	flagPrivate                 // not to be told to the swarm yet
	flagUnbroadcast             // our user's own, and nobody is known to have it
)

// entry is a waiting transaction and its place among the others. Only the
// graph writes the fields below the line.
type entry struct {
	Packed
	fee         int64  // satoshis, as it pays
	modified    int64  // satoshis, with what the user added or took
	time        int64  // Unix seconds, when it entered
	weight      int32  // weight units, sigop-adjusted
	plainWeight int32  // as by BIP141
	sigops      int32  // cost
	height      uint32 // of the tip when it entered
	flags       uint8

	// ----
	at        uint8    // its place in the cluster
	chunkLen  uint8    // of the chunk that it begins; 0: it does not begin one
	chunkFee  int64    // satoshis, of that chunk
	chunkSize int32    // weight units, of that chunk
	cluster   *cluster // nil: it is alone
	seq       uint64   // order of entry
}

// vsize is the size in virtual bytes, sigop-adjusted.
func (e *entry) vsize() int64 {
	return (int64(e.weight) + consensus.WitnessScale - 1) / consensus.WitnessScale
}

// maxReckoned bounds the fees that are reckoned with, in satoshis: more than there are
// coins, and no sum over a cluster overflows.
const maxReckoned = 1 << 56

func (e *entry) rate() rate {
	return rate{max(-maxReckoned, min(e.modified, maxReckoned)), int64(e.weight)}
}

func (e *entry) is(flag uint8) bool { return e.flags&flag != 0 }

func (e *entry) set(flag uint8, on bool) {
	e.flags &^= flag
	if on {
		e.flags |= flag
	}
}
