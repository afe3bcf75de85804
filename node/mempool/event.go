package mempool

import "github.com/quernnet/quern/consensus/wire"

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

// eventLog keeps the newest events in a ring, which grows to maxEvents: a block takes out thousands of
// transactions, and nothing should have to be moved for that.
//
// Invariants: the ring has a power of two of places, n of them filled from first on; the oldest has the number
// last-n+1.
type eventLog struct {
	ring     []record
	first, n int
	last     uint64
	bytes    int
}

const smallestLog = 64 // events; maxEvents is a multiple by a power of two

func (l *eventLog) push(r record) {
	if l.n == len(l.ring) && l.n < maxEvents {
		l.ring, l.first = append(l.newest(l.n), make([]record, max(smallestLog, l.n))...), 0
	}
	if l.n == maxEvents {
		l.forget()
	}
	*l.place(l.n) = r
	l.n++
	l.last++
	for l.bytes += r.size(); l.bytes > maxEventBytes; {
		l.forget()
	}
}

// place is where the event is that comes so many after the oldest.
func (l *eventLog) place(i int) *record { return &l.ring[(l.first+i)&(len(l.ring)-1)] }

// forget drops the oldest event.
func (l *eventLog) forget() {
	oldest := l.place(0)
	l.bytes -= oldest.size()
	*oldest = record{}
	l.first, l.n = (l.first+1)&(len(l.ring)-1), l.n-1
}

// newest copies the last k events, oldest first.
func (l *eventLog) newest(k int) []record {
	out := make([]record, k)
	for i := range out {
		out[i] = *l.place(l.n - k + i)
	}
	return out
}

func (r *record) size() int {
	if r.e == nil {
		return 0
	}
	return len(r.e.raw)
}

// since lists the records after seq.
func (l *eventLog) since(seq uint64) ([]record, bool) {
	if seq > l.last || l.last-seq > uint64(l.n) {
		return nil, false
	}
	return l.newest(int(l.last - seq)), true
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
