//go:build !purego

package secp

import (
	"math"
	"sync"
)

// Lanes without IFMA: the generator's fma.go says how doubles multiply. Elements
// are kept as their halves, in limbs of 51 bits with a sign.

// fmaRowWords is the size of a table's row: four limbs of x, four of twice y, the
// fifth of each, and two words that make rows begin at a multiple of 32 bytes.
const fmaRowWords = 12

type fmaRow = [fmaRowWords]uint64

// fmaLimbs are the limbs, as doubles, that a value below 2^256 is kept as.
func fmaLimbs(v *field) (limbs [5]uint64) {
	var h field
	h.half(v)
	const width, mask = 51, 1<<51 - 1
	digits := [5]int64{
		int64(h[0] & mask),
		int64((h[0]>>51 | h[1]<<13) & mask),
		int64((h[1]>>38 | h[2]<<26) & mask),
		int64((h[2]>>25 | h[3]<<39) & mask),
		int64(h[3] >> 12),
	}
	for i := range 4 {
		if digits[i] >= 1<<(width-1) {
			digits[i] -= 1 << width
			digits[i+1]++
		}
	}
	if digits[4] >= 1<<51 { // 2^256 is fold
		digits[4] -= 1 << 52
		digits[0] += fold
	}
	for i, d := range digits {
		limbs[i] = math.Float64bits(float64(d))
	}
	return limbs
}

func setFMA(e *lane8, lane int, v *field) {
	for i, l := range fmaLimbs(v) {
		e[i][lane] = l
	}
}

// fmaLane is the element in a lane.
func fmaLane(e *lane8, lane int) (v field) {
	const width, mask = 51, 1<<51 - 1
	var d [5]int64
	for i := range d {
		d[i] += int64(math.Float64frombits(e[i][lane]))
		if i < 4 {
			d[i+1] = d[i] >> width
			d[i] &= mask
		}
	}
	above := d[4] >> 52
	d[4] &= 1<<52 - 1
	v = field{
		uint64(d[0]) | uint64(d[1])<<51,
		uint64(d[1])>>13 | uint64(d[2])<<38,
		uint64(d[2])>>26 | uint64(d[3])<<25,
		uint64(d[3])>>39 | uint64(d[4])<<12,
	}
	switch {
	case above < 0:
		v.sub(&v, &field{uint64(-above) * fold})
	case above > 0:
		v.add(&v, &field{uint64(above) * fold})
	}
	v.double(&v)
	return v
}

// fmaGenerators has the generator's odd multiples.
var fmaGenerators = sync.OnceValue(func() *[1 << (laneGenWindow - 1)]fmaRow {
	t := new([1 << (laneGenWindow - 1)]fmaRow)
	for i, row := range laneGenerators() {
		x, y := fmaLimbs((*field)(row[:4])), fmaLimbs((*field)(row[4:]))
		copy(t[i][:4], x[:])
		copy(t[i][4:8], y[:])
		t[i][8], t[i][9] = x[4], y[4]
	}
	return t
})

// fmaWork is the memory of a group.
type fmaWork struct {
	state  laneState
	powers [9]lane8
	raw    [1 << (laneKeyWindow - 1)][3]lane8
	table  [8][1 << (laneKeyWindow - 1)]fmaRow
	digits [len(laneSteps)]laneDigit
}

// fmaPending is a Schnorr signature whose x is right.
type fmaPending struct {
	claim int
	y     field
}

// judgeFMA does what judge does.
func (b *laneScratch) judgeFMA(ok []bool) {
	if b.fma == nil {
		b.fma = new(fmaWork)
	}
	b.divideScalars()
	b.pending, b.zs = b.pending[:0], b.zs[:0]
	for at := 0; at < len(b.jobs); at += 8 {
		group := b.jobs[at:min(at+8, len(b.jobs))]
		lifted := b.fma.lift(group)
		b.fma.combine(group)
		b.judgeGroup(group, lifted, ok)
	}
	b.spareZ = append(b.spareZ[:0], b.zs...)
	invertAll(b.zs, b.spareZ)
	for i := range b.pending {
		p := &b.pending[i]
		var z3 field
		z3.sqr(&b.zs[i])
		z3.mul(&z3, &b.zs[i])
		p.y.mul(&p.y, &z3)
		if !p.y.isOdd() {
			ok[p.claim] = true
		}
	}
}

// divideScalars divides u1 and u2 by s, with one inversion for all.
func (b *laneScratch) divideScalars() {
	b.inverses = b.inverses[:0]
	for i := range b.jobs {
		if b.jobs[i].s != (scalar{1}) {
			b.inverses = append(b.inverses, b.jobs[i].s)
		}
	}
	if len(b.inverses) == 0 {
		return
	}
	b.spare = append(b.spare[:0], b.inverses...)
	invertScalars(b.inverses, b.spare)
	n := 0
	for i := range b.jobs {
		if j := &b.jobs[i]; j.s != (scalar{1}) {
			j.u1.mul(&j.u1, &b.inverses[n])
			j.u2.mul(&j.u2, &b.inverses[n])
			n++
		}
	}
}

