//go:build !purego

package secp

import (
	"math/bits"
	"slices"
)

// verify verifies what it can of the claims, eight at a time. It sets ok of those
// that are true and returns those of which nothing has been said. Of many claims
// some are false without anybody's fault, as CHECKMULTISIG tries keys in turn.
func (b *laneScratch) verify(claims []Claim, ok []bool) (open []int) {
	b.prepare(claims)
	// A last group of few costs more than single checks.
	if rest := len(b.jobs) % 8; rest < minLanes() {
		for _, j := range b.jobs[len(b.jobs)-rest:] {
			b.open = append(b.open, j.claim)
		}
		b.jobs = b.jobs[:len(b.jobs)-rest]
	}
	if len(b.jobs) > 0 {
		b.judge(ok)
	}
	return b.open
}

// judge sets ok of the jobs' claims that are found true, and adds those to open
// that are neither found true nor false.
func (b *laneScratch) judge(ok []bool) {
	if !hasIFMA {
		b.judgeFMA(ok)
		return
	}
	if b.work == nil {
		b.work = new(laneWork)
	}
	b.fill()
	for at := 0; at < len(b.jobs); at += 16 {
		pair := b.jobs[at:min(at+16, len(b.jobs))]
		lifted := b.work.lift(pair)
		for i := 0; 8*i < len(pair); i++ {
			n := min(8, len(pair)-8*i)
			g, s := &b.groups[at/8+i], &b.work.state[i]
			b.work.combine(g, s)
			g.judge(s, lifted>>(8*i)&(1<<n-1))
		}
	}
	b.oddY()
	for i := range b.jobs {
		j, g := &b.jobs[i], &b.groups[i/8]
		switch {
		case g.valid>>(i%8)&1 == 1:
			ok[j.claim] = true
		case g.refuted>>(i%8)&1 == 0 || j.twofold():
			b.open = append(b.open, j.claim)
		}
	}
}

// prepare makes jobs of the claims that are well-formed.
func (b *laneScratch) prepare(claims []Claim) {
	b.jobs, b.open = b.jobs[:0], b.open[:0]
	for i := range claims {
		j := laneJob{claim: i}
		if j.parse(&claims[i]) {
			b.jobs = append(b.jobs, j)
		} else {
			b.open = append(b.open, i)
		}
	}
}

// twofold says that the x of an ECDSA signature may be r or r + n, of which only
// the first is looked at: that is below p where r has no more than 129 bits.
func (j *laneJob) twofold() bool { return !j.schnorr && j.r[3] == 0 && j.r[2]>>1 == 0 }

// parse reads a claim, and says whether it is well-formed: false ones are left
// to the single check.
func (j *laneJob) parse(c *Claim) bool {
	switch c.Scheme {
	case ECDSA:
		var sig ecdsaSig
		if !j.parseKey(c.Key) || !sig.parse(c.Sig) {
			return false
		}
		j.r, j.s, j.u2 = field(sig.r), sig.s, sig.r
		j.u1.setBytes(c.Sum[:])
		return true
	case Schnorr:
		if len(c.Key) != 32 || len(c.Sig) != 64 || !j.x.setBytes(c.Key) || !j.r.setBytes(c.Sig[:32]) || !j.u1.setBytes(c.Sig[32:]) {
			return false
		}
		var e scalar
		challenge(&e, c.Sig[:32], c.Key, c.Sum[:])
		j.u2.neg(&e)
		j.s = scalar{1}
		j.schnorr = true
		return true
	}
	return false
}

// parseKey reads a public key as affine's parseKey does, but leaves the root,
// and whether the point is of the curve, for later.
func (j *laneJob) parseKey(b []byte) bool {
	switch {
	case len(b) == 33 && (b[0] == 2 || b[0] == 3):
		j.odd = b[0] == 3
		return j.x.setBytes(b[1:])
	case len(b) == 65 && (b[0] == 4 || b[0] == 6 || b[0] == 7):
		j.given = true
		return j.x.setBytes(b[1:33]) && j.y.setBytes(b[33:]) && (b[0] == 4 || j.y.isOdd() == (b[0] == 7))
	}
	return false
}

// fill writes the jobs' scalars into groups, and divides them by s.
func (b *laneScratch) fill() {
	n := (len(b.jobs) + 7) / 8
	b.groups = slices.Grow(b.groups[:0], n)[:n]
	divide := false
	for i := range b.groups {
		g := &b.groups[i]
		g.schnorr = 0
		for lane := range 8 {
			// Lanes without a job repeat the group's first one.
			j := &b.jobs[8*i]
			if 8*i+lane < len(b.jobs) {
				j = &b.jobs[8*i+lane]
			}
			setLane(&g.s, lane, (*[4]uint64)(&j.s))
			setLane(&g.u1, lane, (*[4]uint64)(&j.u1))
			setLane(&g.u2, lane, (*[4]uint64)(&j.u2))
			g.schnorr |= bit(j.schnorr) << lane
			divide = divide || j.s != scalar{1}
		}
	}
	if divide {
		b.divide()
	}
}

