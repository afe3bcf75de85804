package wallet

import (
	"slices"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// Every coinbase has the same input; none is another's double spend.
func TestMinedCoinsSurviveReorgAndReread(t *testing.T) {
	g := newGround(t)
	w, _ := g.create("w")
	g.mine(1, w)
	first := g.chain.Tip().ID
	g.mine(1, w)
	g.mine(1, w)
	g.balance(w, Holdings{Immature: 150 * coinSats})

	if err := g.chain.Invalidate(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	g.mine(1, w) // a coin of the wallet's on the other branch
	g.balance(w, Holdings{Immature: 50 * coinSats})
	if err := g.chain.Reconsider(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	g.balance(w, Holdings{Immature: 150 * coinSats})

	// After a crash the chain may not know the wallet's last block.
	w.mu.Lock()
	w.tip = wire.Hash{1}
	w.mu.Unlock()
	g.balance(w, Holdings{Immature: 150 * coinSats})
}

// Payments of one second, each spending the change of the one before, are
// offered to the mempool in their order.
func TestPaymentsAreOfferedParentsFirst(t *testing.T) {
	g := newGround(t)
	w, _ := g.create("w")
	g.mine(1, w)
	g.mine(100, nil)
	g.settle(w)
	var sent []wire.Hash
	for range 8 {
		sent = append(sent, g.send(w, g.address(w, Bech32), coinSats).Tx.ID())
	}
	w.mu.Lock()
	for _, e := range w.ledger.ordered {
		if e.state == pooled {
			w.ledger.leavePool(e.tx.ID())
		}
		e.smart = 0
	}
	w.offered = wire.Hash{}
	c := *w.c // w's own is being read
	c.Pool = emptyPool{c.Pool}
	again := newWallet(&c, "", "")
	all := records{}
	if err := all.apply(w.dump()); err != nil {
		t.Fatal(err)
	}
	if err := again.load(all); err != nil {
		t.Fatal(err)
	}
	var got []wire.Hash
	for _, tx := range again.lost() {
		got = append(got, tx.ID())
	}
	w.mu.Unlock()
	if !slices.Equal(got, sent) {
		t.Errorf("offered %v, sent %v", got, sent)
	}
}

// A payment to oneself is shown with the address that it went to, not blank and
// not with that of the change.
func TestHistoryOfAPaymentToOneself(t *testing.T) {
	g := newGround(t)
	w, _ := g.create("w")
	g.mine(1, w)
	g.mine(100, nil)
	g.settle(w)
	to := g.address(w, Bech32m)
	sent := g.send(w, to, coinSats)
	records := w.History(1)
	if records[0].Value != -sent.Fee || !slices.Equal(records[0].Addresses, []string{to}) {
		t.Errorf("%+v; want value %d and address %s", records, -sent.Fee, to)
	}
}

// emptyPool is a mempool that has lost everything.
type emptyPool struct{ Pool }

func (emptyPool) Get(wire.Hash) (mempool.Entry, bool) { return mempool.Entry{}, false }
