package mempool

import (
	"bytes"
	"math"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// Prioritise has a transaction reckoned with as if it paid so many satoshis
// more, or less. It adds to what was said before, and holds for a transaction that is
// not here yet. A block or a conflict with one ends it.
func (p *Pool) Prioritise(id wire.Hash, delta int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sum := addSaturating(p.deltas[id], delta); sum == 0 {
		delete(p.deltas, id)
	} else {
		p.deltas[id] = sum
	}
	if e := p.graph.get(id); e != nil {
		p.graph.reprice(e, addSaturating(e.modified, delta))
		p.announce()
	}
}

func addSaturating(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}

// Dusty says whether a transaction waits that has an output which policy calls dust. Such
// a one must stay without fee (Core's ephemeral dust).
func (p *Pool) Dusty(id wire.Hash) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.get(id)
	return e != nil && !p.policy.nonStandard && p.policy.countDust(e.Decode()) > 0
}

// Priority is what Prioritise said of one transaction.
type Priority struct {
	ID       wire.Hash
	Delta    int64 // satoshis
	Waits    bool
	Modified int64 // satoshis, if it waits
}

// Priorities lists all of them, by id.
func (p *Pool) Priorities() []Priority {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Priority, 0, len(p.deltas))
	for id, d := range p.deltas {
		pr := Priority{ID: id, Delta: d}
		if e := p.graph.get(id); e != nil {
			pr.Waits, pr.Modified = true, e.modified
		}
		out = append(out, pr)
	}
	slices.SortFunc(out, func(a, b Priority) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return out
}

// Unsent notes that a waiting transaction is our user's own, and that nobody is
// known to have it yet.
func (p *Pool) Unsent(id wire.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.graph.get(id); e != nil && !e.is(flagUnbroadcast) {
		e.set(flagUnbroadcast, true)
		p.unbroadcast++
	}
}

// Unbroadcast lists our user's own public transactions that nobody is known to have, in no order.
func (p *Pool) Unbroadcast() (ts []*Packed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unbroadcast == 0 {
		return nil
	}
	for _, e := range p.graph.entries() {
		if e.is(flagUnbroadcast) && !p.private[e] {
			ts = append(ts, &e.Packed)
		}
	}
	return ts
}

// Sent notes that a transaction has reached somebody.
func (p *Pool) Sent(id wire.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.graph.get(id); e != nil {
		p.unmark(e)
	}
}

// unmark takes e out of those that nobody has. Guarded by p.mu.
func (p *Pool) unmark(e *entry) {
	if e.is(flagUnbroadcast) {
		e.set(flagUnbroadcast, false)
		p.unbroadcast--
	}
}
