package rpc

import (
	"encoding/hex"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// TestSubmitAfterBadBlocks: what submitblock and submitheader say of blocks that follow a bad one,
// in bitcoind's words.
func TestSubmitAfterBadBlocks(t *testing.T) {
	f := newFixture(t, 3)
	c := f.parts.Chain
	submit := func(b *wire.Block, want string) {
		t.Helper()
		var verdict string
		f.must("submitblock", &verdict, hex.EncodeToString(b.Bytes()))
		if verdict != want {
			t.Errorf("block %d of the branch: %q, want %q", b.Header.Nonce, verdict, want)
		}
	}
	header := func(b *wire.Block, want string) {
		t.Helper()
		_, fail := f.call("submitheader", []string{hex.EncodeToString(b.Bytes()[:wire.HeaderSize])})
		if got := ""; fail == nil && want != "" || fail != nil && fail.Message != want {
			t.Errorf("header: %q %v, want %q", got, fail, want)
		}
	}
	at := func(height uint32) consensus.State {
		h, _ := c.ActiveAt(height)
		s, _ := c.StateAt(h.ID)
		return s
	}
	// A branch whose first block pays its miner too much is judged when it would lead.
	first := chaintest.Mine(at(2), chaintest.Coinbase(at(2), chaintest.Anyone, 1, 1))
	s := chaintest.Next(at(2), first)
	second := chaintest.Block(s, 1, 0)
	third := chaintest.Block(chaintest.Next(s, second), 1, 0)
	submit(first, "inconclusive")
	submit(second, "inconclusive")
	submit(second, "duplicate-invalid")
	submit(third, "bad-prevblk")
	header(third, "bad-prevblk")
	header(second, "duplicate-invalid")
	// So it is with blocks that the operator set aside.
	tip := c.Tip()
	next := chaintest.Block(tip, 2, 0)
	if err := c.Invalidate(t.Context(), tip.ID); err != nil {
		t.Fatal(err)
	}
	header(next, "bad-prevblk")
	submit(next, "bad-prevblk")
	b, err := c.Block(tip.ID)
	if err != nil {
		t.Fatal(err)
	}
	submit(b, "duplicate-invalid")
	header(b, "duplicate-invalid")
}
