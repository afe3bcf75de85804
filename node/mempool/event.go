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
	Alone     bool  // it spends nothing that waits, and came neither in a package nor from a reverted block
}

// Bounds of the events that are kept.
const (
	maxEvents     = 16384
	maxEventBytes = 32 << 20 // of transactions
)

// eventLog keeps the newest events: es[0] has the number last-len(es)+1.
type eventLog struct {
	es    []Event
	last  uint64
	bytes int
}

func (l *eventLog) push(e Event) {
	l.last++
	e.Sequence = l.last
	l.es = append(l.es, e)
	l.bytes += e.size()
	for len(l.es) > maxEvents || l.bytes > maxEventBytes {
		l.bytes -= l.es[0].size()
		l.es[0] = Event{}
		l.es = l.es[1:]
	}
}

func (e *Event) size() int {
	switch {
	case e.Added != nil:
		return e.Added.Size()
	case e.Released != nil:
		return e.Released.Size()
	}
	return 0
}

// since lists the events after seq.
func (l *eventLog) since(seq uint64) ([]Event, bool) {
	if seq > l.last || l.last-seq > uint64(len(l.es)) {
		return nil, false
	}
	return append([]Event(nil), l.es[len(l.es)-int(l.last-seq):]...), true
}