// squareR is 2^520 modulo n, which makes a Montgomery form of a scalar.
var squareR = func() (r lane8) {
	v := scalar{1}
	for range 520 {
		v.add(&v, &v)
	}
	for lane := range 8 {
		setLane(&r, lane, (*[4]uint64)(&v))
	}
	return r
}()

// divide divides u1 and u2 by s, with one inversion for all groups. With
// Montgomery's products P(i) = P(i-1) s(i) / R and I(i) = R / P(i) it goes on by
// itself: R / s(i) = P(i-1) I(i) / R, I(i-1) = s(i) I(i) / R.
func (b *laneScratch) divide() {
	all := b.groups[0].s
	for i := 1; i < len(b.groups); i++ {
		g := &b.groups[i]
		g.before = all
		laneScalarMul(&all, &all, &g.s)
	}
	var v, scratch [8]scalar
	for lane := range v {
		v[lane] = scalarLane(&all, lane)
	}
	invertScalars(v[:], scratch[:])
	for lane := range v {
		setLane(&all, lane, (*[4]uint64)(&v[lane]))
	}
	laneScalarMul(&all, &all, &squareR)
	for i := len(b.groups) - 1; i >= 0; i-- {
		g := &b.groups[i]
		inverse := all
		if i > 0 {
			laneScalarMul(&inverse, &g.before, &all)
			laneScalarMul(&all, &all, &g.s)
		}
		laneScalarMul(&g.u1, &g.u1, &inverse)
		laneScalarMul(&g.u2, &g.u2, &inverse)
	}
}

// setLane sets one lane to a value below 2^256.
func setLane(e *lane8, lane int, v *[4]uint64) {
	const mask = 1<<52 - 1
	e[0][lane] = v[0] & mask
	e[1][lane] = (v[0]>>52 | v[1]<<12) & mask
	e[2][lane] = (v[1]>>40 | v[2]<<24) & mask
	e[3][lane] = (v[2]>>28 | v[3]<<36) & mask
	e[4][lane] = v[3] >> 16
}

// lane returns the lowest 256 bits of a lane, and what is above.
func lane(e *lane8, lane int) (v [4]uint64, above uint64) {
	v[0] = e[0][lane] | e[1][lane]<<52
	v[1] = e[1][lane]>>12 | e[2][lane]<<40
	v[2] = e[2][lane]>>24 | e[3][lane]<<28
	v[3] = e[3][lane]>>36 | e[4][lane]<<16
	return v, e[4][lane] >> 48
}

// scalarLane is the scalar in a lane that is below 2n.
func scalarLane(e *lane8, at int) scalar {
	v, above := lane(e, at)
	s := scalar(v)
	s.reduceOnce(above)
	return s
}

// fieldLane is the field element in a lane.
func fieldLane(e *lane8, at int) field {
	v, above := lane(e, at)
	f := field(v)
	f.add(&f, &field{above * fold})
	return f
}

