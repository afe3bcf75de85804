package secp

import "sync"

// Window widths, in bits with the sign, for points that are met once and for
// the generator.
const (
	keyWindow = 5
	genWindow = 13
)

// keyTable has a point's odd multiples 1, 3, … 15, all with one z that is left
// out: they are affine points of an isomorphic curve.
type keyTable [1 << (keyWindow - 2)]affine

// fill makes the table of q and sets z to what was left out. The double of q,
// carried along at the z of the newest multiple (Meloni's co-Z addition, 2007),
// makes each next multiple of the last. No two points that are added here have
// the same x, the group's order being a large prime.
func (t *keyTable) fill(q *affine, z *field) {
	var d affine
	var ratios [len(t)]field
	*z = q.y
	t[0], d = coDouble(q)
	for i := 1; i < len(t); i++ {
		ratios[i].sub(&d.x, &t[i-1].x)
		z.mul(z, &ratios[i])
		coAdd(&t[i], &d, &t[i-1], &ratios[i])
	}
	// Bring the earlier ones to the last one's z.
	r := fieldOne
	for i := len(t) - 2; i >= 0; i-- {
		r.mul(&r, &ratios[i+1])
		var r2 field
		r2.sqr(&r)
		t[i].x.mul(&t[i].x, &r2)
		r2.mul(&r2, &r)
		t[i].y.mul(&t[i].y, &r2)
	}
}

// coDouble is q and its double, both at z = q.y.
func coDouble(q *affine) (same, double affine) {
	var l, s, t field
	l.sqr(&q.x)
	t.half(&l)
	l.add(&l, &t)
	s.sqr(&q.y)
	same.x.mul(&q.x, &s)
	same.y.sqr(&s)
	t.double(&same.x)
	double.x.sqr(&l)
	double.x.sub(&double.x, &t)
	t.sub(&same.x, &double.x)
	t.mul(&t, &l)
	double.y.sub(&t, &same.y)
	return same, double
}

// coAddGeneric sets sum to a + b, and a to itself, at the common z of a and b
// times dx, which is a.x - b.x.
func coAddGeneric(sum, a, b *affine, dx *field) {
	var c, w, r, t field
	c.sqr(dx)
	a.x.mul(&a.x, &c)
	w.mul(&b.x, &c)
	r.sub(&a.y, &b.y)
	t.sub(&a.x, &w)
	a.y.mul(&a.y, &t)
	sum.x.sqr(&r)
	sum.x.sub(&sum.x, &a.x)
	sum.x.sub(&sum.x, &w)
	t.sub(&a.x, &sum.x)
	t.mul(&t, &r)
	sum.y.sub(&t, &a.y)
}

// genTables has odd multiples of the generator G and of 2^128 G.
type genTables [2][1 << (genWindow - 2)]affine

// generators makes the tables when they are first asked for.
var generators = sync.OnceValue(func() *genTables {
	t := new(genTables)
	p := jacobian{}
	p.setAffine(&generator)
	fillMultiples(t[0][:], &p)
	p.setAffine(&generator)
	p.doubleN(128)
	fillMultiples(t[1][:], &p)
	return t
})

// fillMultiples sets dst to the odd multiples of p.
func fillMultiples(dst []affine, p *jacobian) {
	first := p.affine()
	var two jacobian
	two.setAffine(&first)
	two.doubleN(1)
	step := two.affine()
	var at jacobian
	at.setAffine(&first)
	zs, scratch := make([]field, len(dst)), make([]field, len(dst))
	points := make([]jacobian, len(dst))
	for i := range points {
		points[i], zs[i] = at, at.z
		at.addAffine(&step)
	}
	invertAll(zs, scratch)
	for i := range dst {
		dst[i] = points[i].scaled(&zs[i])
	}
}
