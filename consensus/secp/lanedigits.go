package secp

import "math/bits"

// Windows of the multi-lane method, in bits. Every digit is odd, so that no lane
// ever skips an addition: a width of w takes 2^(w-1) odd multiples.
const (
	laneKeyWindow = 5
	laneGenWindow = 12
	laneKeyDigits = 26 // 130 bits
	laneGenDigits = 11 // 132 bits
)

// signed192 is an integer in two's complement.
type signed192 [3]uint64

// splitOdd finds odd k1 and k2, k1 + k2 lambda = k, both between -2^129 and
// 2^129: rounding leaves |k1| <= (a1+a2)/2 < 0.64 · 2^128 and |k2| <=
// (b1+a1)/2 < 0.55 · 2^128 (and a little, as the constants are rounded
// themselves), and what makes them odd is a vector of the lattice, of at most
// 1.28 · 2^128 either way.
func (z *scalar) splitOdd() (k1, k2 signed192) {
	c1, c2 := mulRound384(z, &roundG1), mulRound384(z, &roundG2)
	v1 := [3]uint64{z[0], z[1], z[2]}
	subMul(&v1, c1, &latticeA1)
	subMul(&v1, c2, &latticeA2)
	var v2 [3]uint64
	subMul(&v2, c1, &latticeB1)
	negate192(&v2)
	subMul(&v2, c2, &latticeA1)
	// (a1, -b1) is odd in both places, (a2, a1) in the second only.
	odd := oddVectors[v1[0]&1<<1|v2[0]&1]
	return add192(v1, odd[0]), add192(v2, odd[1])
}

// oddVectors are what to add to a split, by the parities it has.
var oddVectors = func() (v [4][2]signed192) {
	a1, a2 := signed192(latticeA1), signed192(latticeA2)
	negB1 := latticeB1
	negate192(&negB1)

	v[0b00] = [2]signed192{a1, signed192(negB1)}
	v[0b10] = [2]signed192{a2, a1}
	v[0b01] = [2]signed192{add192(a1, a2), add192(negB1, a1)}
	return v
}()

func add192(a, b signed192) (z signed192) {
	var c uint64
	z[0], c = bits.Add64(a[0], b[0], 0)
	z[1], c = bits.Add64(a[1], b[1], c)
	z[2], _ = bits.Add64(a[2], b[2], c)
	return z
}

// signs writes an odd k, whose magnitude is below 2^n, as the sum of ±2^i for i
// below n: bit i of what it returns is set where the sign is plus.
func (k signed192) signs(n uint) signed192 {
	// k plus the sum of all 2^i is twice the sum of those with a plus.
	z := add192(k, signed192{^uint64(0), ^uint64(0), 1<<(n-128) - 1})
	return signed192{z[0]>>1 | z[1]<<63, z[1]>>1 | z[2]<<63, z[2] >> 1}
}

// digit takes w bits from the given place. They mean the odd number
// 2 bits + 1 - 2^w: its sign is the uppermost bit, and the odd multiple it asks
// for has this index in a table.
func (k *signed192) digit(at, w uint) (index uint32, negative bool) {
	v := k[at>>6] >> (at & 63)
	if at&63+w > 64 {
		v |= k[at>>6+1] << (64 - at&63)
	}
	if v>>(w-1)&1 == 1 {
		return uint32(v) & (1<<(w-1) - 1), false
	}
	return ^uint32(v) & (1<<(w-1) - 1), true
}
