package secp

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
)

// testCase is a claim whose truth is known without either implementation.
type testCase struct {
	name  string
	claim Claim
	want  bool
}

// checkCases asks single checks and batches of 0 to 20 and more claims, in which
// the case stands among true claims and among false ones, at every tier. Each
// case sees a quarter of the sizes.
func checkCases(t *testing.T, cases []testCase) {
	t.Helper()
	r := newRand(t)
	fillers := []Claim{signECDSA(r), signSchnorr(r), signECDSA(r), signSchnorr(r)}
	for _, c := range cases {
		if got := c.claim.VerifyReference(); got != c.want {
			t.Errorf("%s: btcec says %v", c.name, got)
		}
	}
	eachTier(t, func(t *testing.T) {
		for _, c := range cases {
			if got := c.claim.Verify(); got != c.want {
				t.Errorf("%s: got %v", c.name, got)
			}
		}
		for at, c := range cases {
			for size := at % 4; size <= 20; size += 4 {
				claims, want := make([]Claim, size), make([]bool, size)
				for i := range claims {
					claims[i], want[i] = fillers[r.IntN(len(fillers))], true
				}
				if size > 0 {
					i := r.IntN(size)
					claims[i], want[i] = c.claim, c.want
				}
				if size > 2 { // a neighbour in the table beside it
					other, i := cases[(at+size)%len(cases)], r.IntN(size)
					claims[i], want[i] = other.claim, other.want
				}
				checkBatch(t, c.name, claims, want)
			}
		}
		var claims []Claim
		var want []bool
		for len(claims) < 300 {
			for _, c := range cases {
				claims, want = append(claims, c.claim), append(want, c.want)
			}
		}
		checkBatch(t, "all", claims, want)
	})
}

var testBatch Batch // one for all, so that it keeps memory between calls

func checkBatch(t *testing.T, name string, claims []Claim, want []bool) {
	t.Helper()
	got := make([]bool, len(claims))
	for i := range got {
		got[i] = !want[i]
	}
	all := testBatch.Verify(claims, got)
	if !slices.Equal(got, want) {
		t.Errorf("%s in a batch of %d: got %v, want %v", name, len(claims), got, want)
	}
	if all == slices.Contains(want, false) {
		t.Errorf("%s in a batch of %d: all are true: %v", name, len(claims), all)
	}
}

func randomKey(r *rand.Rand) *btcec.PrivateKey {
	var b [32]byte
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	key, _ := btcec.PrivKeyFromBytes(b[:])
	return key
}

func randomSum(r *rand.Rand) (sum [32]byte) {
	for i := range sum {
		sum[i] = byte(r.Uint32())
	}
	return sum
}

func signECDSA(r *rand.Rand) Claim {
	key, sum := randomKey(r), randomSum(r)
	pub := key.PubKey().SerializeCompressed()
	if r.IntN(4) == 0 {
		pub = key.PubKey().SerializeUncompressed()
	}
	return Claim{ECDSA, pub, ecdsa.Sign(key, sum[:]).Serialize(), sum}
}

func signSchnorr(r *rand.Rand) Claim {
	key, sum := randomKey(r), randomSum(r)
	sig, err := schnorr.Sign(key, sum[:])
	if err != nil {
		panic(err)
	}
	return Claim{Schnorr, schnorr.SerializePubKey(key.PubKey()), sig.Serialize(), sum}
}

// der is the signature (r, s), as strict as it can be.
func der(r, s *big.Int) []byte {
	body := slices.Concat(derInt(r), derInt(s))
	return append([]byte{0x30, byte(len(body))}, body...)
}

func derInt(v *big.Int) []byte {
	b := v.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return append([]byte{2, byte(len(b))}, b...)
}

// forge makes the true ECDSA claim of what must have been signed for
// R = aG + bQ to have the signature (r, s) = (x(R), x(R)/b), and the key Q.
func forge(a, b *big.Int, key *btcec.PrivateKey) (r, s, e *big.Int) {
	d := new(big.Int).SetBytes(key.Serialize())
	k := new(big.Int).Mul(b, d)
	k.Add(k, a).Mod(k, bigN)
	r = new(big.Int).Mod(baseX(k), bigN)
	s = new(big.Int).ModInverse(b, bigN)
	s.Mul(s, r).Mod(s, bigN)
	e = new(big.Int).Mul(a, s)
	return r, s, e.Mod(e, bigN)
}

