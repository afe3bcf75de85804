package wallet

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
)

// Purposes of addresses in the book.
const (
	Receive = "receive"
	Send    = "send"
)

// bookEntry is what is known of an address.
type bookEntry struct {
	Label   *string `json:"label,omitempty"` // nil: it is in the book only for being spent
	Purpose string  `json:"purpose,omitempty"`
	Spent   bool    `json:"spent,omitempty"` // coins paid to it were spent (avoid_reuse)
}

func (w *Wallet) loadBook(all records) error {
	for _, a := range all.under(bookKey) {
		b := new(bookEntry)
		if _, err := all.read(bookKey+a, b); err != nil {
			return err
		}
		w.book[a] = b
	}
	return nil
}

// addressOf is a script's address, "" for none.
func (w *Wallet) addressOf(script []byte) string {
	text, _ := address.Encode(script, w.c.Params)
	return text
}

// setLabel names an address. mu is held.
func (w *Wallet) setLabel(a, label, purpose string) {
	b := w.book[a]
	if b == nil {
		b = new(bookEntry)
		w.book[a] = b
	}
	b.Label = &label
	if purpose != "" {
		b.Purpose = purpose
	}
	w.note(recordOf(bookKey+a, b))
}

// labelOf is an address's label; ok is false for one that is not in the book.
func (w *Wallet) labelOf(a string) (label string, ok bool) {
	b := w.book[a]
	if b == nil || b.Label == nil {
		return "", false
	}
	return *b.Label, true
}

// isChange guesses that an output of the wallet's is change: its address was never
// given out (Core's ScriptIsChange).
func (w *Wallet) isChange(script []byte) bool {
	if len(w.places[string(script)]) == 0 {
		return false
	}
	a := w.addressOf(script)
	_, known := w.labelOf(a)
	return a == "" || !known
}

// SetLabel names an address, of the wallet's or of another's.
func (w *Wallet) SetLabel(script []byte, label string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	purpose := Send
	if len(w.places[string(script)]) > 0 {
		purpose = Receive
	}
	w.setLabel(w.addressOf(script), label, purpose)
	return w.commit()
}

// Label returns an address's label; ok is false for one without.
func (w *Wallet) Label(a string) (label string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.labelOf(a)
}

// Labeled is an address in the book.
type Labeled struct{ Address, Label, Purpose string }

// Labels lists the addresses that have a label, also an empty one, in Core's order.
func (w *Wallet) Labels() []Labeled {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Labeled
	for _, a := range slices.SortedFunc(maps.Keys(w.book), w.destinations()) {
		if label, ok := w.labelOf(a); ok {
			out = append(out, Labeled{a, label, w.book[a].Purpose})
		}
	}
	return out
}

// markSpent notes that an address's coins were spent, where the wallet keeps
// such addresses apart. mu is held.
func (w *Wallet) markSpent(t *wire.Tx) {
	if w.meta.Flags&AvoidReuse == 0 {
		return
	}
	for _, in := range t.Ins {
		o, ok := w.ledger.output(in.Prev)
		a := w.addressOf(o.Script)
		if !ok || a == "" {
			continue
		}
		b := w.book[a]
		if b == nil {
			b = new(bookEntry)
			w.book[a] = b
		}
		if !b.Spent {
			b.Spent = true
			w.note(recordOf(bookKey+a, b))
		}
	}
}

// isReused says whether coins paid to a script were spent before. mu is held.
func (w *Wallet) isReused(script []byte) bool {
	b := w.book[w.addressOf(script)]
	return b != nil && b.Spent
}

// lockRecord marks a coin as locked also after a restart.
func lockRecord(op wire.Outpoint) record { return recordOf(lockKey+op.String(), true) }

func (w *Wallet) loadLocks(all records) error {
	for _, text := range all.under(lockKey) {
		id, n, _ := strings.Cut(text, ":")
		h, err := wire.ParseHash(id)
		i, fail := strconv.ParseUint(n, 10, 32)
		if err = errors.Join(err, fail); err != nil {
			return fmt.Errorf("locked coin %s: %w", text, err)
		}
		w.locks[wire.Outpoint{TxID: h, Index: uint32(i)}] = true
	}
	return nil
}

// LockCoin keeps a coin from being chosen; with keep also after a restart.
func (w *Wallet) LockCoin(op wire.Outpoint, keep bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.locks[op] = keep || w.locks[op]
	if keep {
		return w.commit(lockRecord(op))
	}
	return nil
}

// UnlockCoins lets coins be chosen again; all of them when none is named.
func (w *Wallet) UnlockCoins(ops ...wire.Outpoint) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(ops) == 0 {
		ops = slices.Collect(maps.Keys(w.locks))
	}
	for _, op := range ops {
		w.unlock(op)
	}
	return w.commit()
}

// unlock ends a lock, with the next commit also on the disk. mu is held.
func (w *Wallet) unlock(op wire.Outpoint) {
	if w.locks[op] {
		w.note(record{Key: lockKey + op.String()})
	}
	delete(w.locks, op)
}

// unlockSpent ends the locks of coins that a transaction new to the wallet spends: should
// it vanish, they may be chosen again, as in Core. mu is held.
func (w *Wallet) unlockSpent(t *wire.Tx) {
	for _, in := range t.Ins {
		w.unlock(in.Prev)
	}
}

// LockedCoins lists them, in order.
func (w *Wallet) LockedCoins() []wire.Outpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.SortedFunc(maps.Keys(w.locks), compareOutpoints)
}

// IsLockedCoin says whether a coin is locked.
func (w *Wallet) IsLockedCoin(op wire.Outpoint) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.locks[op]
	return ok
}

// compareOutpoints orders as Core does, by the bytes of the ids as they are hashed.
func compareOutpoints(a, b wire.Outpoint) int {
	return cmp.Or(bytes.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Index, b.Index))
}
