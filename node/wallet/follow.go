package wallet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

const (
	batch     = 50  // blocks read at a time
	saveEvery = 144 // blocks that may have to be read again after a crash, as Core's
)

// run follows chain and mempool until ctx ends.
func (w *Wallet) run(ctx context.Context) error {
	for {
		moved, pooled := w.c.Chain.Changed(), w.c.Pool.Changed()
		if err := w.follow(ctx); err != nil {
			return fmt.Errorf("wallet %q: %w", w.name, err)
		}
		select {
		case <-moved:
		case <-pooled:
		case <-w.woken:
		case <-ctx.Done():
			return nil
		}
	}
}

// follow reads what is new, until nothing is.
func (w *Wallet) follow(ctx context.Context) error {
	for more := true; more; {
		if ctx.Err() != nil {
			return nil
		}
		var err error
		if more, err = w.readBlocks(); err != nil {
			return err
		}
	}
	return w.readPool()
}

// readBlocks takes the next few updates of the chain; more says that there may
// be others.
func (w *Wallet) readBlocks() (more bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil || w.tip == w.c.Chain.Tip().ID {
		return false, nil
	}
	reverted, applied, err := w.c.Chain.UpdatesSince(w.tip, batch)
	if errors.Is(err, chain.ErrUnknown) {
		return true, w.goBack()
	}
	if errors.Is(err, chain.ErrPruned) {
		return false, fmt.Errorf("%w: %w", errPruned, err)
	}
	if errors.Is(err, chain.ErrNoBlock) {
		w.miss(err)
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the chain: %w", err)
	}
	w.missed = false
	for _, u := range reverted {
		w.regrow = max(w.regrow, u.Next.Height)
		w.ledger.disconnect(u.Block, u.Next.Height)
		w.retreat(u.Prev.ID, u.Prev.Height)
	}
	for _, u := range applied {
		w.advance(u.Next.ID, u.Next.Height)
		if err := w.connect(u.Block, u.Next.Height, timeMax(&u.Next), false); err != nil {
			return false, err
		}
	}
	if len(w.ledger.touched)+len(w.pending) > 0 || w.height >= w.saved+saveEvery || len(reverted) > 0 {
		err = w.commit()
	}
	return len(reverted)+len(applied) > 0, err
}

// timeMax is the latest time of the last eleven blocks, which stands for that of
// all before (Core's nTimeMax).
func timeMax(s *consensus.State) int64 {
	most := uint32(0)
	for _, t := range s.Times {
		most = max(most, t)
	}
	return int64(most)
}

// connect records a block of the chain. mu is held.
func (w *Wallet) connect(b *wire.Block, height uint32, timeMax int64, old bool) error {
	at := blockPlace{id: b.ID(), height: height, time: int64(b.Header.Time), timeMax: timeMax}
	n := news{now: w.c.Now().Unix(), block: &at, old: old}
	for i, t := range b.Txs {
		at.index = uint32(i)
		e, added, err := w.ledger.connectTx(t, n, w.height)
		if err != nil {
			return err
		}
		if added {
			w.unlockSpent(e.tx)
		}
		if err := w.noticed(e); err != nil {
			return err
		}
		if !old {
			w.ledger.leavePool(t.ID())
		}
	}
	w.ledger.land(height)
	return nil
}

// noticed marks the addresses of a transaction as used. mu is held.
func (w *Wallet) noticed(e *entry) error {
	if e == nil {
		return nil
	}
	w.bornBefore(e.smart)
	w.markSpent(e.tx)
	for _, o := range e.tx.Outs {
		for _, p := range slices.Clone(w.places[string(o.Script)]) {
			fresh, err := w.use(p)
			if err != nil {
				return fmt.Errorf("derive keys: %w", err)
			}
			if active, internal := w.isActive(p.ring); !active || internal {
				continue
			}
			for _, i := range fresh {
				if err := w.giveOut(p.ring, i); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// giveOut puts a receiving address into the book that somebody else has given
// out: another copy of the wallet.
func (w *Wallet) giveOut(r *keyring, index uint32) error {
	s, err := w.scriptAt(r, index)
	if err != nil {
		return err
	}
	a := w.addressOf(s)
	if _, ok := w.labelOf(a); !ok && a != "" {
		w.setLabel(a, "", Receive)
	}
	return nil
}

// readPool takes the mempool's news, and gives it back what it has lost of the
// wallet's own.
func (w *Wallet) readPool() error {
	w.mu.Lock()
	if w.journal == nil {
		w.mu.Unlock()
		return nil
	}
	err := w.hear()
	lost := w.lost()
	w.announce()
	w.mu.Unlock()
	return errors.Join(err, w.offerAgain(lost))
}

// CatchUp takes the mempool's news up to now, so that what the wallet answers next
// does not hang on when its follower runs. A wallet behind the chain is left to the
// follower: blocks come first.
func (w *Wallet) CatchUp() error {
	tip := w.c.Chain.Tip().ID
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil || w.tip != tip {
		return nil
	}
	return w.hear()
}

// hear records waiting transactions of the wallet. It takes the news in order, always
// all of it: one that is taken before its time leaves what came between unsaid, such as
// that a transaction replaced its rival. mu is held.
func (w *Wallet) hear() error {
	events, ok := w.c.Pool.EventsSince(w.seen)
	if !ok {
		events = w.hearAll()
	}
	for _, ev := range events {
		w.seen = max(w.seen, ev.Sequence)
		if ev.Added == nil {
			w.ledger.leavePool(ev.Removed)
			continue
		}
		if err := w.hearOne(ev.Added); err != nil {
			return err
		}
	}
	if len(w.ledger.touched)+len(w.pending) > 0 {
		return w.commit()
	}
	return nil
}

// hearOne records a transaction that is or was in the mempool. mu is held.
func (w *Wallet) hearOne(t *wire.Tx) error {
	if !w.ledger.touches(t) {
		return nil
	}
	hear := w.ledger.enterPool
	if _, ok := w.c.Pool.Get(t.ID()); !ok {
		hear = w.ledger.see // the news is old: it has left since
	}
	e, added, err := hear(t, news{now: w.c.Now().Unix()})
	if err != nil {
		return err
	}
	if added {
		w.unlockSpent(e.tx)
	}
	return w.noticed(e) // one that was known may have addresses of a descriptor that came later
}

// hearAll begins with what is in the mempool now. Events between the number
// and the entries come twice, which does no harm.
func (w *Wallet) hearAll() (events []mempool.Event) {
	w.seen = w.c.Pool.Stats().Sequence
	_, entries := w.c.Pool.Entries()
	w.ledger.emptyPool()
	// Parents first, also those that came back after their children: a child that pays others
	// is only known by what it spends.
	slices.SortStableFunc(entries, func(a, b mempool.Entry) int { return cmp.Compare(a.AncestorCount, b.AncestorCount) })
	for _, e := range entries {
		events = append(events, mempool.Event{Added: e.Tx})
	}
	return events
}
