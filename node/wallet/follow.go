package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

const (
	batch     = 50   // blocks read at a time
	saveEvery = 1000 // blocks that may have to be read again after a crash
)

// Run follows chain and mempool until ctx ends.
func (w *Wallet) Run(ctx context.Context) error {
	for {
		moved, pooled := w.c.Chain.Changed(), w.c.Pool.Changed()
		if err := w.follow(ctx); err != nil {
			return err
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
	if w.file == nil || w.tip == w.c.Chain.Tip().ID {
		return false, nil
	}
	reverted, applied, err := w.c.Chain.UpdatesSince(w.tip, batch)
	if errors.Is(err, chain.ErrUnknown) {
		// The chain was rebuilt, or the file is of another copy of it: the
		// transactions stand, where they are in the chain is read anew.
		w.c.Log.Warn("the wallet's last block is not on the chain, reading it from the start", "block", w.tip)
		w.tip, w.height = w.c.Params.Genesis.ID(), 0
		return true, w.forgetBlocks()
	}
	if err != nil {
		return false, fmt.Errorf("read the chain: %w", err)
	}
	changed := false
	for _, u := range reverted {
		changed = w.ledger.disconnect(u.Block) || changed
		w.tip, w.height = u.Prev.ID, u.Prev.Height
	}
	for _, u := range applied {
		c, err := w.ledger.connect(u.Block, u.Next.Height)
		if err != nil {
			return false, err
		}
		changed = c || changed
		w.tip, w.height = u.Next.ID, u.Next.Height
	}
	if changed || w.height > w.saved+saveEvery {
		err = w.save()
	}
	return len(reverted)+len(applied) > 0, err
}

func (w *Wallet) forgetBlocks() error {
	for _, e := range w.ledger.txs {
		e.height, e.block, e.conflict = 0, wire.Hash{}, wire.Hash{}
	}
	return w.save()
}

// readPool takes the mempool's news, and gives it back what it has lost of the
// wallet's own.
func (w *Wallet) readPool() error {
	w.mu.Lock()
	if w.file == nil {
		w.mu.Unlock()
		return nil
	}
	err := w.hear()
	lost := w.lost()
	close(w.changed)
	w.changed = make(chan struct{})
	w.mu.Unlock()
	// Not under mu: the pool may look at scripts and coins for a while.
	for _, t := range lost {
		_, fail := w.c.Pool.Add(t, "")
		var refused *mempool.Error
		if fail != nil && !errors.As(fail, &refused) {
			err = errors.Join(err, fmt.Errorf("give payment back to the mempool: %w", fail))
		}
	}
	return err
}

// hear records waiting transactions of the wallet.
func (w *Wallet) hear() error {
	events, ok := w.c.Pool.EventsSince(w.seen)
	if !ok {
		// Too far behind: begin with what is there now. Events between the
		// number and the entries come twice, which does no harm.
		w.seen = w.c.Pool.Stats().Sequence
		_, entries := w.c.Pool.Entries()
		for _, e := range w.ledger.txs {
			e.pooled = false
		}
		for _, e := range entries {
			events = append(events, mempool.Event{Added: e.Tx})
		}
	}
	known := len(w.ledger.txs)
	for _, ev := range events {
		w.seen = max(w.seen, ev.Sequence)
		if ev.Added == nil {
			if e, ok := w.ledger.txs[ev.Removed]; ok {
				e.pooled = false
			}
			continue
		}
		e, err := w.ledger.add(ev.Added, w.c.Now())
		if err != nil {
			return err
		}
		if e != nil {
			e.pooled = true
		}
	}
	if len(w.ledger.txs) != known {
		return w.save()
	}
	return nil
}

// lost lists the transactions that wait for a block outside the mempool,
// parents first; once a block, since what the mempool refuses it will refuse
// until then.
func (w *Wallet) lost() []*wire.Tx {
	if w.offered == w.tip {
		return nil
	}
	w.offered = w.tip
	var out []*wire.Tx
	for _, e := range w.ledger.sorted() {
		if e.height == 0 && !e.pooled && !e.dead() {
			out = append(out, e.tx)
		}
	}
	return out
}
