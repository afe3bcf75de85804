//go:build !purego

package secp

import "math/bits"

// lanes verifies what it can of the claims, eight at a time. It only ever sets
// ok to true: where it is still false, nothing has been said.
func (b *laneScratch) verify(claims []Claim, ok []bool) {
	if b.work == nil {
		b.work = new(laneWork)
	}
	b.prepare(claims)
	b.invert()
	if len(b.jobs) < minLanes {
		return
	}
	b.done = b.done[:0]
	for at := 0; at < len(b.jobs); at += 16 {
		pair := b.jobs[at:min(at+16, len(b.jobs))]
		lifted := b.work.lift(pair)
		for g := 0; 8*g < len(pair); g++ {
			group := pair[8*g : min(8*g+8, len(pair))]
			b.work.combine(group, &b.work.state[g])
			b.done = append(b.done, b.work.judge(group, g, lifted>>(8*g)))
		}
	}
	b.oddY()
	for i := range b.jobs {
		if b.done[i/8].valid>>(i%8)&1 == 1 {
			ok[b.jobs[i].claim] = true
		}
	}
}

// prepare makes jobs of the claims that are well-formed.
func (b *laneScratch) prepare(claims []Claim) {
	b.jobs = b.jobs[:0]
	for i := range claims {
		j := laneJob{claim: i}
		if j.parse(&claims[i]) {
			b.jobs = append(b.jobs, j)
		}
	}
}

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

