package relay

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/quernnet/quern/consensus/wire"
)

// Key makes short ids: two halves of a SipHash key that nobody knows before the
// block is found, so that nobody can prepare transactions whose short ids collide.
type Key [2]uint64

// keyOf derives the key as BIP152 does: the first 16 bytes of the SHA-256 of the
// header and the nonce.
func keyOf(h *wire.Header, nonce uint64) Key {
	var buf [wire.HeaderSize + 8]byte
	b := binary.LittleEndian.AppendUint64(h.Append(buf[:0]), nonce)
	sum := sha256.Sum256(b)
	return Key{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])}
}

// Short is the short id of a transaction by its id with witness: the low 48
// bits of its SipHash.
func (k Key) Short(wid *wire.Hash) uint64 { return k.sip(wid) & (1<<48 - 1) }

// sip is SipHash-2-4 (Aumasson and Bernstein, 2012) of exactly 32 bytes.
func (k Key) sip(m *wire.Hash) uint64 {
	v0, v1 := k[0]^0x736f6d6570736575, k[1]^0x646f72616e646f6d
	v2, v3 := k[0]^0x6c7967656e657261, k[1]^0x7465646279746573
	for i := 0; i < wire.HashSize; i += 8 {
		w := binary.LittleEndian.Uint64(m[i:])
		v3 ^= w
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0 ^= w
	}
	const last = wire.HashSize << 56 // the message's length ends it
	v3 ^= last
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0 ^= last
	v2 ^= 0xff
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	return v0 ^ v1 ^ v2 ^ v3
}

func sipRound(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0 += v1
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v0 = bits.RotateLeft64(v0, 32)
	v2 += v3
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 += v3
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 += v1
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v2 = bits.RotateLeft64(v2, 32)
	return v0, v1, v2, v3
}
