//go:build amd64 && !purego

package secp

import (
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
)

func needLanes(t testing.TB) {
	if !hasLanes {
		t.Skip("the machine has no AVX-512 IFMA")
	}
}

// signed makes a true claim.
func signed(t testing.TB, r *rand.Rand, scheme Scheme) (c Claim) {
	var secret [32]byte
	for i := range secret {
		secret[i] = byte(r.Uint32())
	}
	for i := range c.Sum {
		c.Sum[i] = byte(r.Uint32())
	}
	key, pub := btcec.PrivKeyFromBytes(secret[:])
	c.Scheme = scheme
	if scheme == Schnorr {
		sig, err := schnorr.Sign(key, c.Sum[:])
		if err != nil {
			t.Fatal(err)
		}
		c.Key, c.Sig = schnorr.SerializePubKey(pub), sig.Serialize()
		return c
	}
	c.Sig = ecdsa.Sign(key, c.Sum[:]).Serialize()
	c.Key = pub.SerializeCompressed()
	if r.IntN(4) == 0 {
		c.Key = pub.SerializeUncompressed()
	}
	return c
}

// Lanes find every true claim true, and no other.
func TestLanesOnSignedClaims(t *testing.T) {
	needLanes(t)
	r := rand.New(rand.NewPCG(1, 2))
	var b laneScratch
	for n := 2; n <= 40; n++ {
		claims, ok := make([]Claim, n), make([]bool, n)
		for i := range claims {
			claims[i] = signed(t, r, Scheme(r.IntN(2)))
		}
		b.verify(claims, ok)
		for i := range claims {
			if !ok[i] {
				t.Errorf("claim %d of %d is not found true", i, n)
			}
		}
		bad := r.IntN(n)
		claims[bad].Sum[r.IntN(32)] ^= 1 << r.IntN(8)
		clear(ok)
		b.verify(claims, ok)
		for i := range claims {
			if ok[i] == (i == bad) {
				t.Errorf("claim %d of %d is found %v, %d was changed", i, n, ok[i], bad)
			}
		}
	}
}

func BenchmarkLanes(b *testing.B) {
	needLanes(b)
	r := rand.New(rand.NewPCG(1, 2))
	for _, scheme := range []Scheme{ECDSA, Schnorr} {
		claims, ok := make([]Claim, 64), make([]bool, 64)
		for i := range claims {
			claims[i] = signed(b, r, scheme)
			if scheme == ECDSA {
				for len(claims[i].Key) == 65 {
					claims[i] = signed(b, r, scheme)
				}
			}
		}
		b.Run([]string{"ECDSA", "Schnorr"}[scheme], func(b *testing.B) {
			var s laneScratch
			for b.Loop() {
				s.verify(claims, ok)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(claims)), "ns/claim")
		})
	}
}
