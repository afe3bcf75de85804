package mempool

import (
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// Event is one change of the pool, in order. Sequence numbers increase by one.
type Event struct {
	Sequence uint64
	Added    *wire.Tx // or
	Private  bool     // of an addition: it is not to be told to the swarm yet
	Released *wire.Tx // a private one that may be told now, or
	Removed  wire.Hash
	Reason   string // of a removal: "block", "conflict", "replaced", "expired", "evicted", "reorg"

	Height uint32    // of the block that the pool was at; of a removal by a block, of that block
	Block  wire.Hash // of a removal by a block, that block
	// Of an addition.
	Fee, Size int64 // satoshis, virtual bytes (sigop-adjusted)
	Reverted  bool  // it came from a block that a reorganisation reverted
	Alone     bool  // it spends nothing that waits, and came neither in a package nor from a reverted block
}

// Bounds of the events that are kept.
const (
	maxEvents     = 16384
	maxEventBytes = 32 << 20 // of transactions
)

// record is an event as it is kept: of what it adds or releases it has the bytes.
type record struct {
	e                 *entry // added or released; nil: removed
	id, block         wire.Hash
	reason            string
	height            uint32
	private, released bool
	reverted, alone   bool
}

// eventLog keeps the newest events: rs[0] has the number last-len(rs)+1.
type eventLog struct {
	rs    []record
	last  uint64
	bytes int
}

func (l *eventLog) push(r record) {
	l.last++
	l.rs = append(l.rs, r)
	l.bytes += r.size()
	for len(l.rs) > maxEvents || l.bytes > maxEventBytes {
		l.bytes -= l.rs[0].size()
		l.rs[0] = record{}
		l.rs = l.rs[1:]
	}
}

func (r *record) size() int {
	if r.e == nil {
		return 0
	}
	return len(r.e.raw)
}

// since lists the records after seq.
func (l *eventLog) since(seq uint64) ([]record, bool) {
	if seq > l.last || l.last-seq > uint64(len(l.rs)) {
		return nil, false
	}
	return slices.Clone(l.rs[len(l.rs)-int(l.last-seq):]), true
}

// event is r with a number.
func (r *record) event(seq uint64) Event {
	ev := Event{Sequence: seq, Removed: r.id, Reason: r.reason, Height: r.height, Block: r.block}
	switch {
	case r.e == nil:
	case r.released:
		ev.Released = r.e.Decode()
	default:
		ev.Added, ev.Private, ev.Alone = r.e.Decode(), r.private, r.alone
		ev.Reverted = r.reverted
		ev.Fee, ev.Size = r.e.fee, r.e.vsize()
	}
	return ev
}

// EventsSince returns the events after a sequence number, oldest first; ok is
// false when some are no longer kept (take Entries instead).
func (p *Pool) EventsSince(seq uint64) (es []Event, ok bool) {
	p.mu.Lock()
	rs, ok := p.events.since(seq)
	p.mu.Unlock()
	es = make([]Event, len(rs))
	for i := range rs {
		es[i] = rs[i].event(seq + 1 + uint64(i))
	}
	return es, ok
}
