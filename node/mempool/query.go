package mempool

import (
	"slices"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Entry is a waiting transaction, a snapshot.
type Entry struct {
	Tx        *wire.Tx // nil where only the numbers are asked for
	ID        wire.Hash
	WitnessID wire.Hash
	Fee       int64 // satoshis
	Modified  int64 // satoshis, with what Prioritise added
	Size      int   // virtual bytes, sigop-adjusted as Core's
	Weight    int   // weight units, as by BIP141
	Sigops    int   // cost
	Time      time.Time
	Height    uint32      // of the tip when it entered
	Sequence  uint64      // order of entry, starting at 1
	Parents   []wire.Hash // in the pool, direct
	Children  []wire.Hash

	// Itself included; fees as modified.
	AncestorCount, DescendantCount int
	AncestorSize, DescendantSize   int64
	AncestorFees, DescendantFees   int64
	AncestorSigops                 int

	ChunkFee    int64 // satoshis, of the chunk that it is mined with
	ChunkWeight int64 // weight units, sigop-adjusted
	Unbroadcast bool  // our user's own, and nobody is known to have it
}

// summary is e without its transaction.
func (e *entry) summary() Entry {
	head := e.head()
	out := Entry{
		ID: e.id, WitnessID: e.wid, Fee: e.fee, Modified: e.modified,
		Size: int(e.vsize()), Weight: int(e.plainWeight), Sigops: int(e.sigops),
		Time: time.Unix(e.time, 0), Height: e.height, Sequence: e.seq,
		Parents: ids(e.parents()), Children: sortedIDs(e.children()),
		ChunkFee: head.chunkFee, ChunkWeight: int64(head.chunkSize), Unbroadcast: e.is(flagUnbroadcast),
	}
	for _, a := range e.ancestors() {
		out.AncestorCount++
		out.AncestorSize += a.vsize()
		out.AncestorFees += a.modified
		out.AncestorSigops += int(a.sigops)
	}
	for _, d := range e.descendants() {
		out.DescendantCount++
		out.DescendantSize += d.vsize()
		out.DescendantFees += d.modified
	}
	return out
}

// sortedIDs are ids in the order that Core shows children in.
func sortedIDs(es []*entry) []wire.Hash {
	out := ids(es)
	slices.SortFunc(out, compareIDs)
	return out
}

func (e *entry) view() Entry {
	out := e.summary()
	if len(e.raw) > 0 {
		out.Tx = e.Decode()
	}
	return out
}

func ids(es []*entry) []wire.Hash {
	if len(es) == 0 {
		return nil
	}
	out := make([]wire.Hash, len(es))
	for i, e := range es {
		out[i] = e.id
	}
	return out
}

// Get looks a transaction up by id.
func (p *Pool) Get(id wire.Hash) (Entry, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.get(id)
	if e == nil {
		return Entry{}, false
	}
	return e.view(), true
}

// Has says whether a transaction waits, and with which id with witness.
func (p *Pool) Has(id wire.Hash) (witnessID wire.Hash, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.get(id)
	if e == nil {
		return wire.Hash{}, false
	}
	return e.wid, true
}

// GetWitness looks a transaction up by its id with witness.
func (p *Pool) GetWitness(wid wire.Hash) (*wire.Tx, bool) {
	p.mu.Lock()
	e := p.graph.getWitness(wid)
	p.mu.Unlock()
	if e == nil {
		return nil, false
	}
	return e.Decode(), true
}

// Spender returns the waiting transaction that spends op.
func (p *Pool) Spender(op wire.Outpoint) (wire.Hash, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.spender(op)
	if e == nil {
		return wire.Hash{}, false
	}
	return e.id, true
}

// Entries is a consistent snapshot, in order of entry, with the block it builds on:
// none, the zero id, while a reorganisation has left some of it in doubt.
// A transaction that came back from a reverted block may follow its children.
func (p *Pool) Entries() (tip wire.Hash, es []Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	es = make([]Entry, 0, p.graph.len())
	for _, e := range p.graph.entries() {
		es = append(es, e.view())
	}
	return p.tip(), es
}

// tip is the block that the graph builds on, if that is certain. Guarded by p.mu.
func (p *Pool) tip() wire.Hash {
	if p.back.some || p.back.all {
		return wire.Hash{}
	}
	return p.at
}

// Summaries lists the entries without their transactions, in mining order, parents first. The number is that
// of the newest event.
func (p *Pool) Summaries() (es []Entry, sequence uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	es = make([]Entry, 0, p.graph.len())
	for head := range p.graph.order.all {
		for _, e := range head.chunk() {
			es = append(es, e.summary())
		}
	}
	return es, p.events.last
}

// IDs lists the ids in mining order, parents first.
func (p *Pool) IDs() []wire.Hash {
	out, _ := p.SequencedIDs()
	return out
}

// SequencedIDs is IDs with the number of the newest event.
func (p *Pool) SequencedIDs() (out []wire.Hash, sequence uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out = make([]wire.Hash, 0, p.graph.len())
	for head := range p.graph.order.all {
		for _, e := range head.chunk() {
			out = append(out, e.id)
		}
	}
	return out, p.events.last
}

// Ancestors lists what a waiting transaction depends on, without the transactions, by id.
func (p *Pool) Ancestors(id wire.Hash) ([]Entry, bool) { return p.related(id, (*entry).ancestors) }

// Descendants lists what depends on a waiting transaction, without the transactions, by id.
func (p *Pool) Descendants(id wire.Hash) ([]Entry, bool) { return p.related(id, (*entry).descendants) }

func (p *Pool) related(id wire.Hash, list func(*entry) []*entry) ([]Entry, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.get(id)
	if e == nil {
		return nil, false
	}
	var out []Entry
	for _, o := range list(e) {
		if o != e {
			out = append(out, o.summary())
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return compareIDs(a.ID, b.ID) })
	return out, true
}

// Changed returns a channel that is closed at the next change.
func (p *Pool) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// Stats sums the pool up.
type Stats struct {
	Count       int
	VSize       int64 // virtual bytes
	Usage       int64 // bytes of memory, reckoned
	Fees        int64 // satoshis
	MaxUsage    int64
	MinFee      int64 // satoshis per 1000 vB needed now: the floor or what eviction raised it to
	Rolling     int64 // satoshis per 1000 vB: what eviction alone asks for, 0 for nothing
	Floor       int64 // satoshis per 1000 vB, configured
	Increment   int64
	DustRate    int64 // satoshis per 1000 vB by which outputs are dust; 0: none is
	Orphans     int
	Unbroadcast int
	Sequence    uint64 // of the newest event
	Height      uint32 // of the block that it is at
	Loaded      bool   // the file was read, or there is none
	Optimal     bool   // no order of any cluster is better

	BareMultisig bool
	DataCarrier  int // bytes
	ClusterCount int // transactions
	ClusterSize  int // virtual bytes
}

// Stats returns the sums.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	usage := p.usage()
	rolling := p.rolling.rate(p.now(), usage)
	return Stats{
		Count: p.graph.len(), VSize: p.graph.vsize, Usage: usage, Fees: p.graph.fees,
		MaxUsage: p.maxSize, MinFee: max(p.floor, rolling), Rolling: rolling,
		Floor: p.floor, Increment: p.increment, DustRate: p.policy.dustRate,
		Orphans: p.orphans.len(), Unbroadcast: p.unbroadcast, Sequence: p.events.last, Height: p.height, Loaded: p.loaded,
		Optimal: p.graph.rough == 0, BareMultisig: p.policy.bareMultisig, DataCarrier: max(0, p.policy.dataCarrier),
		ClusterCount: p.graph.size.count, ClusterSize: int(p.graph.size.weight / consensus.WitnessScale),
	}
}

// Connects tells whether a transaction of such a weight, in weight units, may join the
// clusters of what waits and is spent: they become one, which has bounds. It looks at nothing else.
func (p *Pool) Connects(t *wire.Tx, weight int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	count, joined := 1, make(map[*entry]bool)
	for _, parent := range p.graph.parentsOf(t) {
		for _, e := range parent.members() {
			if !joined[e] {
				joined[e] = true
				count++
				weight += int64(e.weight)
			}
		}
	}
	return count <= p.graph.size.count && weight <= p.graph.size.weight
}