// lift finds the keys of up to 8 jobs, and returns the lanes whose key is on the
// curve.
func (w *fmaWork) lift(group []laneJob) (lifted uint32) {
	var c [8]field
	s := &w.state
	for lane := range 8 {
		j := laneJobAt(group, lane)
		c[lane].curve(&j.x)
		setFMA(&w.powers[0], lane, &c[lane])
		setFMA(&s[laneKeyX], lane, &j.x)
		setFMA(&s[laneBeta], lane, &beta)
	}
	w.sqrt()
	for lane := range 8 {
		j := laneJobAt(group, lane)
		y := j.y
		if !j.given {
			y = fmaLane(&w.powers[1], lane)
			if y.isOdd() != j.odd {
				y.neg(&y)
			}
		}
		var square field
		square.sqr(&y)
		lifted |= bit(square.equal(&c[lane])) << lane
		setFMA(&s[laneKeyY], lane, &y)
	}
	return lifted
}

// laneJobAt is a lane's job: lanes without one repeat the group's first.
func laneJobAt(group []laneJob, lane int) *laneJob {
	if lane < len(group) {
		return &group[lane]
	}
	return &group[0]
}

// sqrt does what laneWork's does, for one group.
func (w *fmaWork) sqrt() {
	p := &w.powers
	sqrMul := func(z, a *lane8, n int, b *lane8) {
		fmaSquares(&p[8], a, n)
		fmaMul(z, &p[8], b)
	}
	a, z, x2, x3 := &p[0], &p[1], &p[2], &p[3]
	sqrMul(x2, a, 1, a)
	sqrMul(x3, x2, 1, a)
	x6, x9, x11, x22 := &p[4], &p[5], &p[6], &p[7]
	sqrMul(x6, x3, 3, x3)
	sqrMul(x9, x6, 3, x3)
	sqrMul(x11, x9, 2, x2)
	sqrMul(x22, x11, 11, x11)
	x44, x88, x176 := &p[4], &p[5], &p[6]
	sqrMul(x44, x22, 22, x22)
	sqrMul(x88, x44, 44, x44)
	sqrMul(x176, x88, 88, x88)
	sqrMul(z, x176, 44, x44)
	sqrMul(z, z, 3, x3)
	sqrMul(z, z, 23, x22)
	sqrMul(z, z, 6, x2)
	fmaSquares(z, z, 2)
}

// combine computes u1 G + u2 key in each lane.
func (w *fmaWork) combine(group []laneJob) {
	w.recode(group)
	s, key, gen := &w.state, &w.table[0][0], &fmaGenerators()[0]
	fmaMultiples(s, &w.raw, key)
	fmaStart(s, key, &w.digits[0])
	for i := 1; i < len(laneSteps); i++ {
		step, d := &laneSteps[i], &w.digits[i]
		if step.doubles > 0 {
			fmaDouble(s, step.doubles)
		}
		switch step.kind {
		case laneKey:
			fmaAddKey(s, key, d)
		case laneKeyLambda:
			fmaAddKeyLambda(s, key, d)
		case laneGen:
			fmaAddGen(s, gen, d)
		case laneGenLambda:
			fmaAddGenLambda(s, gen, d)
		}
	}
}

// recode writes the group's scalars as digits.
func (w *fmaWork) recode(group []laneJob) {
	for i := range w.digits {
		w.digits[i][8] = 0
	}
	for lane := range 8 {
		j := laneJobAt(group, lane)
		k1, k2 := j.u2.splitOdd()
		g1, g2 := j.u1.splitOdd()
		halves := [4]signed192{
			laneKey:       k1.signs(laneKeyWindow * laneKeyDigits),
			laneKeyLambda: k2.signs(laneKeyWindow * laneKeyDigits),
			laneGen:       g1.signs(laneGenWindow * laneGenDigits),
			laneGenLambda: g2.signs(laneGenWindow * laneGenDigits),
		}
		for i := range laneSteps {
			step := &laneSteps[i]
			width := uint(laneKeyWindow)
			if step.kind >= laneGen {
				width = laneGenWindow
			}
			index, negative := halves[step.kind].digit(step.at, width)
			w.digits[i][lane] = index * (8 * fmaRowWords)
			w.digits[i][8] |= bit(negative != step.flip) << lane
		}
	}
}

// judgeGroup finds ECDSA's claims true, or leaves them open, and Schnorr's pending.
func (b *laneScratch) judgeGroup(group []laneJob, lifted uint32, ok []bool) {
	s := &b.fma.state
	for lane := range group {
		j := &group[lane]
		f, z := fmaLane(&s[laneF], lane), fmaLane(&s[laneZ], lane)
		p := jacobian{x: fmaLane(&s[laneX], lane)}
		p.z.mul(&z, &f)
		if lifted>>lane&1 == 0 || p.z.isZero() {
			b.open = append(b.open, j.claim)
			continue
		}
		if !p.hasX(&j.r) {
			if j.twofold() {
				b.open = append(b.open, j.claim)
			}
			continue
		}
		if !j.schnorr {
			ok[j.claim] = true
			continue
		}
		y := fmaLane(&s[laneY], lane)
		y.half(&y)
		if laneFlip {
			y.neg(&y)
		}
		b.pending = append(b.pending, fmaPending{j.claim, y})
		b.zs = append(b.zs, p.z)
	}
}