// invert divides the scalars of ECDSA's jobs by s.
func (b *laneScratch) invert() {
	b.inverses = b.inverses[:0]
	for i := range b.jobs {
		if !b.jobs[i].schnorr {
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
		if j := &b.jobs[i]; !j.schnorr {
			j.u1.mul(&j.u1, &b.inverses[n])
			j.u2.mul(&j.u2, &b.inverses[n])
			n++
		}
	}
}

func setLane(e *lane8, lane int, v *field) {
	const mask = 1<<52 - 1
	e[0][lane] = v[0] & mask
	e[1][lane] = (v[0]>>52 | v[1]<<12) & mask
	e[2][lane] = (v[1]>>40 | v[2]<<24) & mask
	e[3][lane] = (v[2]>>28 | v[3]<<36) & mask
	e[4][lane] = v[3] >> 16
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
			setLane(&s[laneKeyX], lane, &j.x)
			setLane(&s[laneKeyY], lane, &j.y)
			setLane(&s[laneR], lane, &j.r)
			setLane(&s[laneBeta], lane, &beta)
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

// ones fills powers of a = powers[0]: those with 2, 3, 22 and 223 ones as
// exponents in binary, and returns them.
func (w *laneWork) ones() (a, x2, x3, x22, x223 *[2]lane8) {
	p := &w.powers
	a, x2, x3 = &p[0], &p[2], &p[3]
	w.sqrMul(x2, a, 1, a)
	w.sqrMul(x3, x2, 1, a)
	x6, x9, x11 := &p[4], &p[5], &p[6]
	w.sqrMul(x6, x3, 3, x3)
	w.sqrMul(x9, x6, 3, x3)
	w.sqrMul(x11, x9, 2, x2)
	x22 = &p[7]
	w.sqrMul(x22, x11, 11, x11)
	x44, x88 := &p[4], &p[5]
	w.sqrMul(x44, x22, 22, x22)
	w.sqrMul(x88, x44, 44, x44)
	x176, x220 := &p[8], &p[9]
	w.sqrMul(x176, x88, 88, x88)
	w.sqrMul(x220, x176, 44, x44)
	x223 = &p[10]
	w.sqrMul(x223, x220, 3, x3)
	return a, x2, x3, x22, x223
}

// sqrMul sets z to a^(2^n) b, for both groups.
func (w *laneWork) sqrMul(z, a *[2]lane8, n int, b *[2]lane8) {
	t := &w.powers[11]
	laneSquares2(t, a, n)
	laneMul(&z[0], &t[0], &b[0])
	laneMul(&z[1], &t[1], &b[1])
}

// sqrt sets powers[1] to the power (p+1)/4 of powers[0], a root if there is any.
func (w *laneWork) sqrt() {
	_, x2, _, x22, x223 := w.ones()
	z := &w.powers[1]
	w.sqrMul(z, x223, 23, x22)
	w.sqrMul(z, z, 6, x2)
	laneSquares2(z, z, 2)
}

// inverse sets powers[1] to the power p-2 of powers[0].
func (w *laneWork) inverse() {
	a, x2, _, x22, x223 := w.ones()
	z := &w.powers[1]
	w.sqrMul(z, x223, 23, x22)
	w.sqrMul(z, z, 5, a)
	w.sqrMul(z, z, 3, x2)
	w.sqrMul(z, z, 2, a)
}

// combine computes u1 G + u2 key in each lane.
func (w *laneWork) combine(group []laneJob, s *laneState) {
	w.recode(group)
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
func (w *laneWork) recode(group []laneJob) {
	for lane := range 8 {
		j := &group[0]
		if lane < len(group) {
			j = &group[lane]
		}
		k1, k2 := j.u2.splitOdd()
		g1, g2 := j.u1.splitOdd()
		w.setHalf(laneKey, lane, k1.signs(laneKeyWindow*laneKeyDigits))
		w.setHalf(laneKeyLambda, lane, k2.signs(laneKeyWindow*laneKeyDigits))
		w.setHalf(laneGen, lane, g1.signs(laneGenWindow*laneGenDigits))
		w.setHalf(laneGenLambda, lane, g2.signs(laneGenWindow*laneGenDigits))
	}
	laneDigits(&w.halves, &w.digits)
}

func (w *laneWork) setHalf(kind laneKind, lane int, k signed192) {
	const mask = 1<<52 - 1
	h := &w.halves[kind]
	h[0][lane] = k[0] & mask
	h[1][lane] = (k[0]>>52 | k[1]<<12) & mask
	h[2][lane] = k[1]>>40 | k[2]<<24
}

// judge says in which lanes x is right, and keeps what the parity of y takes.
func (w *laneWork) judge(group []laneJob, g int, lifted uint32) (d laneDone) {
	s := &w.state[g]
	infinite := laneFinish(s)
	d.valid = lifted &^ infinite & laneHasX(s) & (1<<len(group) - 1)
	for lane := range group {
		d.schnorr |= bit(group[lane].schnorr) << lane
	}
	d.y, d.z = s[laneY], s[laneZ]
	// The product of all z must not be zero.
	for ; infinite != 0; infinite &= infinite - 1 {
		setLane(&d.z, bits.TrailingZeros32(infinite), &fieldOne)
	}
	return d
}

// oddY takes from the valid lanes those of Schnorr signatures whose y is odd,
// with one inversion for all.
func (b *laneScratch) oddY() {
	w := b.work
	all := &w.powers[0][0]
	n := 0
	for i := range b.done {
		d := &b.done[i]
		if d.valid&d.schnorr == 0 {
			continue
		}
		if n == 0 {
			*all = d.z
		} else {
			d.before = *all
			laneMul(all, all, &d.z)
		}
		n++
	}
	if n == 0 {
		return
	}
	w.powers[0][1] = *all
	w.inverse()
	inverse := &w.powers[1][0]
	for i := len(b.done) - 1; i >= 0; i-- {
		d := &b.done[i]
		if d.valid&d.schnorr == 0 {
			continue
		}
		mine := inverse
		if n--; n > 0 {
			mine = &w.powers[0][0]
			laneMul(mine, inverse, &d.before)
			laneMul(inverse, inverse, &d.z)
		}
		s := &w.state[0]
		s[laneY] = d.y
		odd := laneOddY(s, mine)
		if laneFlip {
			odd = ^odd
		}
		d.valid &^= odd & d.schnorr
	}
}
