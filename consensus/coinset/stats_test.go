package coinset

import (
	"context"
	"errors"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

func TestSumCountsAndHashes(t *testing.T) {
	type entry struct {
		op wire.Outpoint
		c  consensus.Coin
	}
	entries := []entry{
		{wire.Outpoint{TxID: wire.Hash{1}, Index: 0}, consensus.Coin{Out: wire.Out{Value: 5, Script: []byte{0x51}}, Height: 7, Coinbase: true}},
		{wire.Outpoint{TxID: wire.Hash{1}, Index: 3}, consensus.Coin{Out: wire.Out{Value: 6}, Height: 7}},
		{wire.Outpoint{TxID: wire.Hash{2}, Index: 0}, consensus.Coin{Out: wire.Out{Value: 7, Script: make([]byte, 300)}, Height: 9}},
	}
	each := func(es []entry) func(context.Context, func(wire.Outpoint, consensus.Coin) error) error {
		return func(_ context.Context, f func(wire.Outpoint, consensus.Coin) error) error {
			for _, e := range es {
				if err := f(e.op, e.c); err != nil {
					return err
				}
			}
			return nil
		}
	}
	seen := make(map[wire.Hash]string)
	for _, kind := range []Kind{Serialized, Multiset, None} {
		s, err := Sum(t.Context(), each(entries), kind)
		if err != nil {
			t.Fatal(err)
		}
		if s.Coins != 3 || s.Txs != 2 || s.Amount != 18 || s.Bogosize != 150+301 || s.Kind != kind {
			t.Errorf("%s: %+v", kind, s)
		}
		if s.Hash.IsZero() != (kind == None) {
			t.Errorf("%s: hash %v", kind, s.Hash)
		}
		for i := range entries {
			changed := append([]entry(nil), entries...)
			changed[i].c.Height++
			s, err := Sum(t.Context(), each(changed), kind)
			if err != nil {
				t.Fatal(err)
			}
			if other, ok := seen[s.Hash]; ok && kind != None {
				t.Errorf("%s: hash %v is also that of %s", kind, s.Hash, other)
			}
			seen[s.Hash] = string(kind)
		}
	}
}

func TestSumFailsAsItsSourceDoes(t *testing.T) {
	broken := errors.New("broken")
	each := func(context.Context, func(wire.Outpoint, consensus.Coin) error) error { return broken }
	if _, err := Sum(t.Context(), each, None); !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
}

func TestParseKindListsTheNames(t *testing.T) {
	if k, err := ParseKind("muhash"); k != Multiset || err != nil {
		t.Errorf("muhash is %q, %v", k, err)
	}
	if _, err := ParseKind("hash_serialized"); err == nil {
		t.Error("an unknown hash_type is accepted")
	}
}
