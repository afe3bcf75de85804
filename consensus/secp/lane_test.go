//go:build amd64 && !purego

package secp

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func needLanes(t testing.TB) {
	if !hasLanes {
		t.Skip("the machine has no AVX-512 IFMA")
	}
}

// laneBig is the number that a lane holds.
func laneBig(e *lane8, lane int) *big.Int {
	v := new(big.Int)
	for i := 4; i >= 0; i-- {
		v.Lsh(v, 52).Add(v, new(big.Int).SetUint64(e[i][lane]))
	}
	return v
}

// setLaneBig sets a lane to a number below 2^260.
func setLaneBig(e *lane8, lane int, v *big.Int) {
	for i := range e {
		limb := new(big.Int).Rsh(v, uint(52*i))
		e[i][lane] = limb.And(limb, big.NewInt(1<<52-1)).Uint64()
	}
}

func laneMod(e *lane8, lane int, m *big.Int) *big.Int {
	return new(big.Int).Mod(laneBig(e, lane), m)
}

// randomLanes fills lanes with numbers whose uppermost limb is at most top, and
// whose limbs are often as small or as large as they can be.
func randomLanes(r *rand.Rand, top uint64) (e lane8) {
	for lane := range 8 {
		for i := range e {
			limit := uint64(1<<52 - 1)
			if i == 4 {
				limit = top
			}
			switch r.IntN(5) {
			case 0:
				e[i][lane] = limit - r.Uint64N(2)
			case 1:
				e[i][lane] = r.Uint64N(2)
			default:
				e[i][lane] = r.Uint64N(limit + 1)
			}
		}
		if r.IntN(4) == 0 { // near a multiple of p
			v := new(big.Int).Mul(bigP, big.NewInt(r.Int64N(int64(top>>48)+1)))
			v.Add(v, big.NewInt(r.Int64N(5)))
			setLaneBig(&e, lane, v)
		}
	}
	return e
}

// laneTop is what functions promise one another of an uppermost limb.
const laneTop = 1 << 50

// checkLimbs fails where limbs are not as functions promise.
func checkLimbs(t *testing.T, what string, e *lane8) {
	t.Helper()
	for lane := range 8 {
		for i := range e {
			if i < 4 && e[i][lane] >= 1<<52 || i == 4 && e[i][lane] > laneTop {
				t.Fatalf("%s: limb %d of lane %d is %#x", what, i, lane, e[i][lane])
			}
		}
	}
}

// checkLaneField compares products and squares with math/big's.
func checkLaneField(t *testing.T, a, b *lane8) {
	t.Helper()
	check := func(what string, got *lane8, want func(x, y *big.Int) *big.Int) {
		t.Helper()
		checkLimbs(t, what, got)
		for lane := range 8 {
			w := want(laneBig(a, lane), laneBig(b, lane))
			if laneMod(got, lane, bigP).Cmp(w.Mod(w, bigP)) != 0 {
				t.Fatalf("%s of %x and %x: got %x, want %x", what, laneBig(a, lane), laneBig(b, lane), laneBig(got, lane), w)
			}
		}
	}
	power := func(n int) func(x, y *big.Int) *big.Int {
		return func(x, _ *big.Int) *big.Int {
			return new(big.Int).Exp(x, new(big.Int).Lsh(big.NewInt(1), uint(n)), bigP)
		}
	}
	var z lane8
	laneMul(&z, a, b)
	check("product", &z, func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) })
	z = *a
	laneMul(&z, &z, b)
	check("product in place", &z, func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) })
	for _, n := range []int{1, 2, 5} {
		laneSquares2(&[2]lane8{}, &[2]lane8{*a, *b}, n)
		var both [2]lane8
		laneSquares2(&both, &[2]lane8{*a, *b}, n)
		check("square", &both[0], power(n))
		check("second square", &both[1], func(_, y *big.Int) *big.Int { return power(n)(y, nil) })
	}
}

func TestLaneField(t *testing.T) {
	needLanes(t)
	r := newRand(t)
	for range 2000 {
		a, b := randomLanes(r, 1<<52-1), randomLanes(r, 1<<52-1)
		checkLaneField(t, &a, &b)
	}
	// The largest limbs of all.
	var a lane8
	for i := range a {
		for lane := range 8 {
			a[i][lane] = 1<<52 - 1
		}
	}
	checkLaneField(t, &a, &a)
}

func FuzzLaneField(f *testing.F) {
	f.Add(make([]byte, 80))
	f.Fuzz(func(t *testing.T, b []byte) {
		needLanes(t)
		var e [2]lane8
		for i, x := range b {
			limb := &e[i/40%2][i/8%5]
			limb[i%8] = (limb[i%8]<<8 | uint64(x)) & (1<<52 - 1)
			limb[(i+i/80)%8] ^= uint64(x) * 0x0101010101010 & (1<<52 - 1)
		}
		checkLaneField(t, &e[0], &e[1])
	})
}

