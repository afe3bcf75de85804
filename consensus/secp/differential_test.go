package secp

import (
	"flag"
	"testing"
	"time"
)

var differential = flag.Duration("differential", 0, "how long TestDifferential goes on; a few hundred claims if zero")

// oracles answer claims by others' code.
var oracles = map[string]func(*Claim) bool{"btcec": (*Claim).VerifyReference}

// TestDifferential compares single checks and batches, at each tier, with
// btcec (and libsecp256k1, where the tests are built with it) on forged claims.
func TestDifferential(t *testing.T) {
	f := newForger(newRand(t))
	start := time.Now()
	claims, trues := 0, 0
	for round := 0; round < 6 || time.Since(start) < *differential; round++ {
		n := 1 + f.r.IntN(90)
		if f.r.IntN(3) > 0 {
			n = 1 + f.r.IntN(20)
		}
		found := checkForged(t, f, n)
		if t.Failed() {
			return
		}
		claims, trues = claims+n, trues+found
	}
	t.Logf("%d claims, %d of them true", claims, trues)
}

// checkForged makes n claims, asks everybody, and returns how many are true.
func checkForged(t *testing.T, f *forger, n int) (trues int) {
	t.Helper()
	claims, want := make([]Claim, n), make([]bool, n)
	allTrue := f.r.IntN(2) == 0 // else most batches would have a false one
	for i := range claims {
		truth, known := false, false
		for claims[i], truth, known = f.claim(); allTrue && !truth; claims[i], truth, known = f.claim() {
		}
		want[i] = claims[i].VerifyReference()
		if known && want[i] != truth {
			t.Errorf("btcec says %v of %+v", want[i], claims[i])
		}
		for name, verify := range oracles {
			if name != "btcec" && verify(&claims[i]) != want[i] {
				t.Errorf("%s says %v of %+v", name, !want[i], claims[i])
			}
		}
		if want[i] {
			trues++
		}
	}
	eachTierQuietly(func(tier string) {
		for i := range claims {
			if claims[i].Verify() != want[i] {
				t.Errorf("%s says %v of %+v", tier, !want[i], claims[i])
			}
		}
		checkBatch(t, tier, claims, want)
	})
	return trues
}
