//go:build amd64 && !purego

package secp

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func needFMA(t testing.TB) {
	if !hasLanes {
		t.Skip("the machine has neither AVX-512 IFMA nor AVX2 with FMA")
	}
}

// randomFMA fills lanes with limbs that are often as large as a factor's may be.
func randomFMA(r *rand.Rand) (e lane8) {
	for lane := range 8 {
		for i := range e {
			limit := int64(1<<50 + 1<<40)
			if i == 4 {
				limit = 1<<51 + 1<<40
			}
			d := r.Int64N(2*limit+1) - limit
			switch r.IntN(6) {
			case 0:
				d = limit - r.Int64N(2)
			case 1:
				d = r.Int64N(2) - limit
			case 2:
				d = r.Int64N(3) - 1
			case 3:
				d = (1<<50 - r.Int64N(3)) * (2*r.Int64N(2) - 1)
			}
			e[i][lane] = math.Float64bits(float64(d))
		}
	}
	return e
}

// fmaBig is the number that is kept in a lane.
func fmaBig(e *lane8, lane int) *big.Int {
	v := new(big.Int)
	for i := 4; i >= 0; i-- {
		v.Lsh(v, 51).Add(v, big.NewInt(int64(math.Float64frombits(e[i][lane]))))
	}
	v.Lsh(v, 1)
	return v.Mod(v, bigP)
}

// checkFMALimbs fails where limbs are larger than factors may be.
func checkFMALimbs(t *testing.T, what string, e *lane8) {
	t.Helper()
	for lane := range 8 {
		for i := range e {
			limit := float64(1<<50 + 1<<40)
			if i == 4 {
				limit = 1<<51 + 1<<40
			}
			if f := math.Float64frombits(e[i][lane]); math.Abs(f) > limit || f != math.Trunc(f) {
				t.Fatalf("%s: limb %d of lane %d is %v", what, i, lane, f)
			}
		}
	}
}

func checkFMA(t *testing.T, a, b *lane8) {
	t.Helper()
	var z, s, s3 lane8
	fmaMul(&z, a, b)
	fmaSquares(&s, a, 1)
	fmaSquares(&s3, a, 3)
	checkFMALimbs(t, "product", &z)
	checkFMALimbs(t, "square", &s)
	for lane := range 8 {
		x, y := fmaBig(a, lane), fmaBig(b, lane)
		want := new(big.Int).Mul(x, y)
		if want.Mod(want, bigP).Cmp(fmaBig(&z, lane)) != 0 {
			t.Fatalf("lane %d: product of %x and %x: got %x, want %x", lane, x, y, fmaBig(&z, lane), want)
		}
		square := new(big.Int).Exp(x, big.NewInt(2), bigP)
		if square.Cmp(fmaBig(&s, lane)) != 0 {
			t.Fatalf("lane %d: square of %x: got %x, want %x", lane, x, fmaBig(&s, lane), square)
		}
		if square.Exp(x, big.NewInt(8), bigP).Cmp(fmaBig(&s3, lane)) != 0 {
			t.Fatalf("lane %d: three squares of %x: got %x, want %x", lane, x, fmaBig(&s3, lane), square)
		}
		f := fmaLane(a, lane)
		if limbsBig(f.canonical()).Cmp(x) != 0 {
			t.Fatalf("lane %d: %x is read as %x", lane, x, f)
		}
		var back lane8
		setFMA(&back, lane, &f)
		if fmaBig(&back, lane).Cmp(x) != 0 {
			t.Fatalf("lane %d: %x is written as %x", lane, x, fmaBig(&back, lane))
		}
	}
}

func TestFMAField(t *testing.T) {
	needFMA(t)
	r := newRand(t)
	for range 2000 {
		a, b := randomFMA(r), randomFMA(r)
		checkFMA(t, &a, &b)
	}
	for range 2000 {
		var e lane8
		for lane := range 8 {
			f := field(randomLimbs(r))
			setFMA(&e, lane, &f)
		}
		checkFMALimbs(t, "what is written", &e)
		checkFMA(t, &e, &e)
	}
}

func FuzzFMAField(f *testing.F) {
	f.Add(make([]byte, 80))
	f.Fuzz(func(t *testing.T, b []byte) {
		needFMA(t)
		var e [2]lane8
		for lane := range 8 {
			for i := range 10 {
				d := int64(lane)
				for _, x := range b[min(8*i, len(b)):min(8*i+8, len(b))] {
					d = d<<8 | int64(x)
				}
				limit := int64(1<<50 + 1<<40)
				if i%5 == 4 {
					limit = 1<<51 + 1<<40
				}
				e[i/5][i%5][lane] = math.Float64bits(float64(d * int64(2*lane+1) % (limit + 1)))
			}
		}
		checkFMA(t, &e[0], &e[1])
	})
}

// What is zero stays zero: whatever is done to a point without z, its z is zero.
func TestFMAZeroStays(t *testing.T) {
	needFMA(t)
	eachFMA := func(e *lane8, f func(lane int) field) {
		for lane := range 8 {
			v := f(lane)
			setFMA(e, lane, &v)
		}
	}
	r := newRand(t)
	var w fmaWork
	jobs := make([]laneJob, 8)
	for i := range jobs {
		jobs[i] = randomJob(r)
	}
	w.lift(jobs)
	w.combine(jobs)
	key, gen := &w.table[0][0], &fmaGenerators()[0]
	for range 100 {
		s := w.state
		zero := r.Uint32N(256)
		for i := range 3 {
			eachFMA(&s[i], func(lane int) field {
				if i == laneZ && zero>>lane&1 == 1 {
					return [2]field{{}, fieldP}[r.IntN(2)]
				}
				return randomLimbs(r)
			})
		}
		for range 20 {
			d := &w.digits[r.IntN(len(w.digits))]
			switch r.IntN(5) {
			case 0:
				fmaDouble(&s, 1+r.IntN(6))
			case 1:
				fmaAddKey(&s, key, &w.digits[0])
			case 2:
				fmaAddKeyLambda(&s, key, &w.digits[1])
			case 3:
				fmaAddGen(&s, gen, d)
			case 4:
				fmaAddGenLambda(&s, gen, d)
			}
			for i := range 3 {
				checkFMALimbs(t, "the point", &s[i])
			}
		}
		for lane := range 8 {
			if z := fmaLane(&s[laneZ], lane); zero>>lane&1 == 1 && !z.isZero() {
				t.Fatalf("z of lane %d was zero, and is %x", lane, z)
			}
		}
	}
}
