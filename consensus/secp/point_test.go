package secp

import (
	"math/big"
	"testing"
)

// forms are all limbs that stand for the same point.
func forms(a affine) (all []affine) {
	other := func(v field) []field {
		v = v.canonical()
		if v[0] >= fold || v[1]|v[2]|v[3] != 0 {
			return []field{v}
		}
		return []field{v, {v[0] + fieldP[0], fieldP[1], fieldP[2], fieldP[3]}}
	}
	for _, x := range other(a.x) {
		for _, y := range other(a.y) {
			all = append(all, affine{x, y})
		}
	}
	return all
}

// smallPoints have an x or a y that has two forms.
func smallPoints(t *testing.T) (points []affine) {
	t.Helper()
	for v := uint64(1); len(points) < 12; v++ {
		x := field{v}
		var p affine
		if p.lift(&x, v%3 == 0) {
			points = append(points, p)
		}
	}
	// x³ = y² - 7: roots of unity of order three make three x of one; a cube root
	// is a power, as p is 7 modulo 9.
	for v := uint64(1); len(points) < 24; v++ {
		y := field{v}
		var c, x field
		c.sqr(&y)
		c.sub(&c, &fieldSeven)
		x = cubeRoot(c)
		if p := (affine{x, y}); p.onCurve() {
			points = append(points, p)
		}
	}
	return points
}

// cubeRoot is a^((p+2)/9), a cube root of a if there is one.
func cubeRoot(a field) (z field) {
	e := bigLimbs(new(big.Int).Div(new(big.Int).Add(bigP, big.NewInt(2)), big.NewInt(9)))
	z = fieldOne
	for i := 255; i >= 0; i-- {
		z.sqr(&z)
		if e[i/64]>>(i%64)&1 == 1 {
			z.mul(&z, &a)
		}
	}
	return z
}

func samePoint(t *testing.T, what string, got, want *jacobian) {
	t.Helper()
	if got.inf || want.inf {
		if got.inf != want.inf {
			t.Errorf("%s: infinity is %v", what, got.inf)
		}
		return
	}
	a, b := got.affine(), want.affine()
	if !a.x.equal(&b.x) || !a.y.equal(&b.y) {
		t.Errorf("%s: got %x, want %x", what, a, b)
	}
}

// TestAdditionForms adds points to themselves, to their opposites and to others,
// in every form that their coordinates have.
func TestAdditionForms(t *testing.T) {
	points := smallPoints(t)
	two := fieldOne
	two.double(&two)
	eachTier(t, func(t *testing.T) {
		for i, p := range points {
			var minus affine
			minus.neg(&p)
			other := points[(i+1)%len(points)]
			for _, form := range forms(p) {
				for _, z := range []field{fieldOne, {fieldP[0] + 1, fieldP[1], fieldP[2], fieldP[3]}, two} {
					at := jacobian{z: z} // p at that z
					var zz field
					zz.sqr(&z)
					at.x.mul(&form.x, &zz)
					zz.mul(&zz, &z)
					at.y.mul(&form.y, &zz)
					if z == fieldOne {
						at.x, at.y = form.x, form.y
					}
					for _, same := range forms(p) {
						got, want := at, at
						got.addAffine(&same)
						want.doubleN(1)
						samePoint(t, "a point and itself", &got, &want)
						full := at
						var same2 jacobian
						same2.setAffine(&same)
						full.add(&same2)
						samePoint(t, "a point and itself, both with z", &full, &want)
					}
					for _, opposite := range forms(minus) {
						got := at
						got.addAffine(&opposite)
						samePoint(t, "a point and its opposite", &got, &jacobian{inf: true})
					}
					for _, q := range forms(other) {
						got, want := at, at
						got.addAffine(&q)
						addGeneric(&want, &q, &want.z)
						samePoint(t, "a point and another", &got, &want)
						if a := got.affine(); !a.onCurve() {
							t.Errorf("a point and another: %x is not on the curve", a)
						}
					}
				}
			}
		}
	})
}
