package secp

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

func randomScalar(r *rand.Rand) (s scalar) {
	s = randomLimbs(r)
	s.reduceOnce(0)
	return s
}

func checkScalar(t *testing.T, a, b scalar) {
	t.Helper()
	x, y := limbsBig(a), limbsBig(b)
	check := func(what string, got scalar, want *big.Int) {
		t.Helper()
		if limbsBig(got).Cmp(want.Mod(want, bigN)) != 0 {
			t.Fatalf("%s of %x and %x: got %x, want %x", what, a, b, got, want)
		}
	}
	var z scalar
	z.mul(&a, &b)
	check("product", z, new(big.Int).Mul(x, y))
	var bx, by btcec.ModNScalar
	bx.SetByteSlice(x.FillBytes(make([]byte, 32)))
	by.SetByteSlice(y.FillBytes(make([]byte, 32)))
	bx.Mul(&by)
	product := bx.Bytes()
	check("btcec's product", z, new(big.Int).SetBytes(product[:]))
	z.add(&a, &b)
	check("sum", z, new(big.Int).Add(x, y))
	z.neg(&a)
	check("negation", z, new(big.Int).Neg(x))
	if got, want := a.isHigh(), x.Cmp(new(big.Int).Rsh(bigN, 1)) > 0; got != want {
		t.Fatalf("%x is high: %v", a, got)
	}
	checkSplit(t, a)
}

// checkSplit puts a scalar together again from its halves and their digits.
func checkSplit(t *testing.T, a scalar) {
	t.Helper()
	k1, k2 := a.split()
	sum := new(big.Int).Mul(shortBig(k2), limbsBig(lambda))
	sum.Add(sum, shortBig(k1)).Mod(sum, bigN)
	if sum.Cmp(limbsBig(a)) != 0 {
		t.Fatalf("%x falls into %v and %v", a, k1, k2)
	}
	lo, hi := a.halves()
	sum.Lsh(shortBig(hi), 128).Add(sum, shortBig(lo))
	if sum.Cmp(limbsBig(a)) != 0 {
		t.Fatalf("%x is cut into %v and %v", a, lo, hi)
	}
	for _, k := range []short{k1, k2, lo, hi} {
		for w := 2; w <= 15; w++ {
			checkDigits(t, k, w)
		}
	}
}

func checkDigits(t *testing.T, k short, w int) {
	t.Helper()
	sum, last := new(big.Int), -w
	digits := k.digits(nil, w)
	for _, d := range digits {
		if d.d&1 == 0 || int(d.d) >= 1<<(w-1) || int(d.d) <= -1<<(w-1) || int(d.at) < last+w || d.at > 128 {
			t.Fatalf("%v, window %d: digits %v", k, w, digits)
		}
		last = int(d.at)
		sum.Add(sum, new(big.Int).Lsh(big.NewInt(int64(d.d)), uint(d.at)))
	}
	if sum.Cmp(shortBig(k)) != 0 || len(digits) > 129/w+1 {
		t.Fatalf("%v, window %d: digits %v", k, w, digits)
	}
}

func shortBig(k short) *big.Int {
	v := limbsBig([4]uint64{k.v[0], k.v[1]})
	if k.neg {
		v.Neg(v)
	}
	return v
}

func TestScalarEdges(t *testing.T) {
	for _, a := range edges {
		for _, b := range edges {
			x, y := scalar(a), scalar(b)
			x.reduceOnce(0)
			y.reduceOnce(0)
			checkScalar(t, x, y)
		}
	}
}

func TestScalarRandom(t *testing.T) {
	r := newRand(t)
	for range 2000 {
		checkScalar(t, randomScalar(r), randomScalar(r))
	}
	for range 1000 {
		a := randomScalar(r)
		var z scalar
		if z.invert(&a); a.isZero() {
			if !z.isZero() {
				t.Fatal("zero has an inverse")
			}
			continue
		}
		if z.mul(&z, &a); z != (scalar{1}) {
			t.Fatalf("inverse of %x", a)
		}
	}
}

func TestScalarBytes(t *testing.T) {
	for _, a := range edges {
		b := make([]byte, 32)
		limbsBig(a).FillBytes(b)
		var z scalar
		if got, want := z.setBytes(b), limbsBig(a).Cmp(bigN) < 0; got != want {
			t.Errorf("%x is below the order: %v", a, got)
		}
		if limbsBig(z).Cmp(new(big.Int).Mod(limbsBig(a), bigN)) != 0 {
			t.Errorf("%x is read as %x", a, z)
		}
		var f field
		if got, want := f.setBytes(b), limbsBig(a).Cmp(bigP) < 0; got != want {
			t.Errorf("%x is below p: %v", a, got)
		}
	}
	var z scalar
	if z.setSlice(make([]byte, 33)) {
		t.Error("33 bytes are taken")
	}
}

func BenchmarkScalar(b *testing.B) {
	r := newRand(b)
	x, y := scalar{r.Uint64(), 1, 2, r.Uint64() >> 1}, scalar{r.Uint64(), 3, 4, r.Uint64() >> 1}
	b.Run("mul", func(b *testing.B) {
		for b.Loop() {
			x.mul(&x, &y)
		}
	})
	b.Run("invert", func(b *testing.B) {
		for b.Loop() {
			x.invert(&x)
			x.add(&x, &y)
		}
	})
	b.Run("split", func(b *testing.B) {
		for b.Loop() {
			x.split()
		}
	})
}
