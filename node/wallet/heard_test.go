package wallet

import (
	"testing"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// watched is a mempool that says when it is about to be offered a transaction.
type watched struct {
	*mempool.Pool
	offered func()
}

func (p *watched) Add(t *wire.Tx, from string) (mempool.Result, error) {
	if p.offered != nil {
		p.offered()
	}
	return p.Pool.Add(t, from)
}

// Once a replacement is committed the wallet knows of it, whether the follower read of
// the replaced payment before, between or after: its coin is not free, and only its
// change is there.
func TestReplacementIsKnownOnceCommitted(t *testing.T) {
	for _, between := range []bool{false, true} {
		g := newGround(t)
		pool := &watched{Pool: g.pool}
		c := g.config("w")
		c.Pool = pool
		s, err := Open(c) // nothing follows for it but what is called here
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.MakeWords(password); err != nil {
			t.Fatal(err)
		}
		w := g.only(s)
		g.mine(1, w)
		g.mine(101, nil)
		g.settle(w)
		first, second := g.signed(w, 1000), g.signed(w, 20_000)
		if err := w.Commit(t.Context(), first, Note{}); err != nil {
			t.Fatal(err)
		}
		if between {
			pool.offered = func() {
				if err := w.readPool(); err != nil {
					t.Error(err)
				}
			}
		}
		id := first.ID()
		if err := w.Commit(t.Context(), second, Note{Replaces: &id}); err != nil {
			t.Fatal(err)
		}
		coins := w.Coins()
		if len(coins) != 1 || coins[0].Outpoint.TxID != second.ID() || !coins[0].Trusted {
			t.Errorf("read between: %v: coins %+v; want the change of %v alone", between, coins, second.ID())
		}
	}
}

// What entered the mempool without the wallet is known after CatchUp.
func TestCatchUpReadsMempool(t *testing.T) {
	g := newGround(t)
	alice, _ := g.create("alice")
	s, err := Open(g.config("bob"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.MakeWords(password); err != nil {
		t.Fatal(err)
	}
	bob := g.only(s)
	g.mine(1, alice)
	g.mine(101, nil)
	g.settle(alice)
	g.settle(bob)
	g.send(alice, g.address(bob, Bech32), coinSats)
	if err := bob.CatchUp(); err != nil {
		t.Fatal(err)
	}
	if got := bob.Holdings(); got.Pending != coinSats {
		t.Errorf("holdings %+v; want what the mempool holds", got)
	}
}

// signed is a payment to somebody, signed and told to nobody.
func (g *ground) signed(w *Wallet, feerate int64) *wire.Tx {
	g.Helper()
	coins := w.spendable()
	w.mu.Lock()
	defer w.mu.Unlock()
	d, err := w.draft(coins, []wire.Out{{Value: coinSats, Script: []byte{0, 20, 19: 1, 21: 0}}}, feerate, false)
	if err == nil {
		err = w.signWith(g.Context(), d, password)
	}
	if err != nil {
		g.Fatal(err)
	}
	return d.tx
}
