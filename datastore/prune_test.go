package datastore

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/quernnet/quern/consensus/chain"
)

// Old blocks go by whole files; the last 288 stay, and what is gone is told from
// what never was, over a crash as well.
func TestOldBlocksArePruned(t *testing.T) {
	st := tell(t, 110, 420, nil)
	mem := vfs.NewCrashableMem()
	c := onDisk(t, mem, fault{})
	c.Params, c.BlockFile = st.params, 8<<10
	name := c.Backend
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := st.open(t.Context(), s, -1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.feed(t.Context(), 1, len(st.blocks)); err != nil {
		t.Fatal(err)
	}
	before := s.Usage()
	r.chain.HoldPruning("somebody", 100)
	if err := r.chain.Prune(t.Context(), uint32(len(st.blocks))); err != nil {
		t.Fatal(err)
	}
	if first := r.chain.FirstBody(); first < 2 || first > 90 {
		t.Errorf("with blocks from 100 on held, those from %d on are left", first)
	}
	r.chain.ReleasePruning("somebody")
	if err := r.chain.Prune(t.Context(), uint32(len(st.blocks))); err != nil {
		t.Fatal(err)
	}
	first := r.chain.FirstBody()
	if first < 90 || first > uint32(len(st.blocks))-287 || s.Usage() >= before {
		t.Errorf("blocks from %d on are left, %d bytes of %d", first, s.Usage(), before)
	}
	if h, _ := r.chain.ActiveAt(5); !h.Pruned || h.HasBody || h.ChainTxs != 6 {
		t.Errorf("a pruned block is %+v", h)
	}
	clone := mem.CrashClone(vfs.CrashCloneCfg{})
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	s, err = st.reopen(t, clone, name)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = st.open(t.Context(), s, -1); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.close() }()
	if again := r.chain.FirstBody(); again != first || int(r.chain.Tip().Height) != len(st.blocks) {
		t.Errorf("after a crash blocks from %d on are left, were %d", again, first)
	}
	if _, err := r.chain.Block(st.blocks[4].ID()); !errors.Is(err, chain.ErrPruned) || !errors.Is(err, chain.ErrNoBlock) {
		t.Errorf("a pruned block reads as %v", err)
	}
	if _, _, err := r.chain.UpdatesSince(st.blocks[4].ID(), 10); !errors.Is(err, chain.ErrPruned) {
		t.Errorf("the way from a pruned block is %v", err)
	}
	if err := r.chain.Audit(t.Context(), 4, 100); err != nil {
		t.Errorf("audit: %v", err)
	}
	if err := r.chain.Audit(t.Context(), 3, 0); !errors.Is(err, chain.ErrPartial) {
		t.Errorf("audit of all: %v", err)
	}
	// A body that comes again is kept.
	if err := r.chain.AddBlock(t.Context(), st.blocks[4]); err != nil {
		t.Error(err)
	}
	if b, err := r.chain.Block(st.blocks[4].ID()); err != nil || b.ID() != st.blocks[4].ID() {
		t.Errorf("a block that was fetched again: %v", err)
	}
}

// With a target, the node keeps near it by itself.
func TestPruningKeepsToItsTarget(t *testing.T) {
	st := tell(t, 110, 700, nil)
	const target = 180 << 10 // the last 288 blocks take less
	s, err := Open(Config{Dir: t.TempDir(), Params: st.params, BlockFile: 8 << 10})
	if err != nil {
		t.Fatal(err)
	}
	r, err := st.open(t.Context(), s, target)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.close() }()
	if err := r.feed(t.Context(), 1, len(st.blocks)); err != nil {
		t.Fatal(err)
	}
	if err := r.chain.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if usage, first := s.Usage(), r.chain.FirstBody(); usage > target || first < 67 || int(first) > len(st.blocks)-287 {
		t.Errorf("%d bytes, blocks from %d on", usage, first)
	}
}
