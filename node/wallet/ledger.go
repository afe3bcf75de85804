package wallet

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// ledger is what is known of the transactions that concern the wallet. It has
// no I/O and no lock of its own.
//
// Every entry receives or spends. spenders maps each outpoint that an entry's
// transaction spends to the entries that do; two spend the same one when they
// conflict, of which at most one is in the chain. The input that all coinbases
// share is no outpoint and not in it.
type ledger struct {
	book     *book
	txs      map[wire.Hash]*entry
	spenders map[wire.Outpoint][]*entry
}

// entry is one transaction.
type entry struct {
	tx       *wire.Tx
	height   uint32    // 0 while it waits
	block    wire.Hash // zero while it waits
	time     time.Time // of the block, or when first seen
	fee      int64     // satoshis; known when every input is the wallet's
	conflict wire.Hash // a block in which another transaction spends one of its inputs
	pooled   bool      // in the mempool now
	seq      int       // order of entry, a parent's before its children's
}

// dead says that the transaction cannot confirm as things stand.
func (e *entry) dead() bool {
	return !e.conflict.IsZero() || e.tx.IsCoinbase() && e.block.IsZero()
}

func newLedger(b *book) *ledger {
	return &ledger{book: b, txs: map[wire.Hash]*entry{}, spenders: map[wire.Outpoint][]*entry{}}
}

func loadLedger(txs []fileTx, b *book) (*ledger, error) {
	l := newLedger(b)
	for i, f := range txs {
		raw, err := hex.DecodeString(f.Raw)
		if err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
		t, err := wire.DecodeTx(raw)
		if err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
		l.insert(&entry{tx: t, height: f.Height, block: f.Block, time: time.Unix(f.Time, 0), fee: f.Fee, conflict: f.Conflict})
	}
	return l, nil
}

// dump lists the entries in a stable order, oldest first.
func (l *ledger) dump() []fileTx {
	out := make([]fileTx, 0, len(l.txs))
	for _, e := range l.sorted() {
		out = append(out, fileTx{
			Raw: hex.EncodeToString(e.tx.Append(nil)), Height: e.height, Block: e.block,
			Time: e.time.Unix(), Fee: e.fee, Conflict: e.conflict,
		})
	}
	return out
}

// sorted lists the entries by height, those that wait last, and parents before
// children.
func (l *ledger) sorted() []*entry {
	out := make([]*entry, 0, len(l.txs))
	for _, e := range l.txs {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b *entry) int {
		// A height of zero wraps to the largest.
		if a.height-1 != b.height-1 {
			return cmpUint(a.height-1, b.height-1)
		}
		if c := a.time.Compare(b.time); c != 0 {
			return c
		}
		return a.seq - b.seq
	})
	return out
}

func cmpUint(a, b uint32) int {
	if a < b {
		return -1
	}
	return 1
}

func (l *ledger) insert(e *entry) {
	e.seq = len(l.txs)
	l.txs[e.tx.ID()] = e
	if e.tx.IsCoinbase() {
		return
	}
	for _, in := range e.tx.Ins {
		l.spenders[in.Prev] = append(l.spenders[in.Prev], e)
	}
}

// concerns says whether t pays to or spends from the wallet.
func (l *ledger) concerns(t *wire.Tx) bool {
	return slices.ContainsFunc(t.Outs, l.owns) || slices.ContainsFunc(t.Ins, func(in wire.In) bool {
		_, ok := l.output(in.Prev)
		return ok
	})
}

func (l *ledger) owns(o wire.Out) bool {
	_, ok := l.book.paths[string(o.Script)]
	return ok
}

// output looks up one of the wallet's outputs, spent or not.
func (l *ledger) output(op wire.Outpoint) (wire.Out, bool) {
	e, ok := l.txs[op.TxID]
	if !ok || int(op.Index) >= len(e.tx.Outs) || !l.owns(e.tx.Outs[op.Index]) {
		return wire.Out{}, false
	}
	return e.tx.Outs[op.Index], true
}

// add records t if it concerns the wallet, and marks its addresses as used.
// It returns the entry, nil when t is of no concern.
func (l *ledger) add(t *wire.Tx, now time.Time) (*entry, error) {
	if e, ok := l.txs[t.ID()]; ok {
		return e, nil
	}
	if !l.concerns(t) {
		return nil, nil
	}
	for _, o := range t.Outs {
		if p, ok := l.book.paths[string(o.Script)]; ok {
			if err := l.book.use(p); err != nil {
				return nil, err
			}
		}
	}
	own, err := detach(t)
	if err != nil {
		return nil, err
	}
	e := &entry{tx: own, time: now, fee: l.feeOf(own)}
	l.insert(e)
	return e, nil
}

// detach copies a transaction out of the block whose bytes it shares.
func detach(t *wire.Tx) (*wire.Tx, error) { return wire.DecodeTx(t.Append(nil)) }

// feeOf is known when every input is the wallet's, else 0.
func (l *ledger) feeOf(t *wire.Tx) int64 {
	var fee int64
	for _, in := range t.Ins {
		o, ok := l.output(in.Prev)
		if !ok {
			return 0
		}
		fee += o.Value
	}
	for _, o := range t.Outs {
		fee -= o.Value
	}
	return fee
}

// connect records a block. It says whether anything changed.
func (l *ledger) connect(b *wire.Block, height uint32) (changed bool, err error) {
	when := time.Unix(int64(b.Header.Time), 0)
	for _, t := range b.Txs {
		// Whatever else spends the same coins cannot confirm any more.
		for _, in := range t.Ins {
			for _, other := range l.spenders[in.Prev] {
				if other.tx.ID() != t.ID() && other.conflict.IsZero() && other.block.IsZero() {
					other.conflict, changed = b.ID(), true
				}
			}
		}
		e, err := l.add(t, when)
		if err != nil {
			return changed, err
		}
		if e != nil {
			e.height, e.block, e.time, e.pooled, changed = height, b.ID(), when, false, true
			e.conflict = wire.Hash{} // marked while its own block was still to be read again
		}
	}
	return changed, nil
}

// disconnect takes a block back.
func (l *ledger) disconnect(b *wire.Block) (changed bool) {
	id := b.ID()
	for _, e := range l.txs {
		if e.block == id {
			e.height, e.block, changed = 0, wire.Hash{}, true
		}
		if e.conflict == id {
			e.conflict, changed = wire.Hash{}, true
		}
	}
	return changed
}

// coin is an output of the wallet that nothing spends.
type coin struct {
	op   wire.Outpoint
	out  wire.Out
	path path
	from *entry
}

// coins lists the unspent outputs of transactions that are or may come into
// the chain, in a stable order.
func (l *ledger) coins() []coin {
	var out []coin
	for _, e := range l.sorted() {
		if e.dead() {
			continue
		}
		for i, o := range e.tx.Outs {
			p, ok := l.book.paths[string(o.Script)]
			op := e.tx.Outpoint(i)
			if ok && !l.spent(op) {
				out = append(out, coin{op, o, p, e})
			}
		}
	}
	return out
}

// spent says whether a transaction that is or may come into the chain spends op.
func (l *ledger) spent(op wire.Outpoint) bool {
	return slices.ContainsFunc(l.spenders[op], func(e *entry) bool { return !e.dead() })
}
