package chain_test

import (
	"testing"

	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// How many transactions there are up to a block is known once all bodies have
// come, in whatever order, and over restarts.
func TestTransactionsAreCounted(t *testing.T) {
	f := fresh(t)
	f.grow(101)
	first, _ := f.ActiveAt(1)
	b, err := f.Block(first.ID)
	if err != nil {
		t.Fatal(err)
	}
	pay := chaintest.Spend(chaintest.Anyone, 100, b.Txs[0].Outpoint(0)).Seal()
	paid := chaintest.Block(f.Tip(), 7, 0, pay)
	late := f.branch(chaintest.Next(f.Tip(), paid), 2)
	if _, err := f.AddHeaders(t.Context(), []wire.Header{paid.Header, late[0].Header, late[1].Header}); err != nil {
		t.Fatal(err)
	}
	f.add(late...)
	if h, _ := f.Header(late[1].ID()); h.Txs != 1 || h.ChainTxs != 0 {
		t.Errorf("without one of the bodies: %d transactions, %d in the chain", h.Txs, h.ChainTxs)
	}
	f.add(paid)
	for range 2 {
		for id, want := range map[wire.Hash]uint64{first.ID: 2, paid.ID(): 104, late[1].ID(): 106} {
			if h, _ := f.Header(id); h.ChainTxs != want {
				t.Errorf("%v: %d transactions in the chain, want %d", id, h.ChainTxs, want)
			}
		}
		f = f.reopen()
	}
}
