package secp

// affine is a point (x, y) of the curve y² = x³ + 7; never infinity.
type affine struct{ x, y field }

// jacobian is the point (x/z², y/z³), or infinity. On an isomorphic curve
// y² = x³ + 7c⁶ the same formulas hold, since none of them uses the 7.
type jacobian struct {
	x, y, z field
	inf     bool
}

var generator = affine{
	field{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac},
	field{0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465},
}

// lift sets p to the point with the given x and an even or odd y, and says
// whether there is one.
func (p *affine) lift(x *field, odd bool) bool {
	var c field
	c.curve(x)
	ok := p.y.sqrt(&c)
	p.choose(x, odd)
	return ok
}

// lift2 does the same twice, in less time.
func lift2(p, q *affine, x *[2]field, odd [2]bool) (ok [2]bool) {
	var c [2]field
	c[0].curve(&x[0])
	c[1].curve(&x[1])
	ok = sqrt2(&c, &c)
	p.y, q.y = c[0], c[1]
	p.choose(&x[0], odd[0])
	q.choose(&x[1], odd[1])
	return ok
}

// choose takes p's y or its opposite for the given x.
func (p *affine) choose(x *field, odd bool) {
	p.x = *x
	if p.y.isOdd() != odd {
		p.y.neg(&p.y)
	}
}

// curve sets z to x³ + 7.
func (z *field) curve(x *field) {
	var t field
	t.sqr(x)
	t.mul(&t, x)
	z.add(&t, &fieldSeven)
}

func (p *affine) onCurve() bool {
	var l, r field
	l.sqr(&p.y)
	r.curve(&p.x)
	return l.equal(&r)
}

func (p *affine) neg(a *affine) {
	p.x = a.x
	p.y.neg(&a.y)
}

func (p *jacobian) setAffine(a *affine) {
	*p = jacobian{x: a.x, y: a.y, z: fieldOne}
}

// affine returns the point, which is not infinity.
func (p *jacobian) affine() affine {
	var zi field
	zi.invert(&p.z)
	return p.scaled(&zi)
}

// scaled is the point given 1/z.
func (p *jacobian) scaled(zi *field) (a affine) {
	var zi2 field
	zi2.sqr(zi)
	a.x.mul(&p.x, &zi2)
	a.y.mul(&p.y, &zi2)
	a.y.mul(&a.y, zi)
	return a
}

// doubleGeneric sets p to 2a. No point has order two: y is not zero.
func doubleGeneric(p, a *jacobian) {
	var l, s, t, u field
	s.sqr(&a.y)
	p.z.mul(&a.y, &a.z)
	l.sqr(&a.x)
	t.half(&l)
	l.add(&l, &t) // 3/2 x²
	t.mul(&a.x, &s)
	p.x.sqr(&l)
	u.double(&t)
	p.x.sub(&p.x, &u)
	t.sub(&t, &p.x)
	t.mul(&t, &l)
	s.sqr(&s)
	p.y.sub(&t, &s)
	p.inf = a.inf
}

// addAffine sets p to p + a.
func (p *jacobian) addAffine(a *affine) {
	if p.inf {
		p.setAffine(a)
		return
	}
	p.addAt(a, &p.z)
}

// addIso sets p to p + a where p's z lacks a factor that a's does not: p is on
// the isomorphic curve on which a is (x scale², y scale³).
func (p *jacobian) addIso(a *affine, scale *field) {
	var z field
	if p.inf {
		z.sqr(scale)
		p.x.mul(&a.x, &z)
		z.mul(&z, scale)
		p.y.mul(&a.y, &z)
		p.z, p.inf = fieldOne, false
		return
	}
	z.mul(&p.z, scale)
	p.addAt(a, &z)
}

// addGeneric is addAt without help of the processor.
func addGeneric(p *jacobian, a *affine, z *field) {
	var z2, h, r field
	z2.sqr(z)
	h.mul(&a.x, &z2)
	h.sub(&h, &p.x)
	r.mul(&a.y, &z2)
	r.mul(&r, z)
	r.sub(&r, &p.y)
	if h.isZero() {
		p.addSameX(r.isZero())
		return
	}
	p.finishAdd(&h, &r)
}

// addSameX sets p to 2p or to infinity: the point added was p or -p.
func (p *jacobian) addSameX(same bool) {
	if same {
		p.doubleN(1)
	} else {
		p.inf = true
	}
}

// finishAdd moves p along, given the differences of x and y of the other point
// to p, all at the same z.
func (p *jacobian) finishAdd(h, r *field) {
	var h2, h3, v, t field
	h2.sqr(h)
	h3.mul(&h2, h)
	v.mul(&p.x, &h2)
	p.z.mul(&p.z, h)
	p.x.sqr(r)
	p.x.sub(&p.x, &h3)
	t.double(&v)
	p.x.sub(&p.x, &t)
	v.sub(&v, &p.x)
	v.mul(&v, r)
	t.mul(&p.y, &h3)
	p.y.sub(&v, &t)
}

// add sets p to p + a.
func (p *jacobian) add(a *jacobian) {
	if a.inf {
		return
	}
	if p.inf {
		*p = *a
		return
	}
	var z1, z2, h, r, t field
	z1.sqr(&p.z)
	z2.sqr(&a.z)
	h.mul(&a.x, &z1)
	r.mul(&a.y, &z1)
	r.mul(&r, &p.z)
	t.mul(&p.x, &z2)
	h.sub(&h, &t)
	z2.mul(&z2, &a.z)
	z2.mul(&z2, &p.y)
	r.sub(&r, &z2)
	if h.isZero() {
		p.addSameX(r.isZero())
		return
	}
	p.x, p.y = t, z2
	p.z.mul(&p.z, &a.z)
	p.finishAdd(&h, &r)
}

// hasX says whether x is p's x coordinate; p is not infinity.
func (p *jacobian) hasX(x *field) bool {
	var t field
	t.sqr(&p.z)
	t.mul(&t, x)
	return t.equal(&p.x)
}
