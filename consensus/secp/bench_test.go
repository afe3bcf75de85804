package secp

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchClaims are true, with compressed keys.
func benchClaims(s Scheme, n int) []Claim {
	r := rand.New(rand.NewPCG(1, uint64(s)))
	claims := make([]Claim, 0, n)
	for len(claims) < n {
		c := signSchnorr(r)
		if s == ECDSA {
			c = signECDSA(r)
			if len(c.Key) != 33 {
				continue
			}
		}
		claims = append(claims, c)
	}
	return claims
}

var schemes = map[Scheme]string{ECDSA: "ECDSA", Schnorr: "Schnorr"}

// BenchmarkVerify is parse and verify, one at a time.
func BenchmarkVerify(b *testing.B) {
	for _, s := range []Scheme{ECDSA, Schnorr} {
		claims := benchClaims(s, 64)
		run := func(name string, verify func(c *Claim) bool) {
			b.Run(schemes[s]+"/"+name, func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					if !verify(&claims[i&63]) {
						b.Fatal("bad")
					}
				}
			})
		}
		run("fast", (*Claim).Verify)
		run("btcec", (*Claim).VerifyReference)
	}
}

// BenchmarkBatch gives nanoseconds a claim.
func BenchmarkBatch(b *testing.B) {
	for _, s := range []Scheme{ECDSA, Schnorr} {
		for _, n := range []int{4, 16, 64, 256, 512, 1024} {
			claims, ok := benchClaims(s, n), make([]bool, n)
			b.Run(fmt.Sprintf("%s/%d", schemes[s], n), func(b *testing.B) {
				var batch Batch
				for b.Loop() {
					if !batch.Verify(claims, ok) {
						b.Fatal("bad")
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/claim")
			})
		}
	}
}
