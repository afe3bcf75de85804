package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/signing"
)

// Solve is what the wallet knows of how to spend a script of its own: public keys with
// their origins, redeem and witness scripts, trees. ok is false for others' scripts.
func (w *Wallet) Solve(script []byte) (p *signing.Keyring, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.solve(script)
}

func (w *Wallet) solve(script []byte) (*signing.Keyring, bool) {
	p := new(signing.Keyring)
	ps := w.places[string(script)]
	for _, at := range ps {
		// Where only private keys derive the script, the wallet cannot say more while it is locked.
		if e, err := w.expand(at.ring, at.index); err == nil && at.ring.explains(at.index) {
			p.Merge(&e.Ring)
		} else if d, err := w.private(at.ring); err == nil {
			if e, err := d.Expand(at.index); err == nil {
				p.Merge(&e.Ring)
			}
		}
	}
	return p, len(ps) > 0
}

// Signer is Solve of several scripts, with the private keys that the wallet has
// of them: ErrLocked while they cannot be read. Scripts of others are passed over.
func (w *Wallet) Signer(scripts ...[]byte) (*signing.Keyring, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isLocked() {
		return nil, ErrLocked
	}
	return w.signer(scripts)
}

func (w *Wallet) signer(scripts [][]byte) (*signing.Keyring, error) {
	p := new(signing.Keyring)
	opened := map[*keyring]*descriptor.Descriptor{}
	for _, s := range scripts {
		for _, at := range w.places[string(s)] {
			if err := w.signerAt(at, p, opened); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// signerAt adds to p what is known at a place, private keys too.
func (w *Wallet) signerAt(at place, p *signing.Keyring, opened map[*keyring]*descriptor.Descriptor) error {
	d, err := w.open1(at.ring, opened)
	if err != nil {
		return err
	}
	e, err := d.Expand(at.index)
	if err != nil {
		return err
	}
	p.Merge(&e.Ring)
	d.ExpandPrivate(at.index, p)
	return nil
}

// open1 is a descriptor with its private keys where it has them, each read once.
func (w *Wallet) open1(r *keyring, opened map[*keyring]*descriptor.Descriptor) (*descriptor.Descriptor, error) {
	if d := opened[r]; d != nil {
		return d, nil
	}
	d := r.desc
	if r.rec.Private != nil {
		var err error
		if d, err = w.private(r); err != nil {
			return nil, err
		}
	}
	opened[r] = d
	return d, nil
}

// Note is what a payment is remembered with.
type Note struct {
	Comment, To *string    // for whom and what, in words
	Replaces    *wire.Hash // a transaction of the wallet that this one replaces (BIP125)
}

// offer gives a payment to the mempool, as one that nobody else is known to have yet.
func (w *Wallet) offer(t *wire.Tx) error {
	_, err := w.c.Pool.Add(t, "")
	if err == nil {
		w.c.Pool.Unsent(t.ID())
	}
	return err
}

// BeginPayment waits until no other payment is being made. Until end is called, no other
// one begins, so that the coins which are chosen, and then spent by Commit or locked, are chosen
// only once. Send does so by itself.
func (w *Wallet) BeginPayment() (end func()) {
	w.paying.Lock()
	return w.paying.Unlock
}

// Commit records a transaction of the wallet, whose addresses are used from now
// on, and offers it to the mempool. What the mempool refuses (a *mempool.Error)
// stays in the wallet and is offered again now and then; it can be abandoned.
// When Commit returns, the wallet knows what the payment did to the mempool.
func (w *Wallet) Commit(_ context.Context, t *wire.Tx, n Note) error {
	if err := w.record(t, n); err != nil {
		return err
	}
	young := w.c.Pool.Stats().Height != w.c.Chain.Tip().Height
	err := w.offer(t)
	if _, there := w.c.Pool.Get(t.ID()); err != nil && !there { // the follower may have offered it, too
		var refused *mempool.Error
		if errors.As(err, &refused) {
			if young {
				w.oweOnce(t.ID())
			}
			w.c.Log.Info("a payment is not in the mempool", "wallet", w.name, "txid", t.ID(), "err", err)
		}
		return err
	}
	w.wake()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return nil // unloaded meanwhile; the payment is recorded
	}
	defer w.announce()
	return w.hear()
}

// oweOnce has a payment offered once more that was refused before the mempool had read the tip: its
// coins may be as young.
func (w *Wallet) oweOnce(id wire.Hash) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owe(id)
	w.offered = wire.Hash{}
	w.wake()
}

// record keeps a payment before anybody is told of it.
func (w *Wallet) record(t *wire.Tx, n Note) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, added, err := w.ledger.see(t, news{now: w.c.Now().Unix()})
	if err != nil {
		return err
	}
	if e == nil {
		return fmt.Errorf("transaction %v neither spends from nor pays to the wallet", t.ID())
	}
	if added {
		w.unlockSpent(t)
	}
	e.comment, e.to, e.replaces = n.Comment, n.To, n.Replaces
	w.ledger.change(e)
	if n.Replaces != nil {
		if old := w.ledger.txs[*n.Replaces]; old != nil {
			id := t.ID()
			old.replacedBy = &id
			w.ledger.change(old)
		}
	}
	if err := w.noticed(e); err != nil {
		return err
	}
	return w.commit()
}
