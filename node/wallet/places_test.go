package wallet

import (
	"os"
	"path/filepath"
	"testing"
)

// copyOf gives other ground the blocks up to a height, prunes it, and puts a copy of the default wallet of a
// set named "w" there.
func (g *ground) copyOf(o *ground, height, prune uint32) {
	g.Helper()
	for h := uint32(1); h <= height; h++ {
		at, _ := o.chain.ActiveAt(h)
		b, err := o.chain.Block(at.ID)
		if err == nil {
			err = g.chain.AddBlock(g.Context(), b)
		}
		if err != nil {
			g.Fatal(err)
		}
	}
	if err := g.chain.Prune(g.Context(), prune); err != nil {
		g.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(o.dir, "w", fileName))
	if err == nil {
		err = os.Mkdir(filepath.Join(g.dir, "w"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(g.dir, "w", fileName), b, 0o600)
	}
	if err != nil {
		g.Fatal(err)
	}
}

// A wallet that is ahead of its chain, as after a crash, goes back to a block that
// the chain knows, also where the first blocks were pruned.
func TestAWalletAheadOfAPrunedChainGoesBack(t *testing.T) {
	o, g := newGround(t), newPruning(t, -1)
	s, stop := o.open("w")
	if _, err := s.MakeWords(password); err != nil {
		t.Fatal(err)
	}
	w := o.only(s)
	for range 5 {
		o.mine(100, w)
		o.settle(w)
	}
	stop()
	g.copyOf(o, 490, 150)
	if first := g.chain.FirstBody(); first < 2 {
		t.Fatalf("blocks from %d on are left", first)
	}
	again, _ := g.open("w")
	w = g.only(again)
	g.mine(1, nil)
	g.settle(w)
	if st := w.Status(); !st.Synced || st.Height != 491 {
		t.Errorf("the wallet is %+v", st)
	}
	in := 0
	for _, r := range w.History(1000) {
		if r.Height > 0 {
			in++
		}
	}
	if in != 490 {
		t.Errorf("%d of its 490 payments are in blocks", in)
	}
}

// A wallet whose next blocks were pruned while it was loaded is unloaded: nothing it
// waits for would come.
func TestAWalletThatCannotGoOnIsUnloaded(t *testing.T) {
	g := newPruning(t, -1)
	s, _ := g.open("w")
	if _, err := s.MakeWords(password); err != nil {
		t.Fatal(err)
	}
	w := g.only(s)
	g.mine(400, w)
	g.settle(w)
	if err := g.chain.Prune(t.Context(), 112); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.tip[0] ^= 1 // the chain knows it no more
	w.before = nil
	w.mu.Unlock()
	g.mine(1, nil)
	for changed := w.Changed(); ; changed = w.Changed() {
		if _, err := s.Only(); err != nil {
			break
		}
		<-changed
	}
}
