package secp

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

var (
	bigP = limbsBig(fieldP)
	bigN = limbsBig(orderN)
)

func limbsBig(a [4]uint64) *big.Int {
	var b [32]byte
	for i, limb := range a {
		binary.BigEndian.PutUint64(b[24-8*i:], limb)
	}
	return new(big.Int).SetBytes(b[:])
}

func bigLimbs(v *big.Int) (a [4]uint64) {
	var b [32]byte
	v.FillBytes(b[:])
	for i := range a {
		a[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return a
}

// edges are the limbs around which carries happen.
var edges = [][4]uint64{
	{}, {1}, {2}, fieldP, {fieldP[0] - 1, fieldP[1], fieldP[2], fieldP[3]}, {fieldP[0] + 1, fieldP[1], fieldP[2], fieldP[3]},
	{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}, {^uint64(0) - 1, ^uint64(0), ^uint64(0), ^uint64(0)},
	orderN, {orderN[0] - 1, orderN[1], orderN[2], orderN[3]}, {orderN[0] + 1, orderN[1], orderN[2], orderN[3]},
	{fold}, {fold - 1}, {fold + 1}, {2 * fold}, {0, 0, 0, 1 << 63}, {0, 0, 1}, {0, 1}, {0, 0, 0, 1}, {^uint64(0)},
	{^uint64(0), ^uint64(0)}, {^uint64(0), ^uint64(0), ^uint64(0)}, {0, ^uint64(0), ^uint64(0), ^uint64(0)},
	{0, 0, ^uint64(0), ^uint64(0)}, {0, 0, 0, ^uint64(0)}, halfN, lambda, beta, {^uint64(0) - fold, ^uint64(0), ^uint64(0), ^uint64(0)},
}

// randomLimbs is often near an edge, or made of long runs of equal bits.
func randomLimbs(r *rand.Rand) [4]uint64 {
	switch r.IntN(4) {
	case 0:
		a := edges[r.IntN(len(edges))]
		if r.IntN(2) == 0 {
			a[r.IntN(4)] += r.Uint64N(5) - 2
		}
		return a
	case 1:
		var a [4]uint64
		for at, bit := 0, uint64(0); at < 256; bit ^= 1 {
			for n := r.IntN(90) + 1; n > 0 && at < 256; n-- {
				a[at>>6] |= bit << (at & 63)
				at++
			}
		}
		return a
	}
	return [4]uint64{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
}

func newRand(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// checkField compares each operation on a and b with math/big's.
func checkField(t *testing.T, a, b field) {
	t.Helper()
	x, y := limbsBig(a), limbsBig(b)
	check := func(what string, got field, want *big.Int) {
		t.Helper()
		c := got.canonical()
		if limbsBig(c).Cmp(new(big.Int).Mod(want, bigP)) != 0 {
			t.Fatalf("%s of %x and %x: got %x, want %x", what, a, b, c, want.Mod(want, bigP))
		}
	}
	var z field
	z.add(&a, &b)
	check("sum", z, new(big.Int).Add(x, y))
	z.sub(&a, &b)
	check("difference", z, new(big.Int).Sub(x, y))
	z.neg(&a)
	check("negation", z, new(big.Int).Neg(x))
	z.double(&a)
	check("double", z, new(big.Int).Lsh(x, 1))
	z.half(&a)
	check("half", z, new(big.Int).Mul(x, new(big.Int).ModInverse(big.NewInt(2), bigP)))
	product, square := new(big.Int).Mul(x, y), new(big.Int).Mul(x, x)
	mulGeneric(&z, &a, &b)
	check("portable product", z, product)
	sqrGeneric(&z, &a)
	check("portable square", z, square)
	z.mul(&a, &b)
	check("product", z, product)
	z.sqr(&a)
	check("square", z, square)
	z.sqrN(&a, 5)
	check("32nd power", z, new(big.Int).Exp(x, big.NewInt(32), bigP))
	pair := [2]field{a, b}
	sqrN2(&pair, &pair, 5)
	check("32nd power, first of two", pair[0], new(big.Int).Exp(x, big.NewInt(32), bigP))
	check("32nd power, second of two", pair[1], new(big.Int).Exp(y, big.NewInt(32), bigP))
	z = a
	z.mul(&z, &z)
	check("product in place", z, square)
	var bx, by btcec.FieldVal
	bx.SetByteSlice(x.FillBytes(make([]byte, 32)))
	by.SetByteSlice(y.FillBytes(make([]byte, 32)))
	bx.Mul(&by).Normalize()
	z.mul(&a, &b)
	if *bx.Bytes() != z.bytes() {
		t.Fatalf("btcec's product of %x and %x: %x", a, b, bx.Bytes())
	}
	if got, want := a.isZero(), new(big.Int).Mod(x, bigP).Sign() == 0; got != want {
		t.Fatalf("%x is zero: %v", a, got)
	}
	if got, want := a.equal(&b), new(big.Int).Mod(x, bigP).Cmp(new(big.Int).Mod(y, bigP)) == 0; got != want {
		t.Fatalf("%x equals %x: %v", a, b, got)
	}
	if got, want := a.isOdd(), new(big.Int).Mod(x, bigP).Bit(0) == 1; got != want {
		t.Fatalf("%x is odd: %v", a, got)
	}
}

func checkFieldSlow(t *testing.T, a field) {
	t.Helper()
	x := new(big.Int).Mod(limbsBig(a), bigP)
	want := new(big.Int)
	if x.Sign() != 0 {
		want.ModInverse(x, bigP)
	}
	var z field
	z.invert(&a)
	if limbsBig(z.canonical()).Cmp(want) != 0 {
		t.Fatalf("inverse of %x: got %x, want %x", a, z, want)
	}
	pair, roots := [2]field{a, fieldSeven}, [2]field{}
	oks := sqrt2(&roots, &pair)
	root := new(big.Int).ModSqrt(x, bigP)
	if ok := z.sqrt(&a); ok != (root != nil) {
		t.Fatalf("%x has a root: got %v", a, ok)
	}
	var seven field
	if okSeven := seven.sqrt(&fieldSeven); oks != [2]bool{root != nil, okSeven} || !roots[0].equal(&z) || !roots[1].equal(&seven) {
		t.Fatalf("roots of %x and 7: got %x", a, roots)
	}
	if root != nil {
		z.sqr(&z)
		if !z.equal(&a) {
			t.Fatalf("root of %x squares to %x", a, z)
		}
	}
}

func TestFieldEdges(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, a := range edges {
			for _, b := range edges {
				checkField(t, a, b)
			}
			checkFieldSlow(t, a)
		}
	})
}

func TestFieldRandom(t *testing.T) {
	r := newRand(t)
	eachTier(t, func(t *testing.T) {
		for range 4000 {
			checkField(t, randomLimbs(r), randomLimbs(r))
		}
		for range 500 {
			checkFieldSlow(t, randomLimbs(r))
		}
	})
}

func TestInvertAll(t *testing.T) {
	r := newRand(t)
	for n := range 9 {
		v, scalars := make([]field, n), make([]scalar, n)
		for i := range v {
			v[i] = randomLimbs(r)
			scalars[i] = randomScalar(r)
			if r.IntN(4) == 0 {
				v[i], scalars[i] = field{}, scalar{}
			}
		}
		got, gotScalars := append([]field(nil), v...), append([]scalar(nil), scalars...)
		invertAll(got, make([]field, n))
		invertScalars(gotScalars, make([]scalar, n))
		for i := range v {
			var want field
			var wantScalar scalar
			want.invert(&v[i])
			wantScalar.invert(&scalars[i])
			if !got[i].equal(&want) || gotScalars[i] != wantScalar {
				t.Fatalf("inverse %d of %d", i, n)
			}
		}
	}
}

func BenchmarkField(b *testing.B) {
	x, y := randomField(), randomField()
	b.Run("mul", func(b *testing.B) {
		for b.Loop() {
			x.mul(&x, &y)
		}
	})
	b.Run("sqr", func(b *testing.B) {
		for b.Loop() {
			x.sqr(&x)
		}
	})
	b.Run("sqr100", func(b *testing.B) {
		for b.Loop() {
			x.sqrN(&x, 100)
		}
	})
	b.Run("mulGeneric", func(b *testing.B) {
		for b.Loop() {
			mulGeneric(&x, &x, &y)
		}
	})
	b.Run("sqrGeneric", func(b *testing.B) {
		for b.Loop() {
			sqrGeneric(&x, &x)
		}
	})
	b.Run("invert", func(b *testing.B) {
		for b.Loop() {
			x.invert(&x)
			x.add(&x, &y)
		}
	})
	b.Run("sqrt", func(b *testing.B) {
		for b.Loop() {
			x.sqrt(&x)
		}
	})
}

func randomField() field {
	return field{rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64()}
}