// baseX is the x coordinate of kG.
func baseX(k *big.Int) *big.Int {
	key, _ := btcec.PrivKeyFromBytes(k.FillBytes(make([]byte, 32)))
	return key.PubKey().X()
}

func claimOf(pub []byte, r, s, e *big.Int) Claim {
	c := Claim{Scheme: ECDSA, Key: pub, Sig: der(r, s)}
	new(big.Int).Mod(e, bigN).FillBytes(c.Sum[:])
	return c
}

func TestECDSARanges(t *testing.T) {
	r := newRand(t)
	key := randomKey(r)
	pub := key.PubKey().SerializeCompressed()
	sr, ss, e := forge(big.NewInt(7), big.NewInt(11), key)
	good := claimOf(pub, sr, ss, e)
	cases := []testCase{{"true", good, true}}
	one := big.NewInt(1)
	minus := new(big.Int).Sub(bigN, one)
	plus := new(big.Int).Add(bigN, one)
	for _, v := range []*big.Int{new(big.Int), bigN, minus, plus, one, bigP, new(big.Int).Lsh(one, 256), new(big.Int).Lsh(one, 300)} {
		cases = append(cases,
			testCase{fmt.Sprintf("r = %x", v), claimOf(pub, v, ss, e), false},
			testCase{fmt.Sprintf("s = %x", v), claimOf(pub, sr, v, e), false})
	}
	high := new(big.Int).Sub(bigN, ss)
	cases = append(cases,
		testCase{"other s", claimOf(pub, sr, high, e), true}, // one of the two is high
		testCase{"r + n", claimOf(pub, new(big.Int).Add(sr, bigN), ss, e), false},
		testCase{"s + n", claimOf(pub, sr, new(big.Int).Add(ss, bigN), e), false},
		testCase{"r and s swapped", claimOf(pub, ss, sr, e), false},
		testCase{"-r", claimOf(pub, new(big.Int).Sub(bigN, sr), ss, e), false})
	// A sum of n or more counts modulo n.
	small := new(big.Int).Sub(new(big.Int).Lsh(one, 256), bigN)
	for _, e := range []*big.Int{new(big.Int), one, new(big.Int).Sub(small, one)} {
		// R = aG + bQ with a = e/s: choose b, then a from s = r/b needs R; search with a = 0 for e = 0.
		d := new(big.Int).SetBytes(key.Serialize())
		k := big.NewInt(1234567)
		r1 := new(big.Int).Mod(baseX(k), bigN)
		s1 := new(big.Int).Mul(r1, d)
		s1.Add(s1, e).Mul(s1, new(big.Int).ModInverse(k, bigN)).Mod(s1, bigN)
		c := claimOf(pub, r1, s1, e)
		cases = append(cases, testCase{fmt.Sprintf("sum %x", e), c, true})
		new(big.Int).Add(e, bigN).FillBytes(c.Sum[:])
		cases = append(cases, testCase{fmt.Sprintf("sum n + %x", e), c, true})
	}
	checkCases(t, cases)
}

