package wallet

import (
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// news is what a transaction came with.
type news struct {
	now   int64 // Unix seconds, of the node's clock
	block *blockPlace
	old   bool // the block is read again by a rescan
}

// blockPlace is where in the chain a transaction is.
type blockPlace struct {
	id      wire.Hash
	height  uint32
	index   uint32
	time    int64 // of the block, Unix seconds
	timeMax int64 // the latest time of a block up to it
}

// see records t if it concerns the wallet, and returns its entry, nil when it
// is of no concern. The entry's state is what the caller says afterwards.
func (l *ledger) see(t *wire.Tx, n news) (e *entry, added bool, err error) {
	if e := l.txs[t.ID()]; e != nil {
		if t.HasWitness() && !e.tx.HasWitness() {
			if e.tx, err = detach(t); err != nil {
				return nil, false, err
			}
			l.change(e)
		}
		return e, false, nil
	}
	if !l.concerns(t) {
		return nil, false, nil
	}
	own, err := detach(t)
	if err != nil {
		return nil, false, err
	}
	e = &entry{tx: own, order: l.next, received: n.now}
	e.smart = l.smartTime(n)
	l.insert(e)
	l.change(e)
	return e, true, nil
}

// smartTime guesses when a transaction was made: its block's time, but neither
// before what the wallet already had nor after now (Core's ComputeTimeSmart).
func (l *ledger) smartTime(n news) int64 {
	switch {
	case n.block == nil:
		return n.now
	case n.old:
		return n.block.timeMax
	}
	latest, entry := n.now, int64(0)
	// The last one in that is not from the future by more than five minutes.
	if last := l.lastBefore(n.now + 300); last != nil {
		entry = last.smart
		latest = max(latest, entry)
	}
	return max(entry, min(n.block.time, latest))
}

// lastBefore is the youngest entry whose time is at most t.
func (l *ledger) lastBefore(t int64) *entry {
	for _, e := range slices.Backward(l.ordered) {
		if e.smart <= t {
			return e
		}
	}
	return nil
}

// connectTx records a transaction of a block, tip being the chain's height.
func (l *ledger) connectTx(t *wire.Tx, n news, tip uint32) (e *entry, added bool, err error) {
	b := n.block
	if !t.IsCoinbase() {
		// Whatever else spends the same coins cannot confirm any more.
		for _, in := range t.Ins {
			for _, other := range l.spenders[in.Prev] {
				if other.tx.ID() != t.ID() {
					l.markConflicted(other, b.id, b.height, tip)
				}
			}
		}
	}
	if e, added, err = l.see(t, n); e != nil {
		l.move(e, confirmed, b.id, b.height, b.index)
	}
	return e, added, err
}

// markConflicted says that a block holds what e conflicts with; the deepest
// such block counts.
func (l *ledger) markConflicted(e *entry, block wire.Hash, height, tip uint32) {
	depth := int64(height) - int64(tip) - 1
	l.descend(e, func(e *entry) bool {
		return depth < e.depth(tip) && l.move(e, conflicted, block, height, 0)
	})
}

// disconnect takes a block back.
func (l *ledger) disconnect(b *wire.Block, height uint32) {
	id := b.ID()
	for i, t := range b.Txs {
		if e := l.txs[t.ID()]; e != nil && e.state == confirmed && e.block == id {
			if i == 0 {
				l.orphan(e)
			} else {
				l.owe(e)
				l.move(e, inactive, wire.Hash{}, 0, 0)
			}
		}
		for _, in := range t.Ins {
			for _, e := range l.spenders[in.Prev] {
				l.descend(e, func(e *entry) bool {
					return e.state == conflicted && e.height >= height && l.move(e, inactive, wire.Hash{}, 0, 0)
				})
			}
		}
	}
}

// owe notes that a transaction which left the chain, and what spends it, is to be offered to the mempool.
func (l *ledger) owe(e *entry) {
	l.descend(e, func(e *entry) bool {
		if e.owed {
			return false
		}
		e.owed = true
		return true
	})
}

// forget takes back where an entry was in the chain, whose blocks above a height are not known
// any more. They will come again, or others in their place.
func (l *ledger) forget(e *entry) {
	height := uint32(0)
	if e.state == confirmed {
		l.owe(e)
	}
	if e.state == confirmed && e.tx.IsCoinbase() {
		height = e.height
		l.adrift[height] = append(l.adrift[height], e)
	}
	l.move(e, inactive, wire.Hash{}, height, 0)
}

// land marks coinbases as orphans whose place in the chain has another block now.
func (l *ledger) land(height uint32) {
	for _, e := range l.adrift[height] {
		if e.state == inactive {
			l.orphan(e)
		}
	}
	delete(l.adrift, height)
}

// orphan marks a coinbase that left the chain, and all that spends it, as
// abandoned.
func (l *ledger) orphan(e *entry) {
	l.descend(e, func(e *entry) bool { return l.move(e, abandoned, wire.Hash{}, 0, 0) })
}

// enterPool records a transaction that is in the mempool.
func (l *ledger) enterPool(t *wire.Tx, n news) (e *entry, added bool, err error) {
	if e, added, err = l.see(t, n); err != nil {
		return nil, false, err
	}
	// The chain may be ahead of the mempool's news.
	if e != nil && e.state != confirmed && e.state != conflicted {
		l.move(e, pooled, wire.Hash{}, 0, 0)
	}
	id := t.ID()
	for _, in := range t.Ins {
		for _, other := range l.spenders[in.Prev] {
			if other.tx.ID() != id {
				l.descend(other, func(o *entry) bool { return l.rival(o, id) })
			}
		}
	}
	for _, other := range l.siblings(t) {
		l.descend(other, func(o *entry) bool { return l.rival(o, id) })
	}
	return e, added, nil
}

// siblings lists what spends other outputs of t's waiting parent, where both are of
// version 3: a parent of that version has one child in the mempool (BIP431).
func (l *ledger) siblings(t *wire.Tx) (out []*entry) {
	if t.Version != truc {
		return nil
	}
	for _, in := range t.Ins {
		parent := l.txs[in.Prev.TxID]
		if parent == nil || parent.state != pooled && parent.state != inactive {
			continue
		}
		for i := range parent.tx.Outs {
			for _, e := range l.spenders[parent.tx.Outpoint(i)] {
				if e.tx.ID() != t.ID() {
					out = append(out, e)
				}
			}
		}
	}
	return out
}

const truc = 3 // the version of transactions whose lines are kept short

// touches says whether t concerns the wallet, or conflicts with what does.
func (l *ledger) touches(t *wire.Tx) bool {
	return l.concerns(t) || slices.ContainsFunc(t.Ins, func(in wire.In) bool { return l.spenders[in.Prev] != nil }) || len(l.siblings(t)) > 0
}

// rival notes that a transaction of the mempool conflicts with e, which thus is
// not there itself.
func (l *ledger) rival(e *entry, id wire.Hash) bool {
	if _, ok := e.rivals[id]; ok {
		return false
	}
	if e.state == pooled {
		l.move(e, inactive, wire.Hash{}, 0, 0)
	}
	if e.rivals == nil {
		e.rivals = map[wire.Hash]struct{}{}
	}
	e.rivals[id] = struct{}{}
	l.clashing[id] = append(l.clashing[id], e)
	return true
}

// leavePool records that a transaction is in the mempool no longer.
func (l *ledger) leavePool(id wire.Hash) {
	if e := l.txs[id]; e != nil && e.state == pooled {
		l.move(e, inactive, wire.Hash{}, 0, 0)
	}
	for _, e := range l.clashing[id] {
		delete(e.rivals, id)
	}
	delete(l.clashing, id)
}

// emptyPool forgets what is in the mempool.
func (l *ledger) emptyPool() {
	for id := range l.clashing {
		l.leavePool(id)
	}
	for id, e := range l.txs {
		if e.state == pooled {
			l.leavePool(id)
		}
	}
}

// abandon gives the coins of a waiting transaction up, and of those that spend
// it; false when it is in a block, in the mempool or conflicts with a block.
func (l *ledger) abandon(e *entry) bool {
	if e.state != inactive && e.state != abandoned {
		return false
	}
	l.descend(e, func(e *entry) bool {
		return e.state == inactive && l.move(e, abandoned, wire.Hash{}, 0, 0)
	})
	return true
}
