package consensus

import (
	"testing"

	"pgregory.net/rapid"
)

// The pairs are Bitcoin Core's, src/test/compress_tests.cpp.
func TestAmountsPackAsCores(t *testing.T) {
	for _, p := range []struct{ amount, packed uint64 }{
		{0, 0x0}, {1, 0x1}, {1_000_000, 0x7}, {Coins, 0x9},
		{50 * Coins, 0x32}, {21_000_000 * Coins, 0x1406f40},
	} {
		if got := PackAmount(p.amount); got != p.packed {
			t.Errorf("%d packs to %#x, want %#x", p.amount, got, p.packed)
		}
		if got := UnpackAmount(p.packed); got != p.amount {
			t.Errorf("%#x unpacks to %d, want %d", p.packed, got, p.amount)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(0, MaxMoney).Draw(t, "amount")
		if got := UnpackAmount(PackAmount(n)); got != n {
			t.Fatalf("%d comes back as %d", n, got)
		}
	})
}
