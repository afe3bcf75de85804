package secp

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

// btcec is the oracle of what is on the curve.
func TestIsXOnly(t *testing.T) {
	var x [32]byte
	points := 0
	for i := range 400 {
		x[0], x[31] = byte(i>>4), byte(i)
		_, err := btcec.ParsePubKey(append([]byte{2}, x[:]...))
		if got := IsXOnly(x[:]); got != (err == nil) {
			t.Fatalf("%x: %v, %v", x, got, err)
		} else if got {
			points++
		}
	}
	if points < 100 || points > 300 {
		t.Errorf("%d of 400 are points", points)
	}
	if IsXOnly(bytes.Repeat([]byte{0xff}, 32)) || IsXOnly(x[:31]) {
		t.Error("beyond the field, or too short")
	}
}
