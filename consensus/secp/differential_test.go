package secp

import (
	"flag"
	"testing"
	"time"
)

var differential = flag.Duration("differential", 0, "how long each part of TestDifferential goes on; a moment if zero")

// oracles answer claims by others' code.
var oracles = map[string]func(*Claim) bool{"btcec": (*Claim).VerifyReference}

// TestDifferential compares the arithmetic with math/big's and btcec's, and
// single checks and batches at each tier with btcec (and libsecp256k1, where the
// tests are built with it) on forged claims.
func TestDifferential(t *testing.T) {
	r := newRand(t)
	f := newForger(r)
	part := func(name string, check func(t *testing.T) (n int)) {
		t.Run(name, func(t *testing.T) {
			start, n := time.Now(), 0
			for round := 0; (round < 8 || time.Since(start) < *differential) && !t.Failed(); round++ {
				n += check(t)
			}
			t.Logf("%d times", n)
		})
	}
	part("field", func(t *testing.T) int {
		eachTierQuietly(func(string) {
			for range 100 {
				checkField(t, randomLimbs(r), randomLimbs(r))
			}
			checkFieldSlow(t, randomLimbs(r))
		})
		return 100
	})
	part("scalar", func(t *testing.T) int {
		for range 100 {
			checkScalar(t, randomScalar(r), randomScalar(r))
		}
		return 100
	})
	part("claims", func(t *testing.T) int {
		n := 1 + r.IntN(90)
		if r.IntN(3) > 0 {
			n = 1 + r.IntN(20)
		}
		checkForged(t, f, n)
		return n
	})
}

// checkForged makes n claims and asks everybody.
func checkForged(t *testing.T, f *forger, n int) {
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
	}
	eachTierQuietly(func(tier string) {
		for i := range claims {
			if claims[i].Verify() != want[i] {
				t.Errorf("%s says %v of %+v", tier, !want[i], claims[i])
			}
		}
		checkBatch(t, tier, claims, want)
	})
}