// TestECDSASums has sums u1 G + u2 Q that the addition of two points does not
// know, or that are infinity.
func TestECDSASums(t *testing.T) {
	var cases []testCase
	for _, d := range []int64{1, 2, 3, 5, 7, 15, 16, 17, 31, 32, 1 << 20} {
		for sign := range 2 {
			secret := big.NewInt(d)
			if sign == 1 {
				secret.Sub(bigN, secret)
			}
			key, _ := btcec.PrivKeyFromBytes(secret.FillBytes(make([]byte, 32)))
			pub := key.PubKey().SerializeCompressed()
			for _, b := range []*big.Int{big.NewInt(1), big.NewInt(2), big.NewInt(3), big.NewInt(16), new(big.Int).Lsh(big.NewInt(1), 128), limbsBig(lambda), new(big.Int).Sub(bigN, big.NewInt(1)), new(big.Int).Sub(bigN, limbsBig(lambda))} {
				bd := new(big.Int).Mul(b, secret)
				bd.Mod(bd, bigN)
				name := fmt.Sprintf("key %x times %x", secret, b)
				// aG = bQ, aG = 2bQ, a = 0, a = b.
				for _, a := range []*big.Int{bd, new(big.Int).Lsh(bd, 1), new(big.Int), b} {
					if k := new(big.Int).Add(a, bd); k.Mod(k, bigN).Sign() == 0 {
						continue // infinity, below
					}
					r, s, e := forge(new(big.Int).Mod(a, bigN), b, key)
					cases = append(cases, testCase{fmt.Sprintf("%s, a %x", name, a), claimOf(pub, r, s, e), true})
				}
				// aG = -bQ: infinity, with whatever r.
				for _, r := range []*big.Int{big.NewInt(1), baseX(bd), limbsBig(beta), new(big.Int).Sub(bigN, big.NewInt(1))} {
					r = new(big.Int).Mod(r, bigN)
					s := new(big.Int).ModInverse(b, bigN)
					s.Mul(s, r).Mod(s, bigN)
					e := new(big.Int).Mul(s, bd)
					e.Neg(e).Mod(e, bigN)
					cases = append(cases, testCase{fmt.Sprintf("%s, infinity, r %x", name, r), claimOf(pub, r, s, e), false})
				}
			}
		}
	}
	checkCases(t, thin(cases, 120))
}

// thin leaves every k-th case so that about n are left; which ones, chance says.
func thin(cases []testCase, n int) []testCase {
	rand.Shuffle(len(cases), func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
	return cases[:min(n, len(cases))]
}

// TestECDSALargeX has R with an x between n and p, which r is less than by n;
// a key that fits such an R is recovered from it.
func TestECDSALargeX(t *testing.T) {
	var cases []testCase
	for r := int64(1); len(cases) < 16; r++ {
		var x field
		x[0] = uint64(r)
		if !x.addOrder() {
			t.Fatal("no such x")
		}
		var point affine
		if !point.lift(&x, r&1 == 1) {
			continue
		}
		// With s = e = r: R = G + Q.
		var q jacobian
		var minusG affine
		minusG.neg(&generator)
		q.setAffine(&point)
		q.addAffine(&minusG)
		a := q.affine()
		v := big.NewInt(r)
		cases = append(cases,
			testCase{fmt.Sprintf("r %d", r), claimOf(serialize(&a), v, v, v), true},
			testCase{fmt.Sprintf("r %d, other s", r), claimOf(serialize(&a), v, new(big.Int).Sub(bigN, v), v), true},
			testCase{fmt.Sprintf("r %d written as r + n", r), claimOf(serialize(&a), new(big.Int).Add(v, bigN), v, v), false})
	}
	// The largest r that may stand for r + n, and the next, which may not.
	top := new(big.Int).Sub(bigP, bigN)
	for d := int64(-8); d < 8; d++ {
		v := new(big.Int).Add(top, big.NewInt(d))
		x := field(bigLimbs(v))
		var point affine
		if !point.lift(&x, false) {
			continue
		}
		// R has x = r itself: true whatever r + n is.
		var q jacobian
		var minusG affine
		minusG.neg(&generator)
		q.setAffine(&point)
		q.addAffine(&minusG)
		a := q.affine()
		cases = append(cases, testCase{fmt.Sprintf("r p-n%+d", d), claimOf(serialize(&a), v, v, v), true})
		// R has x = r + n modulo p, which for d >= 0 is a small x that r is not.
		y := field(bigLimbs(new(big.Int).Mod(new(big.Int).Add(v, bigN), bigP)))
		if y.isZero() || !point.lift(&y, false) {
			continue
		}
		q.setAffine(&point)
		q.addAffine(&minusG)
		a = q.affine()
		cases = append(cases, testCase{fmt.Sprintf("x (r + n) mod p, r p-n%+d", d), claimOf(serialize(&a), v, v, v), d < 0})
	}
	checkCases(t, cases)
}

func serialize(a *affine) []byte {
	x := a.x.bytes()
	first := byte(2)
	if a.y.isOdd() {
		first = 3
	}
	return append([]byte{first}, x[:]...)
}
