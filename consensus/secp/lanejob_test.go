//go:build amd64 && !purego

package secp

import (
	"flag"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

var laneChecks = flag.Int("lanes", 1500, "how many random combinations TestLaneJobs compares")

// point computes u1 G + u2 key of a job whose s is 1, with the scalar code.
func (j *laneJob) point() (x field, odd, ok bool) {
	p := combine(&affine{j.x, j.y}, &j.u2, &j.u1)
	if p.inf {
		return x, false, false
	}
	a := p.affine()
	return a.x.canonical(), a.y.isOdd(), true
}

// reference is point by btcec's arithmetic.
func (j *laneJob) reference() (x field, odd, ok bool) {
	var key, a, b, sum btcec.JacobianPoint
	set := func(v *btcec.FieldVal, f field) {
		bytes := f.bytes()
		v.SetByteSlice(bytes[:])
	}
	number := func(s scalar) (n btcec.ModNScalar) {
		var b [32]byte
		limbsBig(s).FillBytes(b[:])
		n.SetByteSlice(b[:])
		return n
	}
	set(&key.X, j.x)
	set(&key.Y, j.y)
	key.Z.SetInt(1)
	u1, u2 := number(j.u1), number(j.u2)
	btcec.ScalarBaseMultNonConst(&u1, &a)
	btcec.ScalarMultNonConst(&u2, &key, &b)
	btcec.AddNonConst(&a, &b, &sum)
	if sum.X.IsZero() && sum.Y.IsZero() || sum.Z.IsZero() {
		return x, false, false
	}
	sum.ToAffine()
	bytes := sum.X.Bytes()
	x.setBytes(bytes[:])
	return x, sum.Y.IsOdd(), true
}

// eachLanes runs a test in each of the ways in which the machine multiplies lanes.
func eachLanes(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	needFMA(t)
	if hasIFMA {
		t.Run("ifma", test)
	}
	defer func(was bool) { hasIFMA = was }(hasIFMA)
	hasIFMA = false
	t.Run("fma", test)
}

// randomJob is a combination that has s = 1, and often asks for what is in the
// way of incomplete formulas: the same point twice, opposite points, infinity.
func randomJob(r *rand.Rand) laneJob {
	key := structuredKey(r)
	j := laneJob{x: key.x.canonical(), y: key.y.canonical(), s: scalar{1}, u1: structured(r), u2: structured(r), schnorr: r.IntN(2) == 0}
	j.given = r.IntN(3) == 0
	j.odd = key.y.isOdd()
	return j
}

// laneOutcome counts what lanes said.
type laneOutcome struct{ jobs, valid, unjudged int }

// checkJobs has groups of jobs judged for the point that they lead to, and some
// for another, and compares. In no lane may something untrue be valid or something
// true be false; a true one that is not found valid is counted.
func checkJobs(t *testing.T, b *laneScratch, r *rand.Rand, jobs []laneJob, point func(*laneJob) (field, bool, bool)) (n laneOutcome) {
	t.Helper()
	want := make([]bool, len(jobs))
	for i := range jobs {
		j := &jobs[i]
		j.claim = i
		x, odd, ok := point(j)
		j.r = x
		want[i] = ok && !(j.schnorr && odd)
		switch r.IntN(8) {
		case 0: // another x
			j.r[r.IntN(4)] ^= 1 << r.IntN(64)
			want[i] = want[i] && j.r.equal(&x)
		case 1: // another key, or none
			if !j.given {
				j.odd = !j.odd
				var p affine
				p.lift(&j.x, j.odd)
				other := laneJob{x: j.x, y: p.y, u1: j.u1, u2: j.u2}
				x, odd, ok := point(&other)
				want[i] = ok && j.r.equal(&x) && !(j.schnorr && odd)
			} else {
				j.y[r.IntN(4)] ^= 1 << r.IntN(64)
				want[i] = (&affine{j.x, j.y}).onCurve() && want[i]
			}
		case 2: // divided
			if s := randomScalar(r); !s.isZero() && !j.schnorr { // a Schnorr signature divides by nothing
				j.s = s
				j.u1.mul(&j.u1, &s)
				j.u2.mul(&j.u2, &s)
			}
		}
	}
	b.jobs, b.open = append(b.jobs[:0], jobs...), b.open[:0]
	got := make([]bool, len(jobs))
	b.judge(got)
	open := make([]bool, len(jobs))
	for _, i := range b.open {
		open[i] = true
	}
	for i := range jobs {
		if got[i] && !want[i] {
			t.Fatalf("job %d of %d, %+v, is found valid", i, len(jobs), jobs[i])
		}
		if want[i] && !got[i] && !open[i] {
			t.Fatalf("job %d of %d, %+v, is found false", i, len(jobs), jobs[i])
		}
		n.jobs++
		if got[i] {
			n.valid++
		} else if want[i] {
			n.unjudged++
		}
	}
	return n
}

// Random combinations agree with the scalar code's points, and one in 32 with
// btcec's.
func TestLaneJobs(t *testing.T) { eachLanes(t, allLaneJobs) }

func allLaneJobs(t *testing.T) {
	r := newRand(t)
	var b laneScratch
	var sum laneOutcome
	for round := 0; sum.jobs < *laneChecks; round++ {
		jobs := make([]laneJob, 1+r.IntN(40))
		for i := range jobs {
			jobs[i] = randomJob(r)
		}
		point := (*laneJob).point
		if round%32 == 0 {
			point = (*laneJob).reference
		}
		n := checkJobs(t, &b, r, jobs, point)
		sum.jobs += n.jobs
		sum.valid += n.valid
		sum.unjudged += n.unjudged
	}
	t.Logf("of %d combinations %d were found valid, %d were left to single checks", sum.jobs, sum.valid, sum.unjudged)
	if sum.valid < sum.jobs/4 {
		t.Error("few are valid")
	}
}

// Combinations of any scalars and keys are all judged.
func TestLaneJobsWithoutStructure(t *testing.T) { eachLanes(t, allLaneJobsWithoutStructure) }

func allLaneJobsWithoutStructure(t *testing.T) {
	r := newRand(t)
	var b laneScratch
	for n := 1; n <= 40; n++ {
		jobs := make([]laneJob, n)
		for i := range jobs {
			d := scalar{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64() >> 1}
			p := combine(&generator, &scalar{}, &d)
			key := p.affine()
			jobs[i] = laneJob{
				x: key.x.canonical(), y: key.y.canonical(), s: scalar{1}, odd: key.y.isOdd(),
				u1: scalar{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64() >> 1},
				u2: scalar{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64() >> 1},
			}
		}
		if got := checkJobs(t, &b, r, jobs, (*laneJob).point); got.unjudged > 0 {
			t.Errorf("%+v: all can be judged", got)
		}
	}
}

// Every pair of the scalars that are in the way, with keys of which the tables
// hold multiples.
func TestLaneJobsInTheWay(t *testing.T) { eachLanes(t, allLaneJobsInTheWay) }

func allLaneJobsInTheWay(t *testing.T) {
	r := newRand(t)
	var scalars []scalar
	for _, v := range []uint64{0, 1, 2, 3, 16, 31, 33} {
		s := scalar{v}
		scalars = append(scalars, s)
		s.neg(&s)
		scalars = append(scalars, s)
		s.mul(&s, &lambda)
		scalars = append(scalars, s)
	}
	var b laneScratch
	var sum laneOutcome
	for _, d := range []scalar{{1}, {2}, {3}, {31}, {32}, {0, 0, 1}, {4095}, lambda, halfN} {
		p := combine(&generator, &scalar{}, &d)
		key := p.affine()
		for _, odd := range []bool{key.y.isOdd(), !key.y.isOdd()} {
			var jobs []laneJob
			for _, u1 := range scalars {
				for _, u2 := range scalars {
					var a affine
					a.lift(&key.x, odd)
					jobs = append(jobs, laneJob{x: a.x.canonical(), y: a.y.canonical(), odd: odd, s: scalar{1}, u1: u1, u2: u2})
				}
			}
			n := checkJobs(t, &b, r, jobs, (*laneJob).point)
			sum.jobs += n.jobs
			sum.valid += n.valid
			sum.unjudged += n.unjudged
		}
	}
	t.Logf("of %d combinations %d were found valid, %d were left to single checks", sum.jobs, sum.valid, sum.unjudged)
}

// What is zero stays zero: whatever is done to a point without z, its z is zero.
func TestLaneZeroStays(t *testing.T) {
	needLanes(t)
	r := newRand(t)
	var b laneScratch
	jobs := make([]laneJob, 8)
	for i := range jobs {
		jobs[i] = randomJob(r)
	}
	checkJobs(t, &b, r, jobs, (*laneJob).point)
	w := b.work
	key, gen := &w.table[0][0], &laneGenerators()[0]
	for range 200 {
		s := w.state[0]
		s[laneX], s[laneY], s[laneZ] = randomLanes(r, laneTop), randomLanes(r, laneTop), randomLanes(r, laneTop)
		zero := r.Uint32N(256)
		for lane := range 8 {
			if zero>>lane&1 == 1 {
				setLaneBig(&s[laneZ], lane, new(big.Int).Mul(bigP, big.NewInt(r.Int64N(4))))
			}
		}
		for range 20 {
			d := &w.digits[r.IntN(len(w.digits))]
			switch r.IntN(5) {
			case 0:
				laneDouble(&s, 1+r.IntN(6))
			case 1:
				laneAddKey(&s, key, &w.digits[0])
			case 2:
				laneAddKeyLambda(&s, key, &w.digits[1])
			case 3:
				laneAddGen(&s, gen, d)
			case 4:
				laneAddGenLambda(&s, gen, d)
			}
			checkLimbs(t, "x", &s[laneX])
			checkLimbs(t, "y", &s[laneY])
		}
		if got := laneFinish(&s); got&zero != zero {
			t.Fatalf("z was zero in lanes %08b, and is in %08b", zero, got)
		}
	}
}

// A sum of equal or of opposite points has no z.
func TestLaneSumsWithoutZ(t *testing.T) {
	needLanes(t)
	r := newRand(t)
	var b laneScratch
	jobs := make([]laneJob, 8)
	for i := range jobs {
		jobs[i] = randomJob(r)
	}
	checkJobs(t, &b, r, jobs, (*laneJob).point)
	w := b.work
	for range 100 {
		var d laneDigit
		for lane := range 8 {
			d[lane] = 64 * r.Uint32N(16)
		}
		d[8] = r.Uint32N(256)
		s := w.state[0]
		laneStart(&s, &w.table[0][0], &d)
		d[8] = r.Uint32N(256)
		laneAddKey(&s, &w.table[0][0], &d)
		if got := laneFinish(&s); got != 0xff {
			t.Fatalf("z is zero in lanes %08b", got)
		}
	}
}

// FuzzLaneJobs takes a job from 32 bytes: which kinds of scalars and key, and
// the seed of what is random in them.
func FuzzLaneJobs(f *testing.F) {
	f.Add(uint64(0), uint64(1), uint8(1))
	f.Add(uint64(2), uint64(3), uint8(16))
	f.Fuzz(func(t *testing.T, a, c uint64, n uint8) {
		eachLanes(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(a, c))
			jobs := make([]laneJob, 1+n%24)
			for i := range jobs {
				jobs[i] = randomJob(r)
			}
			var b laneScratch
			checkJobs(t, &b, r, jobs, (*laneJob).reference)
		})
	})
}

// Lanes find every signed claim true, and every changed one not, at each place
// in batches of each size.
func TestLanesOnSignedClaims(t *testing.T) { eachLanes(t, allLanesOnSignedClaims) }

func allLanesOnSignedClaims(t *testing.T) {
	r := newRand(t)
	var b laneScratch
	var signed []Claim
	for range 20 {
		signed = append(signed, signECDSA(r), signSchnorr(r))
	}
	for n := 1; n <= 40; n++ {
		for at := range n {
			claims, ok := make([]Claim, n), make([]bool, n)
			for i := range claims {
				claims[i] = signed[r.IntN(len(signed))]
			}
			claims[at].Sum[r.IntN(32)] ^= 1 << r.IntN(8)
			open := b.verify(claims, ok)
			alone := 0 // what is left for single checks
			if n%8 < minLanes() {
				alone = n % 8
			}
			for i := range claims {
				if want := i != at && i < n-alone; ok[i] != want {
					t.Errorf("claim %d of %d is found %v, %d was changed", i, n, ok[i], at)
				}
			}
			for _, i := range open {
				if i != at && i < n-alone {
					t.Errorf("claim %d of %d is left open, %d was changed", i, n, at)
				}
			}
		}
	}
}
