package mempool

import (
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// Entry is a waiting transaction, a snapshot.
type Entry struct {
	Tx       *wire.Tx
	Fee      int64 // satoshis
	Size     int   // virtual bytes, sigop-adjusted as Core's
	Sigops   int   // cost
	Time     time.Time
	Height   uint32      // of the tip when it entered
	Sequence uint64      // order of entry, starting at 1
	Parents  []wire.Hash // in the pool, direct
	Children []wire.Hash

	AncestorCount, DescendantCount int // itself included
	AncestorSize, DescendantSize   int64
	AncestorFees, DescendantFees   int64
	AncestorSigops                 int
}

func (e *entry) view() Entry {
	return Entry{
		Tx: e.tx, Fee: e.fee, Size: int(e.size), Sigops: e.sigops,
		Time: e.time, Height: e.height, Sequence: e.seq,
		Parents: ids(e.parents), Children: ids(e.children),
		AncestorCount: e.anc.count, DescendantCount: e.desc.count,
		AncestorSize: e.anc.size, DescendantSize: e.desc.size,
		AncestorFees: e.anc.fees, DescendantFees: e.desc.fees,
		AncestorSigops: e.anc.sigops,
	}
}

func ids(es []*entry) []wire.Hash {
	if len(es) == 0 {
		return nil
	}
	out := make([]wire.Hash, len(es))
	for i, e := range es {
		out[i] = e.tx.ID()
	}
	return out
}

// Get looks a transaction up by id.
func (p *Pool) Get(id wire.Hash) (Entry, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.byID[id]
	if e == nil {
		return Entry{}, false
	}
	return e.view(), true
}

// GetWitness looks a transaction up by its id with witness.
func (p *Pool) GetWitness(wid wire.Hash) (*wire.Tx, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.byWitness[wid]
	if e == nil {
		return nil, false
	}
	return e.tx, true
}

// Spender returns the waiting transaction that spends op.
func (p *Pool) Spender(op wire.Outpoint) (wire.Hash, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.spent[op]
	if e == nil {
		return wire.Hash{}, false
	}
	return e.tx.ID(), true
}

// Entries is a consistent snapshot, in order of entry, with the block it builds on:
// none, the zero id, while a reorganisation has left some of it in doubt.
// A transaction that came back from a reverted block may follow its children.
func (p *Pool) Entries() (tip wire.Hash, es []Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	es = make([]Entry, 0, p.graph.len())
	for e := p.graph.first; e != nil; e = e.next {
		es = append(es, e.view())
	}
	if p.back.some || p.back.all {
		return wire.Hash{}, es
	}
	return p.at, es
}

// IDs lists the ids, in order of entry.
func (p *Pool) IDs() []wire.Hash {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]wire.Hash, 0, p.graph.len())
	for e := p.graph.first; e != nil; e = e.next {
		out = append(out, e.tx.ID())
	}
	return out
}

// Changed returns a channel that is closed at the next change.
func (p *Pool) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// EventsSince returns the events after a sequence number, oldest first; ok is
// false when some are no longer kept (take Entries instead).
func (p *Pool) EventsSince(seq uint64) (es []Event, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.events.since(seq)
}

// Stats sums the pool up.
type Stats struct {
	Count     int
	VSize     int64 // virtual bytes
	Usage     int64 // bytes of memory, reckoned
	Fees      int64 // satoshis
	MaxUsage  int64
	MinFee    int64 // satoshis per 1000 vB needed now: the floor or what eviction raised it to
	Floor     int64 // satoshis per 1000 vB, configured
	Increment int64
	Orphans   int
	Sequence  uint64 // of the newest event
	Loaded    bool   // the file was read, or there is none
	Height    uint32 // of the block that the pool is at
}

// Stats returns the sums.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{
		Count: p.graph.len(), VSize: p.graph.vsize, Usage: p.graph.usage, Fees: p.graph.fees,
		MaxUsage: p.maxSize, MinFee: max(p.floor, p.rolling.rate(p.now(), p.graph.usage)),
		Floor: p.floor, Increment: p.increment,
		Orphans: p.orphans.len(), Sequence: p.events.last, Loaded: p.loaded, Height: p.height,
	}
}
