package peering

import (
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// TestOpenRefusesWhatWasNotAsked corrupts one thing of a good answer.
func TestOpenRefusesWhatWasNotAsked(t *testing.T) {
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	raw, id := p.Genesis.Bytes(), p.Genesis.ID()
	swapped := append([]byte(nil), raw...)
	swapped[len(swapped)-1] ^= 1 // the coinbase's lock time
	for _, c := range []struct {
		name, want string
		answer     bodies
	}{
		{"good", "", bodies{{status: bodyHere, raw: raw}}},
		{"absent", "", bodies{{status: bodyAbsent}}},
		{"too few", "answered for 0", bodies{}},
		{"too many", "answered for 2", bodies{{}, {}}},
		{"another block", "asked for block", bodies{{status: bodyHere, raw: append([]byte{9}, raw[1:]...)}}},
		{"no header", "malformed", bodies{{status: bodyHere, raw: raw[:79]}}},
		{"cut", "malformed", bodies{{status: bodyHere, raw: raw[:len(raw)-1]}}},
		{"other transactions", "other transactions", bodies{{status: bodyHere, raw: swapped}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			back, err := decodeBodies(c.answer.encode())
			if err != nil {
				t.Fatal(err)
			}
			err = back.open([]wire.Hash{id})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func FuzzBodies(f *testing.F) {
	f.Add(bodies{{status: bodyHere, raw: make([]byte, 100)}, {}}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		bs, err := decodeBodies(b)
		if err != nil {
			return
		}
		_ = bs.open(make([]wire.Hash, len(bs)))
		if again, err := decodeBodies(bs.encode()); err != nil || len(again) != len(bs) {
			t.Errorf("%d bodies come back as %d, %v", len(bs), len(again), err)
		}
	})
}
