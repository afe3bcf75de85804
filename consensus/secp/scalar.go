package secp

import (
	"encoding/binary"
	"math/bits"
)

// scalar is an integer modulo the group's order n, always below it;
// little-endian limbs of 64 bits.
type scalar [4]uint64

// orderN is n; orderC is 2^256 - n.
var (
	orderN = [4]uint64{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}
	orderC = [3]uint64{0x402da1732fc9bebf, 0x4551231950b75fc4, 1}
	halfN  = scalar{0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff}
)

// setBytes reads 32 big-endian bytes modulo n and says whether they were below n.
func (z *scalar) setBytes(b []byte) bool {
	_ = b[31]
	z[3] = binary.BigEndian.Uint64(b)
	z[2] = binary.BigEndian.Uint64(b[8:])
	z[1] = binary.BigEndian.Uint64(b[16:])
	z[0] = binary.BigEndian.Uint64(b[24:])
	return !z.reduceOnce(0)
}

// setSlice reads big-endian bytes of any number and says whether they are
// below n; if not, z is of no use.
func (z *scalar) setSlice(b []byte) bool {
	if len(b) > 32 {
		return false
	}
	var full [32]byte
	copy(full[32-len(b):], b)
	return z.setBytes(full[:])
}

// reduceOnce takes n from 2^256 carry + z, which is below 2n, if it can, and
// says whether it did.
func (z *scalar) reduceOnce(carry uint64) bool {
	var t scalar
	var c uint64
	t[0], c = bits.Add64(z[0], orderC[0], 0)
	t[1], c = bits.Add64(z[1], orderC[1], c)
	t[2], c = bits.Add64(z[2], orderC[2], c)
	t[3], c = bits.Add64(z[3], 0, c)
	if c|carry == 0 {
		return false
	}
	*z = t
	return true
}

func (z *scalar) isZero() bool { return z[0]|z[1]|z[2]|z[3] == 0 }

// isHigh says whether z is more than half of n.
func (z *scalar) isHigh() bool {
	_, c := bits.Sub64(halfN[0], z[0], 0)
	_, c = bits.Sub64(halfN[1], z[1], c)
	_, c = bits.Sub64(halfN[2], z[2], c)
	_, c = bits.Sub64(halfN[3], z[3], c)
	return c == 1
}

func (z *scalar) add(a, b *scalar) {
	var c uint64
	z[0], c = bits.Add64(a[0], b[0], 0)
	z[1], c = bits.Add64(a[1], b[1], c)
	z[2], c = bits.Add64(a[2], b[2], c)
	z[3], c = bits.Add64(a[3], b[3], c)
	z.reduceOnce(c)
}

func (z *scalar) neg(a *scalar) {
	if a.isZero() {
		*z = scalar{}
		return
	}
	var c uint64
	z[0], c = bits.Sub64(orderN[0], a[0], 0)
	z[1], c = bits.Sub64(orderN[1], a[1], c)
	z[2], c = bits.Sub64(orderN[2], a[2], c)
	z[3], _ = bits.Sub64(orderN[3], a[3], c)
}

// mul sets z to ab. The upper half of the product comes back times orderC,
// twice; what then is above 2^256 is at most one.
func (z *scalar) mul(a, b *scalar) {
	r := wide(a, b)
	// 512 bits: 256 + 256·129 bits, below 2^386.
	m := [7]uint64{r[0], r[1], r[2], r[3]}
	addRows(m[:], r[4:8])
	// 386 bits: 256 + 130·129 bits, below 2^260.
	k := [7]uint64{m[0], m[1], m[2], m[3]}
	addRows(k[:], m[4:7])
	// 260 bits: 256 + 4·129 bits, below 2^256 + 2^133.
	q := [7]uint64{k[0], k[1], k[2], k[3]}
	addRows(q[:], k[4:5])
	*z = scalar(q[:4])
	z.reduceOnce(q[4])
}

// addRows adds h times orderC to sum, which has room for it.
func addRows(sum []uint64, h []uint64) {
	for i, x := range h {
		h0, l0 := bits.Mul64(x, orderC[0])
		h1, l1 := bits.Mul64(x, orderC[1])
		var c uint64
		l1, c = bits.Add64(l1, h0, 0)
		l2, c := bits.Add64(x, h1, c)
		l3 := c
		sum[i], c = bits.Add64(sum[i], l0, 0)
		sum[i+1], c = bits.Add64(sum[i+1], l1, c)
		sum[i+2], c = bits.Add64(sum[i+2], l2, c)
		sum[i+3], c = bits.Add64(sum[i+3], l3, c)
		for j := i + 4; c != 0; j++ {
			sum[j], c = bits.Add64(sum[j], 0, c)
		}
	}
}

// wide is the whole product.
func wide(a, b *scalar) (r [8]uint64) {
	for i, x := range a {
		p0, p1, p2, p3, p4 := row(x, b[0], b[1], b[2], b[3])
		var c uint64
		r[i], c = bits.Add64(r[i], p0, 0)
		r[i+1], c = bits.Add64(r[i+1], p1, c)
		r[i+2], c = bits.Add64(r[i+2], p2, c)
		r[i+3], c = bits.Add64(r[i+3], p3, c)
		r[i+4] = p4 + c
	}
	return r
}

// invert sets z to 1/a, and to zero for zero.
func (z *scalar) invert(a *scalar) { *z = modN.invert(*a) }

// invertScalars replaces each value by its inverse, and zero by zero, at the
// price of one inversion; scratch has their number.
func invertScalars(v, scratch []scalar) {
	all := scalar{1}
	for i := range v {
		scratch[i] = all
		if !v[i].isZero() {
			all.mul(&all, &v[i])
		}
	}
	all.invert(&all)
	for i := len(v) - 1; i >= 0; i-- {
		if v[i].isZero() {
			continue
		}
		scratch[i].mul(&scratch[i], &all)
		all.mul(&all, &v[i])
		v[i] = scratch[i]
	}
}
