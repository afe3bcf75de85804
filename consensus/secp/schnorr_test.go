package secp

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

// schnorrClaim is the true claim of the secret key d with the nonce k, its e
// and s with it.
func schnorrClaim(d, k *big.Int, sum [32]byte) (c Claim, e, s *big.Int) {
	even := func(k *big.Int) (*big.Int, []byte) {
		_, pub := btcec.PrivKeyFromBytes(k.FillBytes(make([]byte, 32)))
		if pub.Y().Bit(0) == 1 {
			k = new(big.Int).Sub(bigN, k)
		}
		return k, pub.X().FillBytes(make([]byte, 32))
	}
	d, key := even(d)
	k, r := even(k)
	var es scalar
	challenge(&es, r, key, sum[:])
	e = limbsBig(es)
	s = new(big.Int).Mul(e, d)
	s.Add(s, k).Mod(s, bigN)
	return Claim{Schnorr, key, append(r, s.FillBytes(make([]byte, 32))...), sum}, e, s
}

func TestSchnorrEdges(t *testing.T) {
	r := newRand(t)
	sum := randomSum(r)
	d := new(big.Int).SetBytes(randomKey(r).Serialize())
	k := new(big.Int).SetBytes(randomKey(r).Serialize())
	good, _, s := schnorrClaim(d, k, sum)
	cases := []testCase{{"true", good, true}}
	put := func(name string, change func(c *Claim)) {
		c := good
		c.Key, c.Sig = bytes.Clone(c.Key), bytes.Clone(c.Sig)
		change(&c)
		cases = append(cases, testCase{name, c, false})
	}
	one := big.NewInt(1)
	set := func(b []byte, v *big.Int) { v.FillBytes(b) }
	for _, v := range []*big.Int{new(big.Int), one, new(big.Int).Sub(bigP, one), bigP, new(big.Int).Add(bigP, one), bigN, limbsBig([4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)})} {
		put(fmt.Sprintf("r = %x", v), func(c *Claim) { set(c.Sig[:32], v) })
		put(fmt.Sprintf("s = %x", v), func(c *Claim) { set(c.Sig[32:], v) })
		put(fmt.Sprintf("key = %x", v), func(c *Claim) { set(c.Key, v) })
	}
	if v := new(big.Int).Add(s, bigN); v.BitLen() <= 256 {
		put("s + n", func(c *Claim) { set(c.Sig[32:], v) })
	}
	put("-s", func(c *Claim) { set(c.Sig[32:], new(big.Int).Sub(bigN, s)) })
	put("r of no point", func(c *Claim) { copy(c.Sig, noPoint()) })
	put("key of no point", func(c *Claim) { copy(c.Key, noPoint()) })
	put("other sum", func(c *Claim) { c.Sum[31] ^= 1 })
	put("63 bytes", func(c *Claim) { c.Sig = c.Sig[:63] })
	put("65 bytes", func(c *Claim) { c.Sig = append(c.Sig, 0) })
	put("no signature", func(c *Claim) { c.Sig = nil })
	put("33 bytes of key", func(c *Claim) { c.Key = append([]byte{2}, c.Key...) })
	put("31 bytes of key", func(c *Claim) { c.Key = c.Key[:31] })
	put("no key", func(c *Claim) { c.Key = nil })
	put("another scheme", func(c *Claim) { c.Scheme = 2 })
	put("taken for ECDSA", func(c *Claim) { c.Scheme = ECDSA })

	for _, v := range []int64{1, 2, 3, 1000} {
		c, _, s := schnorrClaim(big.NewInt(v), big.NewInt(v+1), sum)
		cases = append(cases, testCase{fmt.Sprintf("key %d, nonce %d", v, v+1), c, true})
		// s = -k + e d makes the opposite R: the same x, an odd y.
		dd := new(big.Int).Sub(s, evenNonce(v+1))
		odd := c
		odd.Sig = bytes.Clone(c.Sig)
		minus := new(big.Int).Sub(dd, evenNonce(v+1))
		set(odd.Sig[32:], minus.Mod(minus, bigN))
		cases = append(cases, testCase{fmt.Sprintf("key %d, nonce -%d", v, v+1), odd, false})
		// s = e d makes infinity of R.
		inf := c
		inf.Sig = bytes.Clone(c.Sig)
		set(inf.Sig[32:], dd.Mod(dd, bigN))
		cases = append(cases, testCase{fmt.Sprintf("key %d, infinity", v), inf, false})
	}
	// Keys and nonces that are the same, or opposite, or the generator.
	for _, pair := range [][2]int64{{1, 1}, {2, 2}, {1, 2}, {2, 1}, {7, 7}} {
		for sign := range 4 {
			d, k := big.NewInt(pair[0]), big.NewInt(pair[1])
			if sign&1 == 1 {
				d.Sub(bigN, d)
			}
			if sign&2 == 2 {
				k.Sub(bigN, k)
			}
			c, _, _ := schnorrClaim(d, k, sum)
			cases = append(cases, testCase{fmt.Sprintf("key %x, nonce %x", d, k), c, true})
		}
	}
	checkCases(t, cases)
}

