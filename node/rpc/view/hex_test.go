package view

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

func TestAppendHex(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	for n := range 600 {
		raw := make([]byte, n)
		_, _ = random.Read(raw) // never fails
		if got := appendHex([]byte("before "), raw); string(got) != "before "+hex.EncodeToString(raw) {
			t.Fatalf("%d bytes: %s", n, got)
		}
	}
}

func BenchmarkAppendHex(b *testing.B) {
	raw, out := make([]byte, 1<<20), []byte(nil)
	b.SetBytes(1 << 20)
	for b.Loop() {
		out = appendHex(out[:0], raw)
	}
}
