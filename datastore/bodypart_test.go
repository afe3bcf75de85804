package datastore

import (
	"errors"
	"testing"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

func TestPartsOfABody(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		s := openTest(t, c)
		u := newLedger(c.Params, 4).grow(3)
		add(t, s, u)
		raw := u.Block.Bytes()
		for _, part := range [][2]int{{0, 80}, {80, 5}, {0, len(raw)}, {len(raw) - 3, 100}, {len(raw), 5}, {len(raw) + 9, 5}, {7, 0}} {
			from := min(part[0], len(raw))
			want := raw[from:min(from+part[1], len(raw))]
			if got, err := s.BlockPart(u.Next.ID, part[0], part[1]); err != nil || string(got) != string(want) {
				t.Errorf("%d bytes from %d: %x, %v, want %x", part[1], part[0], got, err, want)
			}
		}
		if _, err := s.BlockPart(wire.Hash{1}, 0, 80); !errors.Is(err, chain.ErrNoBlock) {
			t.Errorf("of a block that is not stored: %v", err)
		}
	})
}