// evenNonce is k or -k, whichever has the even y.
func evenNonce(k int64) *big.Int {
	v := big.NewInt(k)
	_, pub := btcec.PrivKeyFromBytes(v.FillBytes(make([]byte, 32)))
	if pub.Y().Bit(0) == 1 {
		v.Sub(bigN, v)
	}
	return v
}

// TestBatchRepeats has batches in which points meet themselves and their
// opposites in every bucket.
func TestBatchRepeats(t *testing.T) {
	r := newRand(t)
	c := signSchnorr(r)
	bad := c
	bad.Sum[0] ^= 1
	eachTier(t, func(t *testing.T) {
		for _, n := range []int{1, 7, 8, 9, 40, 200, 1024, 1025} {
			claims, want := slices.Repeat([]Claim{c}, n), slices.Repeat([]bool{true}, n)
			checkBatch(t, "the same", claims, want)
			i := r.IntN(n)
			claims[i], want[i] = bad, false
			checkBatch(t, "the same but one", claims, want)
		}
	})
}

// TestErrorsThatCancel has two signatures whose errors would be infinity
// together if their coefficients were the same.
func TestErrorsThatCancel(t *testing.T) {
	r := newRand(t)
	shift := func(c Claim, by int64) Claim {
		v := new(big.Int).SetBytes(c.Sig[32:])
		v.Add(v, big.NewInt(by)).Mod(v, bigN)
		c.Sig = bytes.Clone(c.Sig)
		v.FillBytes(c.Sig[32:])
		return c
	}
	eachTier(t, func(t *testing.T) {
		for _, n := range []int{2, 8, 16, 64} {
			claims, want := make([]Claim, n), make([]bool, n)
			for i := range claims {
				claims[i] = signSchnorr(r)
				want[i] = i > 1
			}
			claims[0], claims[1] = shift(claims[0], 1), shift(claims[1], -1)
			checkBatch(t, "errors that cancel", claims, want)
		}
	})
}

// TestCoefficients depend on everything that is verified.
func TestCoefficients(t *testing.T) {
	r := newRand(t)
	claims := make([]Claim, 9)
	for i := range claims {
		claims[i] = signSchnorr(r)
	}
	first := func(claims []Claim) uint64 {
		var b Batch
		for i := range claims {
			p := pendingSchnorr{claim: i}
			if !p.sig.parse(claims[i].Key, claims[i].Sig, claims[i].Sum[:]) {
				t.Fatal("not well-formed")
			}
			b.schnorr = append(b.schnorr, p)
		}
		return b.coefficients().Uint64()
	}
	was := first(claims)
	if first(slices.Clone(claims)) != was {
		t.Error("the same claims have other coefficients")
	}
	for what, change := range map[string]func(c *Claim){
		"sum":   func(c *Claim) { c.Sum[31] ^= 1 },
		"s":     func(c *Claim) { c.Sig[63] ^= 1 },
		"r":     func(c *Claim) { copy(c.Sig, claims[0].Sig[:32]) },
		"key":   func(c *Claim) { c.Key = claims[0].Key },
		"order": func(c *Claim) { *c = claims[7] },
	} {
		other := slices.Clone(claims)
		other[8].Sig = bytes.Clone(other[8].Sig)
		change(&other[8])
		if first(other) == was {
			t.Errorf("another %s has the same coefficients", what)
		}
	}
}

func TestTweaked(t *testing.T) {
	r := newRand(t)
	var p affine
	internal := signSchnorr(r).Key
	if !p.parseXOnly(internal) {
		t.Fatal("no key")
	}
	eachTier(t, func(t *testing.T) {
		for _, limbs := range edges {
			var tweak [32]byte
			limbsBig(limbs).FillBytes(tweak[:])
			if limbsBig(limbs).Cmp(bigN) >= 0 {
				if Tweaked(internal, &tweak, internal, false) || Tweaked(internal, &tweak, internal, true) {
					t.Errorf("%x is taken", tweak)
				}
				continue
			}
			_, tg := btcec.PrivKeyFromBytes(tweak[:])
			var a, b, q btcec.JacobianPoint
			tg.AsJacobian(&a)
			key, err := btcec.ParsePubKey(append([]byte{2}, internal...))
			if err != nil {
				t.Fatal(err)
			}
			key.AsJacobian(&b)
			btcec.AddNonConst(&a, &b, &q)
			q.ToAffine()
			out := q.X.Bytes()
			odd := q.Y.IsOdd()
			if !Tweaked(internal, &tweak, out[:], odd) {
				t.Errorf("%x is refused", tweak)
			}
			if Tweaked(internal, &tweak, out[:], !odd) {
				t.Errorf("%x passes with the wrong parity", tweak)
			}
			out[5] ^= 1
			if Tweaked(internal, &tweak, out[:], odd) {
				t.Errorf("%x passes with another key", tweak)
			}
		}
	})
	// The generator, whose y is even, less itself.
	g := generator.x.bytes()
	var minus [32]byte
	new(big.Int).Sub(bigN, big.NewInt(1)).FillBytes(minus[:])
	if Tweaked(g[:], &minus, g[:], false) || Tweaked(g[:], &minus, make([]byte, 32), false) {
		t.Error("infinity passes")
	}
}
