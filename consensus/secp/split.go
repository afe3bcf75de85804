package secp

import "math/bits"

// The curve has an endomorphism: lambda (x, y) = (beta x, y), so that a scalar
// k may be written as k1 + k2 lambda with halves of 128 bits (Gallant, Lambert,
// Vanstone, 2001). The short vectors (a1, -b1) and (a2, a1) of the lattice of
// all splits of zero, and its rounding constants g1 and g2, 2^384 a1/n and
// 2^384 b1/n rounded, come from the extended Euclidean algorithm.
var (
	beta   = field{0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710}
	lambda = scalar{0xdf02967c1b23bd72, 0x122e22ea20816678, 0xa5261c028812645a, 0x5363ad4cc05c30e0}

	latticeA1 = [3]uint64{0xe86c90e49284eb15, 0x3086d221a7d46bcd}
	latticeB1 = [3]uint64{0x6f547fa90abfe4c3, 0xe4437ed6010e8828}
	latticeA2 = [3]uint64{0x57c1108d9d44cfd8, 0x14ca50f7a8e2f3f6, 1}

	roundG1 = scalar{0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd}
	roundG2 = scalar{0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828}
)

// short is an integer of at most 128 bits and its sign.
type short struct {
	v   [2]uint64
	neg bool
}

// split finds k1 + k2 lambda = z.
func (z *scalar) split() (k1, k2 short) {
	c1, c2 := mulRound384(z, &roundG1), mulRound384(z, &roundG2)
	// What is left fits in 129 bits with its sign: 192 are reckoned with.
	v1 := [3]uint64{z[0], z[1], z[2]}
	subMul(&v1, c1, &latticeA1)
	subMul(&v1, c2, &latticeA2)
	var v2 [3]uint64
	subMul(&v2, c1, &latticeB1)
	negate192(&v2)
	subMul(&v2, c2, &latticeA1)
	return toShort(v1), toShort(v2)
}

// halves cuts z after 128 bits: z = lo + 2^128 hi.
func (z *scalar) halves() (lo, hi short) {
	return short{v: [2]uint64{z[0], z[1]}}, short{v: [2]uint64{z[2], z[3]}}
}

// mulRound384 is ab / 2^384, rounded.
func mulRound384(a, b *scalar) [2]uint64 {
	r := wide(a, b)
	lo, c := bits.Add64(r[6], r[5]>>63, 0)
	return [2]uint64{lo, r[7] + c}
}

// subMul takes cm from z modulo 2^192.
func subMul(z *[3]uint64, c [2]uint64, m *[3]uint64) {
	var p [3]uint64
	var carry uint64
	h, l := bits.Mul64(c[0], m[1])
	p[1], p[0] = bits.Mul64(c[0], m[0])
	p[1], carry = bits.Add64(p[1], l, 0)
	p[2] = h + carry + c[0]*m[2]
	h, l = bits.Mul64(c[1], m[0])
	p[1], carry = bits.Add64(p[1], l, 0)
	p[2] += h + carry + c[1]*m[1]
	z[0], carry = bits.Sub64(z[0], p[0], 0)
	z[1], carry = bits.Sub64(z[1], p[1], carry)
	z[2] -= p[2] + carry
}

func negate192(z *[3]uint64) {
	var c uint64
	z[0], c = bits.Sub64(0, z[0], 0)
	z[1], c = bits.Sub64(0, z[1], c)
	z[2] = -z[2] - c
}

func toShort(v [3]uint64) short {
	neg := v[2]>>63 == 1
	if neg {
		negate192(&v)
	}
	return short{[2]uint64{v[0], v[1]}, neg}
}
