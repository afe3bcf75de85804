package wallet

import (
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// ledger is what is known of the transactions that concern a wallet. It has no
// I/O and no lock of its own.
//
// ordered has every entry, in the order in which they came. Every entry pays to or spends from the wallet. spenders maps each outpoint
// that an entry's transaction spends to the entries that do: two of them conflict, and
// at most one is in the chain. The input that all coinbases share is no
// outpoint and not in it. owned maps each output that pays to a script of the wallet, spent
// or not, to where it comes from. adrift are the coinbases whose blocks the chain has forgotten, as after a
// crash, by the heights of those: inactive until a block of that height says whether they
// are in the chain. touched are the entries that differ from what is stored.
type ledger struct {
	find     func(script []byte) []place // where a script of the wallet belongs; none for others'
	txs      map[wire.Hash]*entry
	ordered  []*entry
	spenders map[wire.Outpoint][]*entry
	owned    map[wire.Outpoint]*entry
	clashing map[wire.Hash][]*entry // by a transaction of the mempool: the entries that it conflicts with
	adrift   map[uint32][]*entry
	next     int64 // order of the next entry
	touched  map[*entry]struct{}
}

// state is where a transaction stands (Core's TxState).
type state int

const (
	inactive   state = iota // neither in a block nor in the mempool
	pooled                  // in the mempool
	confirmed               // in a block of the chain
	conflicted              // a block of the chain holds another that spends one of its coins, or a parent's
	abandoned               // inactive, and its coins may be spent otherwise
)

// atRest is the state as it is stored: what is in the mempool, the mempool knows.
func (s state) atRest() state {
	if s == pooled {
		return inactive
	}
	return s
}

// entry is one transaction.
type entry struct {
	tx     *wire.Tx
	state  state
	block  wire.Hash // of confirmed, and the one that conflicts
	height uint32    // its height; of an inactive coinbase, that of the block which it was in
	index  uint32    // place in the block, of confirmed

	order    int64 // of entry into the wallet
	received int64 // Unix seconds: when the wallet first saw it
	smart    int64 // Unix seconds: received, or what its block says of when it was made

	replaces, replacedBy *wire.Hash // by a fee bump
	comment, to          *string

	owed   bool                   // it is to be offered to the mempool, see again.go; not stored
	rivals map[wire.Hash]struct{} // of the mempool, that it or an ancestor conflicts with; not stored
}

// fails says that the transaction cannot confirm as things stand: its coins
// are free.
func (e *entry) fails() bool {
	return e.state == abandoned || e.state == conflicted || len(e.rivals) > 0
}

func newLedger(find func([]byte) []place) *ledger {
	return &ledger{
		find: find, txs: map[wire.Hash]*entry{}, spenders: map[wire.Outpoint][]*entry{}, owned: map[wire.Outpoint]*entry{},
		clashing: map[wire.Hash][]*entry{}, adrift: map[uint32][]*entry{}, touched: map[*entry]struct{}{},
	}
}

// insert takes an entry in, whose order is higher than all others'.
func (l *ledger) insert(e *entry) {
	l.txs[e.tx.ID()] = e
	l.ordered = append(l.ordered, e)
	l.next = max(l.next, e.order+1)
	if !e.tx.IsCoinbase() {
		for _, in := range e.tx.Ins {
			l.spenders[in.Prev] = append(l.spenders[in.Prev], e)
		}
	} else if e.state == inactive && e.height > 0 {
		l.adrift[e.height] = append(l.adrift[e.height], e)
	}
	l.own(e)
}

// own notes which of e's outputs are the wallet's.
func (l *ledger) own(e *entry) {
	for i := range e.tx.Outs {
		if len(l.find(e.tx.Outs[i].Script)) > 0 {
			l.owned[e.tx.Outpoint(i)] = e
		}
	}
}

// ownAll does so for all entries: there are new scripts.
func (l *ledger) ownAll() {
	for _, e := range l.txs {
		l.own(e)
	}
}

// change notes that an entry is to be stored.
func (l *ledger) change(e *entry) { l.touched[e] = struct{}{} }

// move gives an entry another state; it says whether that is news.
func (l *ledger) move(e *entry, s state, block wire.Hash, height, index uint32) bool {
	if e.state == s && e.block == block && e.height == height && e.index == index {
		return false
	}
	if s.atRest() != e.state.atRest() || e.block != block || e.height != height || e.index != index {
		l.change(e)
	}
	e.state, e.block, e.height, e.index = s, block, height, index
	return true
}

// output looks up one of the wallet's outputs, spent or not.
func (l *ledger) output(op wire.Outpoint) (wire.Out, bool) {
	e, ok := l.owned[op]
	if !ok {
		return wire.Out{}, false
	}
	return e.tx.Outs[op.Index], true
}

// pays says whether t has an output for the wallet.
func (l *ledger) pays(t *wire.Tx) bool {
	return slices.ContainsFunc(t.Outs, func(o wire.Out) bool { return len(l.find(o.Script)) > 0 })
}

// spends says whether t spends an output of the wallet (Core's IsFromMe).
func (l *ledger) spends(t *wire.Tx) bool {
	return slices.ContainsFunc(t.Ins, func(in wire.In) bool { return l.owned[in.Prev] != nil })
}

// concerns says whether t belongs into the ledger.
func (l *ledger) concerns(t *wire.Tx) bool { return l.pays(t) || l.spends(t) }

// debit is what t spends of the wallet's, in satoshis; credit what it pays to it.
func (l *ledger) debit(t *wire.Tx) (sum int64) {
	for _, in := range t.Ins {
		o, _ := l.output(in.Prev)
		sum += o.Value
	}
	return sum
}

func (l *ledger) credit(t *wire.Tx) (sum int64) {
	for _, o := range t.Outs {
		if len(l.find(o.Script)) > 0 {
			sum += o.Value
		}
	}
	return sum
}

// detach copies a transaction out of the block whose bytes it shares.
func detach(t *wire.Tx) (*wire.Tx, error) {
	own, err := wire.DecodeTx(t.Append(nil))
	if err != nil {
		return nil, fmt.Errorf("transaction %v: %w", t.ID(), err)
	}
	return own, nil
}

// descend calls f with an entry and, where f says true, with the entries that spend its
// outputs, and so on.
func (l *ledger) descend(e *entry, f func(*entry) bool) {
	todo, seen := []*entry{e}, map[*entry]bool{}
	for len(todo) > 0 {
		e := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[e] || !f(e) {
			continue
		}
		seen[e] = true
		for i := range e.tx.Outs {
			todo = append(todo, l.spenders[e.tx.Outpoint(i)]...)
		}
	}
}

// depth is an entry's number of confirmations at a height of the chain; of a
// conflicted one, that of the block which conflicts, negative.
func (e *entry) depth(tip uint32) int64 {
	switch e.state {
	case confirmed:
		return int64(tip) - int64(e.height) + 1
	case conflicted:
		return int64(e.height) - int64(tip) - 1
	}
	return 0
}

// fate is how an outpoint is spent (Core's SpendType).
type fate int

const (
	unspent   fate = iota
	outOfPool      // by a transaction that waits outside the mempool
	inPool         // by one in the mempool
	inBlock        // by one in the chain
)

// spent looks at who spends op.
func (l *ledger) spent(op wire.Outpoint) fate {
	f := unspent
	for _, e := range l.spenders[op] {
		switch {
		case e.state == confirmed:
			return inBlock
		case e.state == pooled:
			f = inPool
		case !e.fails():
			f = max(f, outOfPool)
		}
	}
	return f
}

// isSpent says whether a transaction that is or may come into the chain spends
// op (Core's IsSpent).
func (l *ledger) isSpent(op wire.Outpoint) bool {
	return slices.ContainsFunc(l.spenders[op], func(e *entry) bool { return !e.fails() })
}
