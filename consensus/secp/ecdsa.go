package secp

import "math/bits"

// verifyECDSA is SEC 1's verification: of (e/s) G + (r/s) Q, r must be the x
// coordinate modulo n. What was signed counts modulo n too.
func verifyECDSA(key, sig []byte, sum *[32]byte) bool {
	var s ecdsaSig
	var q affine
	if !s.parse(sig) || !q.parseKey(key) {
		return false
	}
	var inverse scalar
	inverse.invert(&s.s)
	return s.holds(&q, sum, &inverse)
}

// holds finishes a verification, given 1/s.
func (sig *ecdsaSig) holds(q *affine, sum *[32]byte, inverse *scalar) bool {
	var e, u1, u2 scalar
	e.setBytes(sum[:])
	u1.mul(&e, inverse)
	u2.mul(&sig.r, inverse)
	p := combine(q, &u2, &u1)
	if p.inf {
		return false
	}
	x := field(sig.r)
	if p.hasX(&x) {
		return true
	}
	// An x between n and p is r + n; there are few such.
	return x.addOrder() && p.hasX(&x)
}

// addOrder adds n and says whether the sum is below p.
func (z *field) addOrder() bool {
	var c uint64
	z[0], c = bits.Add64(z[0], orderN[0], 0)
	z[1], c = bits.Add64(z[1], orderN[1], c)
	z[2], c = bits.Add64(z[2], orderN[2], c)
	z[3], c = bits.Add64(z[3], orderN[3], c)
	return c == 0 && !z.beyond()
}
