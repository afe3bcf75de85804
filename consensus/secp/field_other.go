//go:build !amd64 || purego

package secp

func (z *field) mul(a, b *field) { mulGeneric(z, a, b) }

func (z *field) sqr(a *field) { sqrGeneric(z, a) }

// sqrN sets z to a^(2^n); n is positive.
func (z *field) sqrN(a *field, n int) { sqrNGeneric(z, a, n) }

// doubleN doubles p n times.
func (p *jacobian) doubleN(n int) {
	if p.inf {
		return
	}
	for range n {
		doubleGeneric(p, p)
	}
}

// addAt sets p to p + a where p is not infinity and z is p's z as seen from a.
func (p *jacobian) addAt(a *affine, z *field) { addGeneric(p, a, z) }

func coAdd(sum, a, b *affine, dx *field) { coAddGeneric(sum, a, b, dx) }

// sqrN2 sets z to a^(2^n) in both; n is positive.
func sqrN2(z, a *[2]field, n int) {
	sqrNGeneric(&z[0], &a[0], n)
	sqrNGeneric(&z[1], &a[1], n)
}
