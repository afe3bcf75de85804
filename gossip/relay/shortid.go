package relay

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/quernnet/quern/consensus/siphash"
	"github.com/quernnet/quern/consensus/wire"
)

// Key makes short ids: a SipHash key that nobody knows before the
// block is found, so that nobody can prepare transactions whose short ids collide.
type Key siphash.Key

// keyOf derives the key as BIP152 does: the first 16 bytes of the SHA-256 of the
// header and the nonce.
func keyOf(h *wire.Header, nonce uint64) Key {
	var buf [wire.HeaderSize + 8]byte
	b := binary.LittleEndian.AppendUint64(h.Append(buf[:0]), nonce)
	sum := sha256.Sum256(b)
	return Key(siphash.NewKey([16]byte(sum[:])))
}

// Short is the short id of a transaction by its id with witness: the low 48
// bits of its SipHash.
func (k Key) Short(wid *wire.Hash) uint64 { return siphash.Key(k).Sum(wid[:]) & (1<<48 - 1) }