// lift finds the keys of up to 16 jobs. It returns the lanes whose key is on the
// curve; those of the second group follow those of the first.
func (w *laneWork) lift(jobs []laneJob) (lifted uint32) {
	var given, odd [2]uint32
	for i := range w.state {
		s := &w.state[i]
		for lane := range 8 {
			// Lanes without a job repeat the first one.
			j := &jobs[0]
			if 8*i+lane < len(jobs) {
				j = &jobs[8*i+lane]
			}
			setLane(&s[laneKeyX], lane, (*[4]uint64)(&j.x))
			setLane(&s[laneKeyY], lane, (*[4]uint64)(&j.y))
			setLane(&s[laneR], lane, (*[4]uint64)(&j.r))
			setLane(&s[laneBeta], lane, (*[4]uint64)(&beta))
			given[i] |= bit(j.given) << lane
			odd[i] |= bit(j.odd) << lane
		}
		laneCurve(s)
		w.powers[0][i] = s[laneC]
	}
	w.sqrt()
	for i := range w.state {
		s, root := &w.state[i], &w.powers[1][i]
		for limb := range root {
			for lane := range 8 {
				if given[i]>>lane&1 == 0 {
					s[laneKeyY][limb][lane] = root[limb][lane]
				}
			}
		}
		lifted |= laneRoot(s, given[i], odd[i]) << (8 * i)
	}
	return lifted
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// sqrt sets powers[1] to the power (p+1)/4 of powers[0], a root if there is any:
// field's sqrt has the exponent.
func (w *laneWork) sqrt() {
	p := &w.powers
	a, z, x2, x3 := &p[0], &p[1], &p[2], &p[3]
	w.sqrMul(x2, a, 1, a)
	w.sqrMul(x3, x2, 1, a)
	x6, x9, x11, x22 := &p[4], &p[5], &p[6], &p[7]
	w.sqrMul(x6, x3, 3, x3)
	w.sqrMul(x9, x6, 3, x3)
	w.sqrMul(x11, x9, 2, x2)
	w.sqrMul(x22, x11, 11, x11)
	x44, x88, x176 := &p[4], &p[5], &p[6]
	w.sqrMul(x44, x22, 22, x22)
	w.sqrMul(x88, x44, 44, x44)
	w.sqrMul(x176, x88, 88, x88)
	w.sqrMul(z, x176, 44, x44)
	w.sqrMul(z, z, 3, x3)
	w.sqrMul(z, z, 23, x22)
	w.sqrMul(z, z, 6, x2)
	laneSquares2(z, z, 2)
}

// sqrMul sets z to a^(2^n) b, for both groups.
func (w *laneWork) sqrMul(z, a *[2]lane8, n int, b *[2]lane8) {
	t := &w.powers[8]
	laneSquares2(t, a, n)
	laneMul(&z[0], &t[0], &b[0])
	laneMul(&z[1], &t[1], &b[1])
}

// combine computes u1 G + u2 key in each lane.
func (w *laneWork) combine(g *laneGroup, s *laneState) {
	w.recode(g)
	laneMultiples(s, &w.raw, &w.table[0][0])
	key, gen := &w.table[0][0], &laneGenerators()[0]
	laneStart(s, key, &w.digits[0])
	for i := 1; i < len(laneSteps); i++ {
		step, d := &laneSteps[i], &w.digits[i]
		if step.doubles > 0 {
			laneDouble(s, step.doubles)
		}
		switch step.kind {
		case laneKey:
			laneAddKey(s, key, d)
		case laneKeyLambda:
			laneAddKeyLambda(s, key, d)
		case laneGen:
			laneAddGen(s, gen, d)
		case laneGenLambda:
			laneAddGenLambda(s, gen, d)
		}
	}
}

// recode writes the group's scalars as digits.
func (w *laneWork) recode(g *laneGroup) {
	laneSplitKey((*[2][3][8]uint64)(w.halves[laneKey:]), &g.u2)
	laneSplitGen((*[2][3][8]uint64)(w.halves[laneGen:]), &g.u1)
	laneDigits(&w.halves, &w.digits)
}

// judge says in which of the lanes x is right and in which it is wrong, and keeps
// what the parity of y takes. A z of zero says nothing: where a formula was in the
// way of itself z has been zero ever since.
func (g *laneGroup) judge(s *laneState, lanes uint32) {
	infinite := laneFinish(s)
	has := laneHasX(s)
	g.valid, g.refuted = lanes&^infinite&has, lanes&^infinite&^has
	g.y, g.s = s[laneY], s[laneZ]
	// The product of all z must not be zero.
	for ; infinite != 0; infinite &= infinite - 1 {
		setLane(&g.s, bits.TrailingZeros32(infinite), (*[4]uint64)(&fieldOne))
	}
}

// oddY takes from the valid lanes those of Schnorr signatures whose y is odd,
// with one inversion for all groups.
func (b *laneScratch) oddY() {
	var all lane8
	n := 0
	for i := range b.groups {
		g := &b.groups[i]
		if g.valid&g.schnorr == 0 {
			continue
		}
		if g.before = all; n == 0 {
			all = g.s
		} else {
			laneMul(&all, &all, &g.s)
		}
		n++
	}
	if n == 0 {
		return
	}
	var v, scratch [8]field
	for lane := range v {
		v[lane] = fieldLane(&all, lane)
	}
	invertAll(v[:], scratch[:])
	for lane := range v {
		setLane(&all, lane, (*[4]uint64)(&v[lane]))
	}
	s := &b.work.state[0]
	for i := len(b.groups) - 1; i >= 0; i-- {
		g := &b.groups[i]
		if g.valid&g.schnorr == 0 {
			continue
		}
		inverse := all
		if n--; n > 0 {
			laneMul(&inverse, &all, &g.before)
			laneMul(&all, &all, &g.s)
		}
		s[laneY] = g.y
		odd := laneOddY(s, &inverse)
		if laneFlip {
			odd = ^odd
		}
		g.valid &^= odd & g.schnorr
	}
}
