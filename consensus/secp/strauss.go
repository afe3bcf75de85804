package secp

import "math/bits"

// term is one row of Strauss's method: what is left of a scalar's digits, and
// the odd multiples of its point.
type term struct {
	digits []digit
	table  []affine
}

// at says whether the next digit has the given place, takes it, and gives its
// point.
func (t *term) at(place int) (a affine, ok bool) {
	n := len(t.digits) - 1
	if n < 0 || int(t.digits[n].at) != place {
		return a, false
	}
	d := int(t.digits[n].d)
	t.digits = t.digits[:n]
	if d < 0 {
		a.neg(&t.table[-d>>1])
		return a, true
	}
	return t.table[d>>1], true
}

// combine returns kq + gG by Strauss's method, both scalars cut in halves so
// that four of 128 bits share their doublings.
func combine(q *affine, k, g *scalar) jacobian {
	gen := generators()
	var key, keyLambda keyTable
	var z field
	key.fill(q, &z)
	for i := range key {
		keyLambda[i].x.mul(&key[i].x, &beta)
		keyLambda[i].y = key[i].y
	}
	k1, k2 := k.split()
	g1, g2 := g.halves()
	var buf [4][129/keyWindow + 1]digit
	keys := [2]term{
		{k1.digits(buf[0][:0], keyWindow), key[:]},
		{k2.digits(buf[1][:0], keyWindow), keyLambda[:]},
	}
	gens := [2]term{
		{g1.digits(buf[2][:0], genWindow), gen[0][:]},
		{g2.digits(buf[3][:0], genWindow), gen[1][:]},
	}
	places := placesOf(keys[0].digits, keys[1].digits, gens[0].digits, gens[1].digits)
	p := jacobian{inf: true}
	for at, next := places.top(), 0; at >= 0; at = next {
		for i := range keys {
			if a, ok := keys[i].at(at); ok {
				p.addAffine(&a)
			}
		}
		for i := range gens {
			if a, ok := gens[i].at(at); ok {
				p.addIso(&a, &z)
			}
		}
		next = places.top()
		p.doubleN(at - max(next, 0))
	}
	p.z.mul(&p.z, &z)
	return p
}

// places has a bit for each place at which some scalar has a digit.
type places [3]uint64

func placesOf(digits ...[]digit) (p places) {
	for _, row := range digits {
		for _, d := range row {
			p[d.at>>6] |= 1 << (d.at & 63)
		}
	}
	return p
}

// top takes the highest place, -1 where there is none.
func (p *places) top() int {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != 0 {
			at := bits.Len64(p[i]) - 1
			p[i] &^= 1 << at
			return i<<6 + at
		}
	}
	return -1
}
