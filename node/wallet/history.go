package wallet

import (
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// Tx is a transaction that concerns the wallet, a snapshot.
type Tx struct {
	Tx        *wire.Tx
	Depth     int64     // confirmations; negative when a block holds what conflicts with it
	Block     wire.Hash // zero while it waits, or when it conflicts
	Height    uint32    // of that block
	Index     uint32    // place in it
	Trusted   bool
	Abandoned bool
	Pooled    bool
	Fails     bool // it cannot confirm as things stand
	Mature    bool // no coinbase, or one whose coins may be spent

	Conflicts     []wire.Hash // the wallet's own that spend a coin which it spends too
	PoolConflicts []wire.Hash // of the mempool, with it or an ancestor
	Time          int64       // Unix seconds: of the block, or when it was first seen
	Received      int64       // Unix seconds: when it was first seen
	Replaces      *wire.Hash
	ReplacedBy    *wire.Hash
	Comment, To   *string

	Debit  int64 // satoshis that it spends of the wallet's
	FromMe bool  // it spends coins of the wallet
	Outs   []TxOut
}

// TxOut is what the wallet knows of an output.
type TxOut struct {
	Mine    bool
	Change  bool // of the wallet and not in the address book
	Address string
	Label   string
	Labeled bool
	Descs   []string // the public descriptors that it belongs to, when it is the wallet's
}

// Fee is what a transaction of the wallet's pays, in satoshis; meaningless
// unless Debit is positive and all inputs are the wallet's.
func (t *Tx) Fee() int64 {
	fee := t.Debit
	for _, o := range t.Tx.Outs {
		fee -= o.Value
	}
	return fee
}

// Credit is what it pays to the wallet, in satoshis.
func (t *Tx) Credit() (sum int64) {
	for i, o := range t.Outs {
		if o.Mine {
			sum += t.Tx.Outs[i].Value
		}
	}
	return sum
}

// Tx looks a transaction up.
func (w *Wallet) Tx(id wire.Hash) (Tx, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.ledger.txs[id]
	if e == nil {
		return Tx{}, false
	}
	return w.view(e, w.trust()), true
}

// TxCount is how many transactions there are.
func (w *Wallet) TxCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ledger.txs)
}

// Txs calls f with transactions in the order in which they came, or the reverse, until f
// returns false. f must not call the wallet.
func (w *Wallet) Txs(newestFirst bool, f func(*Tx) bool) Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	trust := w.trust()
	seq := slices.All(w.ledger.ordered)
	if newestFirst {
		seq = slices.Backward(w.ledger.ordered)
	}
	for _, e := range seq {
		t := w.view(e, trust)
		if !f(&t) {
			break
		}
	}
	return Status{Exists: w.journal != nil, Tip: w.tip, Height: w.height}
}

func (w *Wallet) view(e *entry, trust trusts) Tx {
	t := Tx{
		Tx: e.tx, Depth: e.depth(w.height), Trusted: trust.of(e), Abandoned: e.state == abandoned, Pooled: e.state == pooled,
		Fails: e.fails(), Mature: w.mature(e), Time: e.smart, Received: e.received,
		Replaces: e.replaces, ReplacedBy: e.replacedBy, Comment: e.comment, To: e.to,
		Conflicts: w.ledger.conflicts(e), PoolConflicts: sortedHashes(e.rivals),
		Debit: w.ledger.debit(e.tx), FromMe: w.ledger.spends(e.tx), Outs: make([]TxOut, len(e.tx.Outs)),
	}
	if e.state == confirmed {
		t.Block, t.Height, t.Index = e.block, e.height, e.index
	}
	for i, o := range e.tx.Outs {
		v := TxOut{Mine: len(w.places[string(o.Script)]) > 0, Change: w.isChange(o.Script), Address: w.addressOf(o.Script)}
		v.Label, v.Labeled = w.labelOf(v.Address)
		if v.Mine {
			v.Descs = w.parents(o.Script)
		}
		t.Outs[i] = v
	}
	return t
}

// conflicts lists the other entries that spend what e spends, by id.
func (l *ledger) conflicts(e *entry) []wire.Hash {
	found := map[wire.Hash]struct{}{}
	for _, in := range e.tx.Ins {
		for _, other := range l.spenders[in.Prev] {
			if other != e {
				found[other.tx.ID()] = struct{}{}
			}
		}
	}
	return sortedHashes(found)
}

// sortedHashes orders ids by their bytes as they are hashed, as Core does.
func sortedHashes(set map[wire.Hash]struct{}) []wire.Hash {
	out := make([]wire.Hash, 0, len(set))
	for h := range set {
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b wire.Hash) int { return compareOutpoints(wire.Outpoint{TxID: a}, wire.Outpoint{TxID: b}) })
	return out
}

// Abandon gives up a transaction that waits outside the mempool, and those
// that spend it: their coins may be spent otherwise.
func (w *Wallet) Abandon(id wire.Hash) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.ledger.txs[id]
	if e == nil {
		return ErrUnknownTx
	}
	if !w.ledger.abandon(e) {
		return ErrNotWaiting
	}
	w.announce()
	return w.commit()
}

// Mine says whether a script is the wallet's.
func (w *Wallet) Mine(script []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.places[string(script)]) > 0
}

// IsChange guesses that an output of the wallet's is change.
func (w *Wallet) IsChange(script []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.isChange(script)
}

// Value is the value of an outpoint of the wallet's, in satoshis; 0 for others' outpoints.
func (w *Wallet) Value(op wire.Outpoint) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, _ := w.ledger.output(op)
	return o.Value
}
