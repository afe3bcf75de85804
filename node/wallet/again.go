package wallet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// Payments that wait outside the mempool are offered to it again, as Core does
// (ResubmitWalletTransactions): all of them once a wallet is loaded, and then in rounds that are
// rare and at random times. So what the mempool refused or put out is not pressed on it with each block,
// and peers are not told by whom a payment is that they hear of again.
//
// A payment whose block left the chain is owed to the mempool besides, and so is all that a wallet
// was loaded with: after a crash the chain may lack what it spends. It is offered with each block
// until the chain is as high again as the wallet has seen it, and after that for as long as it comes too
// early: a branch of that height need not yet have what it spends.

const (
	restAgain = 12 * time.Hour // from one round to the next, at least
	moreAgain = 24 * time.Hour // and up to so much more
	justMade  = 5 * 60         // seconds before the tip; what came later may just not be in a block yet
)

// lost lists what is to be offered to the mempool now, parents first; once a block, since what
// the mempool refuses it will refuse until then. mu is held.
func (w *Wallet) lost() []*wire.Tx {
	if w.offered == w.tip || w.c.Pool.Stats().Height != w.height {
		return nil // the mempool has not come to the tip: it would refuse what spends young coins
	}
	w.offered = w.tip
	round, before := w.round()
	grown := w.height >= w.regrow
	var out []*wire.Tx
	for _, e := range w.ledger.ordered {
		due := e.owed || round && e.received <= before
		e.owed = e.owed && !grown
		if e.state != inactive {
			continue
		}
		if _, ok := w.c.Pool.Get(e.tx.ID()); ok {
			w.ledger.move(e, pooled, wire.Hash{}, 0, 0) // it came back with a reorganisation
		} else if due && len(e.rivals) == 0 && !e.tx.IsCoinbase() {
			out = append(out, e.tx)
		}
	}
	return out
}

// offerAgain offers transactions to the mempool. It is called without mu: the mempool may look at
// scripts and coins for a while.
func (w *Wallet) offerAgain(lost []*wire.Tx) (err error) {
	var early []wire.Hash
	for _, t := range lost {
		fail := w.offer(t)
		var refused *mempool.Error
		switch {
		case errors.As(fail, &refused) && refused.Early():
			early = append(early, t.ID())
		case fail != nil && refused == nil:
			err = errors.Join(err, fmt.Errorf("give payment back to the mempool: %w", fail))
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owe(early...)
	return err
}

// owe has transactions offered with the next block. mu is held.
func (w *Wallet) owe(ids ...wire.Hash) {
	for _, id := range ids {
		if e := w.ledger.txs[id]; e != nil {
			e.owed = true
		}
	}
}

// round says whether it is time for a round, and of payments that the wallet knew at which
// time at the latest, in Unix seconds. mu is held.
func (w *Wallet) round() (due bool, before int64) {
	now := w.c.Now()
	due = !w.again.IsZero() && !now.Before(w.again)
	if due || w.again.IsZero() {
		w.again = now.Add(restAgain + rand.N(moreAgain))
	}
	tip, ok := w.c.Chain.Header(w.tip)
	return due && ok, int64(tip.Time) - justMade
}
