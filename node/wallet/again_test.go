package wallet

import (
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// refused is a wallet with a payment that its mempool does not take, and how often that was offered.
type refused struct {
	*ground
	s      *Set
	w      *Wallet
	offers int
	now    time.Time
	c      Config
}

func newRefused(t *testing.T) *refused {
	t.Helper()
	r := &refused{ground: newGround(t), now: time.Now()}
	r.c = r.config("w")
	r.c.Now = func() time.Time { return r.now }
	r.c.Pool = &watched{Pool: r.pool, offered: func() { r.offers++ }}
	s, err := Open(r.c) // nothing follows for it but what is called here
	if err != nil {
		t.Fatal(err)
	}
	r.s = s
	t.Cleanup(func() {
		if err := r.s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.MakeWords(password); err != nil {
		t.Fatal(err)
	}
	r.w = r.only(s)
	r.mine(1, r.w)
	r.mine(101, nil)
	r.settle(r.w)
	if err := r.w.Commit(t.Context(), r.signed(r.w, 1), Note{}); err == nil {
		t.Fatal("the mempool takes a payment that pays next to nothing")
	}
	r.want(1, "when it is made")
	r.blocks()
	r.want(1, "with the blocks after it")
	return r
}

func (r *refused) blocks() {
	for range 3 {
		r.mine(1, nil)
		r.settle(r.w)
	}
}

func (r *refused) want(n int, when string) {
	r.Helper()
	if r.offers != n {
		r.Errorf("%s it has been offered %d times, want %d", when, r.offers, n)
	}
}

// What the mempool refused is offered again a day or so later, and when the wallet is loaded.
func TestRefusedPaymentIsOfferedRarely(t *testing.T) {
	r := newRefused(t)
	r.now = r.now.Add(restAgain - time.Second)
	r.blocks()
	r.want(1, "half a day later")
	r.now = r.now.Add(moreAgain + time.Second)
	r.blocks()
	r.want(1, "a day and a half later, five minutes before no block")
	r.w.mu.Lock()
	for _, e := range r.w.ledger.ordered {
		e.received -= 3600
	}
	r.w.mu.Unlock()
	r.now = r.now.Add(restAgain + moreAgain)
	r.blocks()
	r.want(2, "a day and a half after that")
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.s, err = Open(r.c); err != nil {
		t.Fatal(err)
	}
	r.w = r.only(r.s)
	r.settle(r.w)
	r.want(3, "once loaded anew")
	r.blocks()
	r.want(3, "with blocks after that")
}

// What was in a block that left the chain is offered until the chain is as high again.
func TestPaymentWhoseBlockIsGoneIsOfferedUntilTheChainHasGrown(t *testing.T) {
	g := newGround(t)
	w, _ := g.create("w")
	g.mine(1, w)
	g.mine(100, nil)
	g.settle(w)
	sent := g.send(w, g.address(w, Bech32m), coinSats)
	g.mine(1, nil)
	first := g.chain.Tip()
	g.mine(3, nil)
	g.settle(w)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ledger.disconnect(g.block(first.ID), first.Height)
	w.regrow, w.c = w.height, &Config{Chain: w.c.Chain, Pool: emptyPool{w.c.Pool}, Now: w.c.Now}
	for _, c := range []struct {
		below uint32
		want  int
	}{{2, 1}, {1, 1}, {0, 1}, {0, 0}} {
		w.regrow, w.offered = w.height+c.below, wire.Hash{}
		if got := w.lost(); len(got) != c.want || c.want > 0 && got[0].ID() != sent.Tx.ID() {
			t.Errorf("%d blocks below: %d payments are offered, want %d", c.below, len(got), c.want)
		}
	}
}

func (g *ground) block(id wire.Hash) *wire.Block {
	g.Helper()
	b, err := g.chain.Block(id)
	if err != nil {
		g.Fatal(err)
	}
	return b
}
