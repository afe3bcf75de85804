//go:build !purego

package secp

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C gen ./field -out ../field_adx_amd64.s -stubs ../field_adx_amd64.go -pkg secp

// hasADX says whether the processor has MULX (BMI2), ADCX and ADOX.
var hasADX = cpu.X86.HasBMI2 && cpu.X86.HasADX

func (z *field) mul(a, b *field) {
	if hasADX {
		mulADX((*[4]uint64)(z), (*[4]uint64)(a), (*[4]uint64)(b))
		return
	}
	mulGeneric(z, a, b)
}

func (z *field) sqr(a *field) {
	if hasADX {
		sqrADX((*[4]uint64)(z), (*[4]uint64)(a))
		return
	}
	sqrGeneric(z, a)
}

// sqrN sets z to a^(2^n); n is positive.
func (z *field) sqrN(a *field, n int) {
	if hasADX {
		sqrNADX((*[4]uint64)(z), (*[4]uint64)(a), n)
		return
	}
	sqrNGeneric(z, a, n)
}

// doubleN doubles p n times.
func (p *jacobian) doubleN(n int) {
	if p.inf || n == 0 {
		return
	}
	if hasADX {
		doubleADX((*[4]uint64)(&p.x), n)
		return
	}
	for range n {
		doubleGeneric(p, p)
	}
}

// addAt sets p to p + a where p is not infinity and z is p's z as seen from a.
func (p *jacobian) addAt(a *affine, z *field) {
	if !hasADX {
		addGeneric(p, a, z)
		return
	}
	switch addADX((*[4]uint64)(&p.x), (*[4]uint64)(&a.x), (*[4]uint64)(z)) {
	case 1:
		p.doubleN(1)
	case 2:
		p.inf = true
	}
}

// coAdd is coAddGeneric.
func coAdd(sum, a, b *affine, dx *field) {
	if hasADX {
		coAddADX((*[4]uint64)(&sum.x), (*[4]uint64)(&a.x), (*[4]uint64)(&b.x), (*[4]uint64)(dx))
		return
	}
	coAddGeneric(sum, a, b, dx)
}

// sqrN2 sets z to a^(2^n) in both; n is positive.
func sqrN2(z, a *[2]field, n int) {
	if hasADX {
		sqrN2ADX((*[8]uint64)(unsafe.Pointer(z)), (*[8]uint64)(unsafe.Pointer(a)), n)
		return
	}
	sqrNGeneric(&z[0], &a[0], n)
	sqrNGeneric(&z[1], &a[1], n)
}
