package wallet

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// copyOf gives other ground the blocks up to a height, and puts a copy of the default wallet of a
// set named "w" there.
func (g *ground) copyOf(o *ground, height uint32) {
	g.Helper()
	g.blocksOf(o, 1, height)
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

// blocksOf gives other ground the blocks of a range of heights.
func (g *ground) blocksOf(o *ground, from, to uint32) {
	g.Helper()
	for h := from; h <= to; h++ {
		at, _ := o.chain.ActiveAt(h)
		b, err := o.chain.Block(at.ID)
		if err == nil {
			err = g.chain.AddBlock(g.Context(), b)
		}
		if err != nil {
			g.Fatal(err)
		}
	}
}

// still is open for a set whose wallets follow nothing but when the test has them.
func (g *ground) still(name string) (s *Set, stop func()) {
	g.Helper()
	s, err := Open(g.config(name))
	if err != nil {
		g.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := s.Close(); err != nil {
			g.Error(err)
		}
	})
	g.Cleanup(stop)
	return s, stop
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
	g.copyOf(o, 490)
	if err := g.chain.Prune(t.Context(), 150); err != nil {
		t.Fatal(err)
	}
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

// After a crash that took the chain back below a wallet's coinbases, the payments that spend
// them still wait, and their coins are not spent twice; that a coinbase is no longer in the
// chain is known only by the block that has come in its place.
func TestPaymentsOutlastAChainThatWentBack(t *testing.T) {
	for _, same := range []bool{true, false} {
		o, g := newGround(t), newGround(t)
		s, stop := o.still("w")
		if _, err := s.MakeWords(password); err != nil {
			t.Fatal(err)
		}
		w := o.only(s)
		o.mine(30, nil)
		o.mine(1, w)
		o.mine(101, nil)
		o.settle(w)
		paid := o.send(w, o.address(w, Bech32), coinSats)
		stop()

		g.copyOf(o, 20)
		for range 2 { // also when the node is killed once more before it has the blocks again
			stop()
			s, stop = g.still("w")
			w = g.only(s)
			g.settle(w)
		}
		want := "waits"
		if same {
			g.blocksOf(o, 21, o.chain.Tip().Height)
		} else {
			want = "given up"
			g.mine(int(o.chain.Tip().Height)-20, nil)
		}
		g.settle(w)
		at, _ := w.Tx(paid.Tx.ID())
		_, there := g.pool.Get(paid.Tx.ID())
		if there != same || at.Abandoned == same {
			t.Errorf("the payment %s: in the mempool %v, given up %v", want, there, at.Abandoned)
		}
	}
}

// A payment that spends what the chain had before a crash is offered until the chain has that again, also
// when another branch is as high first.
func TestPaymentsOutlastABranchWithoutTheirCoins(t *testing.T) {
	o, g := newGround(t), newGround(t)
	alice, _ := o.create("alice")
	s, stop := o.still("w")
	if _, err := s.MakeWords(password); err != nil {
		t.Fatal(err)
	}
	bob := o.only(s)
	o.mine(1, alice)
	o.mine(100, nil)
	o.settle(alice)
	var before []*wire.Tx
	for _, to := range []*Wallet{alice, bob} {
		before = append(before, o.send(alice, o.address(to, Bech32), 49*coinSats-coinSats*int64(len(before))).Tx)
		o.mine(1, nil)
		o.settle(alice)
	}
	o.settle(bob)
	paid := o.send(bob, o.address(alice, Bech32), coinSats)
	stop()

	g.copyOf(o, 101)
	s, _ = g.still("w")
	bob = g.only(s)
	g.mine(5, nil)
	g.settle(bob)
	if _, err := g.pool.Add(before[0], ""); err != nil {
		t.Fatal(err)
	}
	g.mine(1, nil)
	g.settle(bob)
	if _, ok := g.pool.Get(paid.Tx.ID()); !ok {
		t.Error("the payment does not wait, though what it spends is there again")
	}
}
