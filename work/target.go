package work

import (
	"encoding/binary"
	"math"
)

// Bits is a compact target, the form in which a header carries it: one byte of
// exponent, a sign bit, 23 bits of mantissa (Bitcoin Core, arith_uint256
// SetCompact).
type Bits uint32

// Target is a 256-bit number, least significant limb first. A block's id, read
// as a little-endian number, must not exceed it.
type Target [4]uint64

const (
	mantissa = 0x007fffff
	sign     = 0x00800000
)

// Target expands b. negative and overflow say that b encodes a number that no
// target may be; the target is then meaningless.
func (b Bits) Target() (t Target, negative, overflow bool) {
	size, word := uint(b>>24), uint64(b&mantissa)
	if size <= 3 {
		word >>= 8 * (3 - size)
		t[0] = word
	} else {
		t = shiftLeft(Target{word}, 8*(size-3))
	}
	negative = word != 0 && b&sign != 0
	overflow = word != 0 && (size > 34 || word > 0xff && size > 33 || word > 0xffff && size > 32)
	return t, negative, overflow
}

// Bits compresses t, losing all but its 23 or so leading bits. A mantissa whose
// top bit would read as the sign takes one more byte of exponent.
func (t Target) Bits() Bits {
	size := uint(bitLen(t)+7) / 8
	var word uint64
	if size <= 3 {
		word = t[0] << (8 * (3 - size))
	} else {
		word = shiftRight(t, 8*(size-3))[0]
	}
	if word&sign != 0 {
		word >>= 8
		size++
	}
	return Bits(size<<24) | Bits(word)
}

// target expands b; ok says that it is a positive number of 256 bits.
func (b Bits) target() (t Target, ok bool) {
	t, negative, overflow := b.Target()
	return t, !negative && !overflow && t != Target{}
}

// Valid says whether b is a positive target not above limit.
func (b Bits) Valid(limit Bits) bool {
	t, ok := b.target()
	if !ok {
		return false
	}
	most, ok := limit.target()
	return ok && t.Cmp(most) <= 0
}

// Met says whether id (internal byte order) is at or below b's target. An
// invalid b is never met.
func (b Bits) Met(id [32]byte) bool {
	t, ok := b.target()
	return ok && t.Met(id)
}

// Met says whether id (internal byte order) is at or below t.
func (t Target) Met(id [32]byte) bool {
	n := Target{
		binary.LittleEndian.Uint64(id[0:]),
		binary.LittleEndian.Uint64(id[8:]),
		binary.LittleEndian.Uint64(id[16:]),
		binary.LittleEndian.Uint64(id[24:]),
	}
	return n.Cmp(t) <= 0
}

// Cmp returns -1, 0 or 1 as t is less than, equal to or more than o.
func (t Target) Cmp(o Target) int { return compare(t, o) }

// String writes 64 hex digits, most significant first, as bitcoind's "target".
func (t Target) String() string { return hex256(t) }

// Difficulty is b's difficulty relative to 0x1d00ffff, as bitcoind reports it:
// a ratio of mantissas, scaled by the exponents, sign bit included. It is zero
// when the mantissa is.
func (b Bits) Difficulty() float64 {
	word := b & 0x00ffffff
	if word == 0 {
		return 0
	}
	return math.Ldexp(0xffff/float64(word), 8*(29-int(b>>24)))
}
