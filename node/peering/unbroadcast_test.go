package peering

import (
	"errors"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// awaitSent waits until n knows that others have tx.
func (n *node) awaitSent(tx *wire.Tx) {
	n.t.Helper()
	wait(n.t, func() error {
		if e, ok := n.pool.Get(tx.ID()); !ok || e.Unbroadcast {
			return errors.New("nobody is known to have the transaction")
		}
		return nil
	})
}

// A user's own transaction is unbroadcast until a peer is known to have it, by
// whatever way that comes to light.
func TestUnbroadcast(t *testing.T) {
	a, b := start(t, "a", setup{}), start(t, "b", setup{})
	a.mine(110)
	var txs []*wire.Tx
	for h := uint32(1); h <= 4; h++ {
		op, value := a.coinbase(h)
		txs = append(txs, spend(op, value-10_000))
	}
	early, gossiped, asked, back := txs[0], txs[1], txs[2], txs[3]
	own := func(tx *wire.Tx) {
		t.Helper()
		a.add(tx)
		a.pool.Unsent(tx.ID())
		if e, _ := a.pool.Get(tx.ID()); !e.Unbroadcast {
			t.Fatal("a transaction that nobody has is not unbroadcast")
		}
	}
	own(asked)
	if got, err := a.serveTxs(t.Context(), "", []wire.Hash{asked.ID()}); len(got) != 1 || err != nil {
		t.Fatal(got, err)
	}
	a.awaitSent(asked)
	own(back)
	a.judgeFrom("", []*wire.Tx{back})
	a.awaitSent(back)

	own(early)
	meet(t, a, b)
	waitTip(t, a, b)
	waitSynced(t, a, b)
	waitTx(t, early, b) // by a comparison of mempools
	a.awaitSent(early)
	a.add(gossiped)
	a.pool.Unsent(gossiped.ID())
	waitTx(t, gossiped, b)
	a.awaitSent(gossiped)
	if n := a.pool.Stats().Unbroadcast; n != 0 {
		t.Errorf("%d transactions count as unbroadcast", n)
	}
}

// What enters the pool before Run follows it is gossiped like what comes later.
func TestToldOfWhatCameBeforeRun(t *testing.T) {
	n := start(t, "n", setup{before: func(n *node) {
		n.mine(101)
		n.synced.Store(true)
		op, value := n.coinbase(1)
		n.add(spend(op, value-10_000))
	}})
	awaitCount(t, n, "transactions told", func(s RelayStats) int64 { return s.Told }, 1)
}