// checkLaneScalars compares Montgomery products with math/big's, and the cutting
// of scalars with their sums.
func checkLaneScalars(t *testing.T, a, b *lane8) {
	t.Helper()
	var z lane8
	laneScalarMul(&z, a, b)
	inverseR := new(big.Int).ModInverse(new(big.Int).Lsh(big.NewInt(1), 260), bigN)
	for lane := range 8 {
		want := new(big.Int).Mul(laneBig(a, lane), laneBig(b, lane))
		want.Mul(want, inverseR).Mod(want, bigN)
		if laneMod(&z, lane, bigN).Cmp(want) != 0 {
			t.Fatalf("product of %x and %x: got %x, want %x", laneBig(a, lane), laneBig(b, lane), laneBig(&z, lane), want)
		}
		if s := scalarLane(&z, lane); limbsBig(s).Cmp(want) != 0 {
			t.Fatalf("lane %d is read as %x, want %x", lane, s, want)
		}
	}
	var halves [4][3][8]uint64
	laneSplitKey((*[2][3][8]uint64)(halves[laneKey:]), a)
	laneSplitGen((*[2][3][8]uint64)(halves[laneGen:]), b)
	var digits [len(laneSteps)]laneDigit
	laneDigits(&halves, &digits)
	for lane := range 8 {
		var sums [4]big.Int
		for i := range laneSteps {
			step := &laneSteps[i]
			limit := uint32(1 << (laneKeyWindow - 1))
			if step.kind >= laneGen {
				limit = 1 << (laneGenWindow - 1)
			}
			if digits[i][lane]%64 != 0 || digits[i][lane]/64 >= limit || digits[i][8] > 0xff {
				t.Fatalf("digit %d of lane %d: offset %d, signs %#x", i, lane, digits[i][lane], digits[i][8])
			}
			d := big.NewInt(int64(digits[i][lane]/64)*2 + 1)
			if (digits[i][8]>>lane&1 == 1) != step.flip {
				d.Neg(d)
			}
			sums[step.kind].Add(&sums[step.kind], d.Lsh(d, step.at))
		}
		for i, want := range []*big.Int{laneBig(a, lane), laneBig(b, lane)} {
			got := new(big.Int).Mul(&sums[2*i+1], limbsBig(lambda))
			got.Add(got, &sums[2*i]).Sub(got, want)
			if got.Mod(got, bigN).Sign() != 0 {
				t.Fatalf("%x is cut in %x and %x", want, &sums[2*i], &sums[2*i+1])
			}
		}
	}
}

// scalarLanes are below 2^257, as Montgomery products may be.
func scalarLanes(r *rand.Rand) (e lane8) {
	for lane := range 8 {
		v := randomLimbs(r)
		if r.IntN(3) == 0 {
			v = structured(r)
		}
		setLane(&e, lane, &v)
		e[4][lane] += r.Uint64N(2) << 48
	}
	return e
}

func TestLaneScalars(t *testing.T) {
	needLanes(t)
	r := newRand(t)
	for range 2000 {
		a, b := scalarLanes(r), scalarLanes(r)
		checkLaneScalars(t, &a, &b)
	}
}

func FuzzLaneScalars(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		needLanes(t)
		var v [2][4]uint64
		for i, x := range b {
			v[i/32%2][i/8%4] = v[i/32%2][i/8%4]<<8 | uint64(x)
		}
		var e [2]lane8
		for lane := range 8 {
			for i := range e {
				v[i][lane%4] += uint64(lane)
				setLane(&e[i], lane, &v[i])
			}
		}
		checkLaneScalars(t, &e[0], &e[1])
	})
}

// structured scalars are small, near n, near a power of two or of the
// endomorphism, or any.
func structured(r *rand.Rand) (s scalar) {
	switch r.IntN(8) {
	case 0:
		s = scalar{r.Uint64N(40)}
	case 1:
		s[r.IntN(4)] = 1 << r.IntN(64)
	case 2:
		s = lambda
	case 3:
		s.mul(&lambda, &lambda)
	case 4:
		s = scalar{2, 0, 0}
		s[2] = r.Uint64N(3)
		s[1] = r.Uint64N(3) - 1
	case 5:
		s = halfN
	case 6:
		s = scalar{latticeA1[0], latticeA1[1]}
	default:
		s = randomScalar(r)
	}
	for range r.IntN(3) {
		s.add(&s, &scalar{1})
	}
	if r.IntN(3) == 0 {
		s.neg(&s)
	}
	return s
}

// structuredKey is a multiple of the generator, often a small one, or a point
// with a small x.
func structuredKey(r *rand.Rand) (a affine) {
	if r.IntN(6) == 0 {
		x := field{r.Uint64N(1000)}
		for !a.lift(&x, r.IntN(2) == 0) {
			x[0]++
		}
		return a
	}
	for {
		s := structured(r)
		if p := combine(&generator, &scalar{}, &s); !p.inf {
			return p.affine()
		}
	}
}
