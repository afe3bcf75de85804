package work

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

// Arithmetic of 256-bit numbers in four limbs, least significant first.

func hex256(n [4]uint64) string {
	var raw [32]byte
	for i, limb := range n {
		binary.BigEndian.PutUint64(raw[8*(3-i):], limb)
	}
	var text [2 * len(raw)]byte
	hex.Encode(text[:], raw[:])
	return string(text[:])
}

func compare(a, b [4]uint64) int {
	for i := 3; i >= 0; i-- {
		switch {
		case a[i] < b[i]:
			return -1
		case a[i] > b[i]:
			return 1
		}
	}
	return 0
}

func bitLen(n [4]uint64) int {
	for i := 3; i >= 0; i-- {
		if n[i] != 0 {
			return 64*i + bits.Len64(n[i])
		}
	}
	return 0
}

func add(a, b [4]uint64) (sum [4]uint64, carry uint64) {
	for i := range a {
		sum[i], carry = bits.Add64(a[i], b[i], carry)
	}
	return sum, carry
}

// shiftLeft drops what leaves the 256 bits.
func shiftLeft(a [4]uint64, by uint) (n [4]uint64) {
	limbs, rest := int(by/64), by%64
	for i := 3; i >= limbs; i-- {
		n[i] = a[i-limbs] << rest
		if i > limbs {
			n[i] |= a[i-limbs-1] >> (64 - rest) // a shift by 64 is zero
		}
	}
	return n
}

func shiftRight(a [4]uint64, by uint) (n [4]uint64) {
	limbs, rest := int(by/64), by%64
	for i := 0; i+limbs < 4; i++ {
		n[i] = a[i+limbs] >> rest
		if i+limbs+1 < 4 {
			n[i] |= a[i+limbs+1] << (64 - rest)
		}
	}
	return n
}

// scale multiplies by one limb; the product has five.
func scale(a [4]uint64, by uint64) (n [5]uint64) {
	for i, limb := range a {
		hi, lo := bits.Mul64(limb, by)
		var carry uint64
		n[i], carry = bits.Add64(n[i], lo, 0)
		n[i+1] = hi + carry
	}
	return n
}

// divideSmall divides five limbs by one that is not zero.
func divideSmall(a [5]uint64, by uint64) (n [5]uint64) {
	var rest uint64
	for i := 4; i >= 0; i-- {
		n[i], rest = bits.Div64(rest, a[i], by)
	}
	return n
}

// divide returns a/b, rounded down, for b not zero: long division in base 2^64
// (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D).
func divide(a, b [4]uint64) (quotient [4]uint64) {
	size := (bitLen(b) + 63) / 64
	if size == 1 {
		n := divideSmall([5]uint64{a[0], a[1], a[2], a[3]}, b[0])
		return [4]uint64(n[:4])
	}
	// Both are shifted so that the divisor's top bit is set: a digit guessed
	// from its top limbs is then at most one too large.
	by := uint(bits.LeadingZeros64(b[size-1]))
	b = shiftLeft(b, by)
	top := a[3] >> (64 - by)
	a = shiftLeft(a, by)
	rest := [5]uint64{a[0], a[1], a[2], a[3], top}
	for j := 4 - size; j >= 0; j-- {
		digit := guess(rest[j+size], rest[j+size-1], rest[j+size-2], b[size-1], b[size-2])
		if subtractMultiple(rest[j:j+size+1], b[:size], digit) {
			digit--
			addBack(rest[j:j+size+1], b[:size])
		}
		quotient[j] = digit
	}
	return quotient
}

// guess estimates a quotient's digit from the dividend's three top limbs and the
// divisor's two.
func guess(r2, r1, r0, b1, b0 uint64) uint64 {
	digit, left := ^uint64(0), uint64(0)
	if r2 >= b1 { // the digit would not fit a limb
		var carry uint64
		left, carry = bits.Add64(r1, b1, 0)
		if carry != 0 {
			return digit
		}
	} else {
		digit, left = bits.Div64(r2, r1, b1)
	}
	for {
		hi, lo := bits.Mul64(digit, b0)
		if hi < left || hi == left && lo <= r0 {
			return digit
		}
		digit--
		var carry uint64
		if left, carry = bits.Add64(left, b1, 0); carry != 0 {
			return digit
		}
	}
}

// subtractMultiple takes digit*b from r and says whether that went below zero.
func subtractMultiple(r, b []uint64, digit uint64) bool {
	var carry, borrow uint64
	for i, limb := range b {
		hi, lo := bits.Mul64(limb, digit)
		var c uint64
		lo, c = bits.Add64(lo, carry, 0)
		carry = hi + c
		r[i], borrow = bits.Sub64(r[i], lo, borrow)
	}
	last := len(b)
	r[last], borrow = bits.Sub64(r[last], carry, borrow)
	return borrow != 0
}

func addBack(r, b []uint64) {
	var carry uint64
	for i, limb := range b {
		r[i], carry = bits.Add64(r[i], limb, carry)
	}
	r[len(b)] += carry
}
