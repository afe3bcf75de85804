package secp

import (
	"encoding/binary"
	"math/bits"
)

// field is an integer modulo p = 2^256 - fold, little-endian limbs of 64 bits.
// Any value below 2^256 stands for its residue, so that zero and the smallest
// residues have two forms; canonical says which is meant.
type field [4]uint64

// fold is 2^256 mod p: what a bit that leaves at the top comes back as.
const fold = 1<<32 + 977

var (
	fieldOne   = field{1}
	fieldSeven = field{7}
	fieldP     = field{^uint64(0) - fold + 1, ^uint64(0), ^uint64(0), ^uint64(0)}
)

// setBytes reads 32 big-endian bytes and says whether they are below p.
func (z *field) setBytes(b []byte) bool {
	_ = b[31]
	z[3] = binary.BigEndian.Uint64(b)
	z[2] = binary.BigEndian.Uint64(b[8:])
	z[1] = binary.BigEndian.Uint64(b[16:])
	z[0] = binary.BigEndian.Uint64(b[24:])
	return !z.beyond()
}

// bytes is the residue, big-endian.
func (z *field) bytes() (b [32]byte) {
	c := z.canonical()
	binary.BigEndian.PutUint64(b[:], c[3])
	binary.BigEndian.PutUint64(b[8:], c[2])
	binary.BigEndian.PutUint64(b[16:], c[1])
	binary.BigEndian.PutUint64(b[24:], c[0])
	return b
}

// beyond says whether the limbs are p or more.
func (z *field) beyond() bool {
	return z[0] >= fieldP[0] && z[1]&z[2]&z[3] == ^uint64(0)
}

// canonical is the same residue below p.
func (z *field) canonical() field {
	if z.beyond() {
		return field{z[0] - fieldP[0]}
	}
	return *z
}

func (z *field) isZero() bool {
	return z[0]|z[1]|z[2]|z[3] == 0 || *z == fieldP
}

func (z *field) equal(a *field) bool {
	return *z == *a || z.canonical() == a.canonical()
}

// isOdd is about the residue, not the limbs.
func (z *field) isOdd() bool {
	return (z[0]&1 == 1) != z.beyond()
}

func (z *field) add(a, b *field) {
	var c uint64
	z[0], c = bits.Add64(a[0], b[0], 0)
	z[1], c = bits.Add64(a[1], b[1], c)
	z[2], c = bits.Add64(a[2], b[2], c)
	z[3], c = bits.Add64(a[3], b[3], c)
	z.foldBit(c)
}

// foldBit adds 2^256 c, c being 0 or 1.
func (z *field) foldBit(c uint64) {
	z[0], c = bits.Add64(z[0], -c&fold, 0)
	z[1], c = bits.Add64(z[1], 0, c)
	z[2], c = bits.Add64(z[2], 0, c)
	z[3], c = bits.Add64(z[3], 0, c)
	z[0] += -c & fold // what is left after this carry is less than fold
}

func (z *field) sub(a, b *field) {
	var c uint64
	z[0], c = bits.Sub64(a[0], b[0], 0)
	z[1], c = bits.Sub64(a[1], b[1], c)
	z[2], c = bits.Sub64(a[2], b[2], c)
	z[3], c = bits.Sub64(a[3], b[3], c)
	z[0], c = bits.Sub64(z[0], -c&fold, 0)
	z[1], c = bits.Sub64(z[1], 0, c)
	z[2], c = bits.Sub64(z[2], 0, c)
	z[3], c = bits.Sub64(z[3], 0, c)
	z[0] -= -c & fold // what is left after this borrow is 2^256 less fold or less
}

func (z *field) neg(a *field) { z.sub(&fieldP, a) }

func (z *field) double(a *field) { z.add(a, a) }

// half divides by two: an odd value becomes even by adding p.
func (z *field) half(a *field) {
	odd := -(a[0] & 1)
	var c uint64
	t := *a
	t[0], c = bits.Add64(t[0], odd&fieldP[0], 0)
	t[1], c = bits.Add64(t[1], odd, c)
	t[2], c = bits.Add64(t[2], odd, c)
	t[3], c = bits.Add64(t[3], odd, c)
	z[0] = t[0]>>1 | t[1]<<63
	z[1] = t[1]>>1 | t[2]<<63
	z[2] = t[2]>>1 | t[3]<<63
	z[3] = t[3]>>1 | c<<63
}

// sqrt sets z to a root of a and says whether there is one.
func (z *field) sqrt(a *field) bool {
	v := [2]field{*a}
	power(&v, 1)
	var square field
	square.sqr(&v[0])
	ok := square.equal(a)
	*z = v[0]
	return ok
}

// sqrt2 does the same for two numbers, in less time than one after the other.
func sqrt2(z, a *[2]field) (ok [2]bool) {
	v := *a
	power(&v, 2)
	for i := range v {
		var square field
		square.sqr(&v[i])
		ok[i] = square.equal(&a[i])
	}
	*z = v
	return ok
}

// power raises the first n of two numbers to (p+1)/4, which makes a root of each or of
// its negation, as p is 3 modulo 4. In binary the exponent is 223 ones, a zero,
// 22 ones, and 00001100; a power with n ones is made of smaller ones.
func power(v *[2]field, n int) {
	var x2, x3, x9, x11, x22, x44, x88, t [2]field
	sqrMul(&x2, v, 1, v, n)
	sqrMul(&x3, &x2, 1, v, n)
	sqrMul(&t, &x3, 3, &x3, n) // x6
	sqrMul(&x9, &t, 3, &x3, n)
	sqrMul(&x11, &x9, 2, &x2, n)
	sqrMul(&x22, &x11, 11, &x11, n)
	sqrMul(&x44, &x22, 22, &x22, n)
	sqrMul(&x88, &x44, 44, &x44, n)
	sqrMul(&t, &x88, 88, &x88, n) // x176
	sqrMul(&t, &t, 44, &x44, n)   // x220
	sqrMul(&t, &t, 3, &x3, n)     // x223
	sqrMul(&t, &t, 23, &x22, n)
	sqrMul(&t, &t, 6, &x2, n)
	sqrNs(v, &t, 2, n)
}

// sqrMul sets the first one or both of z to a^(2^n) b.
func sqrMul(z, a *[2]field, n int, b *[2]field, numbers int) {
	var t [2]field
	sqrNs(&t, a, n, numbers)
	for i := range numbers {
		z[i].mul(&t[i], &b[i])
	}
}

func sqrNs(z, a *[2]field, n, numbers int) {
	if numbers == 1 {
		z[0].sqrN(&a[0], n)
		return
	}
	sqrN2(z, a, n)
}

// invertAll replaces each value by its inverse, and zero by zero, at the price
// of one inversion; scratch has their number.
func invertAll(v, scratch []field) {
	all := fieldOne
	for i := range v {
		scratch[i] = all
		if !v[i].isZero() {
			all.mul(&all, &v[i])
		}
	}
	all.invert(&all)
	for i := len(v) - 1; i >= 0; i-- {
		if v[i].isZero() {
			v[i] = field{}
			continue
		}
		scratch[i].mul(&scratch[i], &all)
		all.mul(&all, &v[i])
		v[i] = scratch[i]
	}
}
