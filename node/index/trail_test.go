package index

import (
	"fmt"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// shortened is a chain whose first blocks were pruned.
type shortened struct {
	*chain.Chain
	first uint32 // of those that are left
}

func (s shortened) UpdatesSince(id wire.Hash, most int) (reverted, applied []consensus.Update, err error) {
	if h, ok := s.Header(id); ok && h.Height+1 < s.first {
		return nil, nil, fmt.Errorf("block %d: %w", h.Height+1, chain.ErrPruned)
	}
	return s.Chain.UpdatesSince(id, most)
}

// An index that a crash leaves ahead of its chain goes back to a block near the
// chain's tip, also when many were read since the chain was last known to be on disk.
func TestAnIndexGoesBackToBlocksThatAreNotPruned(t *testing.T) {
	const tip, flushed = 700, 650
	f := newFixture(t)
	if err := f.chain.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	bs, err := chaintest.Extend(f.chain, f.chain.Tip(), tip, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.follow()
	c := f.config()
	c.Tx, c.Spenders = false, false
	f.crash() // the chain is at genesis
	for _, b := range bs[:flushed] {
		if err := f.chain.AddBlock(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	c.Chain = shortened{f.chain, flushed - 288}
	f.open(c)
	if err := f.set.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, st := range f.set.Status() {
		if !st.Synced || st.Height != flushed {
			t.Errorf("index %s is at height %d: %v", st.Name, st.Height, st.Missed)
		}
	}
}

// An index that has blocks to read which are gone is refused, as it would never be
// built.
func TestAnIndexOfPrunedBlocksIsRefused(t *testing.T) {
	f := newFixture(t)
	if _, err := chaintest.Extend(f.chain, f.chain.Tip(), 20, 0); err != nil {
		t.Fatal(err)
	}
	c := f.config()
	c.Chain = shortened{f.chain, 10}
	if _, err := New(t.Context(), c); err == nil {
		t.Error("no error")
	}
}
