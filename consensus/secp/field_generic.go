package secp

import "math/bits"

// mulGeneric sets z to ab: rows of four products, each row added to the last.
func mulGeneric(z, a, b *field) {
	var r [8]uint64
	b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
	r[0], r[1], r[2], r[3], r[4] = row(a[0], b0, b1, b2, b3)
	var c uint64
	p0, p1, p2, p3, p4 := row(a[1], b0, b1, b2, b3)
	r[1], c = bits.Add64(r[1], p0, 0)
	r[2], c = bits.Add64(r[2], p1, c)
	r[3], c = bits.Add64(r[3], p2, c)
	r[4], c = bits.Add64(r[4], p3, c)
	r[5] = p4 + c
	p0, p1, p2, p3, p4 = row(a[2], b0, b1, b2, b3)
	r[2], c = bits.Add64(r[2], p0, 0)
	r[3], c = bits.Add64(r[3], p1, c)
	r[4], c = bits.Add64(r[4], p2, c)
	r[5], c = bits.Add64(r[5], p3, c)
	r[6] = p4 + c
	p0, p1, p2, p3, p4 = row(a[3], b0, b1, b2, b3)
	r[3], c = bits.Add64(r[3], p0, 0)
	r[4], c = bits.Add64(r[4], p1, c)
	r[5], c = bits.Add64(r[5], p2, c)
	r[6], c = bits.Add64(r[6], p3, c)
	r[7] = p4 + c
	z.reduce(&r)
}

// row is x times four limbs.
func row(x, b0, b1, b2, b3 uint64) (r0, r1, r2, r3, r4 uint64) {
	var c, l uint64
	r1, r0 = bits.Mul64(x, b0)
	r2, l = bits.Mul64(x, b1)
	r1, c = bits.Add64(r1, l, 0)
	r3, l = bits.Mul64(x, b2)
	r2, c = bits.Add64(r2, l, c)
	r4, l = bits.Mul64(x, b3)
	r3, c = bits.Add64(r3, l, c)
	return r0, r1, r2, r3, r4 + c
}

// sqrGeneric sets z to a²: the products of different limbs once, doubled, and
// the squares.
func sqrGeneric(z, a *field) {
	var r [8]uint64
	var c, h, l uint64
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	r[2], r[1] = bits.Mul64(a0, a1)
	r[3], l = bits.Mul64(a0, a2)
	r[2], c = bits.Add64(r[2], l, 0)
	r[4], l = bits.Mul64(a0, a3)
	r[3], c = bits.Add64(r[3], l, c)
	r[4] += c
	h, l = bits.Mul64(a1, a2)
	r[3], c = bits.Add64(r[3], l, 0)
	r[4], c = bits.Add64(r[4], h, c)
	r[5] = c
	h, l = bits.Mul64(a1, a3)
	r[4], c = bits.Add64(r[4], l, 0)
	r[5], _ = bits.Add64(r[5], h, c)
	r[6], l = bits.Mul64(a2, a3)
	r[5], c = bits.Add64(r[5], l, 0)
	r[6] += c

	r[7] = r[6] >> 63
	r[6] = r[6]<<1 | r[5]>>63
	r[5] = r[5]<<1 | r[4]>>63
	r[4] = r[4]<<1 | r[3]>>63
	r[3] = r[3]<<1 | r[2]>>63
	r[2] = r[2]<<1 | r[1]>>63
	r[1] <<= 1

	h, r[0] = bits.Mul64(a0, a0)
	r[1], c = bits.Add64(r[1], h, 0)
	h, l = bits.Mul64(a1, a1)
	r[2], c = bits.Add64(r[2], l, c)
	r[3], c = bits.Add64(r[3], h, c)
	h, l = bits.Mul64(a2, a2)
	r[4], c = bits.Add64(r[4], l, c)
	r[5], c = bits.Add64(r[5], h, c)
	h, l = bits.Mul64(a3, a3)
	r[6], c = bits.Add64(r[6], l, c)
	r[7], _ = bits.Add64(r[7], h, c)
	z.reduce(&r)
}

// reduce brings 512 bits below 2^256: the upper half comes back times fold,
// what that leaves above (34 bits) once more, and perhaps one bit at last.
func (z *field) reduce(r *[8]uint64) {
	f0, f1, f2, f3, f4 := row(fold, r[4], r[5], r[6], r[7])
	var c uint64
	z[0], c = bits.Add64(r[0], f0, 0)
	z[1], c = bits.Add64(r[1], f1, c)
	z[2], c = bits.Add64(r[2], f2, c)
	z[3], c = bits.Add64(r[3], f3, c)
	h, l := bits.Mul64(f4+c, fold)
	z[0], c = bits.Add64(z[0], l, 0)
	z[1], c = bits.Add64(z[1], h, c)
	z[2], c = bits.Add64(z[2], 0, c)
	z[3], c = bits.Add64(z[3], 0, c)
	z[0], c = bits.Add64(z[0], -c&fold, 0)
	z[1] += c // after a carry the rest is far too small for another
}

func sqrNGeneric(z, a *field, n int) {
	*z = *a
	for range n {
		sqrGeneric(z, z)
	}
}
