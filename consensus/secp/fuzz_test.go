package secp

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// limbsOf takes limbs off the front of data, zeros where it ends.
func limbsOf(data []byte) (a [4]uint64, rest []byte) {
	for i := range 32 {
		if len(data) == 0 {
			break
		}
		a[i/8] |= uint64(data[0]) << (8 * (i % 8))
		data = data[1:]
	}
	return a, data
}

func limbsBytes(limbs ...[4]uint64) (b []byte) {
	for _, a := range limbs {
		for i := range 32 {
			b = append(b, byte(a[i/8]>>(8*(i%8))))
		}
	}
	return b
}

// FuzzField compares field arithmetic with math/big's and btcec's.
func FuzzField(f *testing.F) {
	for i := range edges {
		f.Add(limbsBytes(edges[i], edges[(i+1)%len(edges)]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, rest := limbsOf(data)
		b, _ := limbsOf(rest)
		eachTierQuietly(func(string) {
			checkField(t, a, b)
			if a[0]&15 == 0 {
				checkFieldSlow(t, b)
			}
		})
	})
}

// FuzzScalar compares scalar arithmetic with math/big's and btcec's, and puts
// split scalars together again.
func FuzzScalar(f *testing.F) {
	for i := range edges {
		f.Add(limbsBytes(edges[i], edges[(i+1)%len(edges)]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, rest := limbsOf(data)
		b, _ := limbsOf(rest)
		x, y := scalar(a), scalar(b)
		x.reduceOnce(0)
		y.reduceOnce(0)
		checkScalar(t, x, y)
		var z scalar
		if z.invert(&x); !x.isZero() {
			if z.mul(&z, &x); z != (scalar{1}) {
				t.Fatalf("inverse of %x", x)
			}
		}
	})
}

// FuzzECDSA compares answers to claims made of bytes.
func FuzzECDSA(f *testing.F) {
	fuzzClaim(f, ECDSA, signECDSA)
}

// FuzzSchnorr does the same for BIP340.
func FuzzSchnorr(f *testing.F) {
	fuzzClaim(f, Schnorr, signSchnorr)
}

func fuzzClaim(f *testing.F, s Scheme, sign func(*rand.Rand) Claim) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 8 {
		c := sign(r)
		f.Add(c.Key, c.Sig, c.Sum[:])
	}
	f.Add(limbsBytes(fieldP)[:32], make([]byte, 64), []byte{})
	f.Fuzz(func(t *testing.T, key, sig, sum []byte) {
		c := Claim{Scheme: s, Key: key, Sig: sig}
		copy(c.Sum[:], sum)
		want := c.VerifyReference()
		eachTierQuietly(func(tier string) {
			if got := c.Verify(); got != want {
				t.Errorf("%s: got %v of %+v", tier, got, c)
			}
			checkBatch(t, tier, slices.Repeat([]Claim{c}, 9), slices.Repeat([]bool{want}, 9))
		})
	})
}

// FuzzForged compares answers to claims that are true, or nearly.
func FuzzForged(f *testing.F) {
	for i := range 8 {
		f.Add(uint64(i), uint8(3*i))
	}
	forged := newForger(rand.New(rand.NewPCG(5, 6)))
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) {
		forged.r = rand.New(rand.NewPCG(seed, 0))
		checkForged(t, forged, int(n%24)+1)
	})
}
