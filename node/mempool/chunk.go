package mempool

import "github.com/quernnet/quern/consensus/wire"

// Waiting is a transaction that waits, as block building sees it.
type Waiting struct {
	*Packed
	Fee      int64 // satoshis that it pays
	Modified int64 // satoshis, with what Prioritise added
	Weight   int   // weight units, as by BIP141
	Sigops   int   // cost
	Size     int   // virtual bytes, sigop-adjusted
	Timed    bool  // it has a lock, or spends a coinbase
}

// Chunk is transactions that are mined together or not at all, since the later ones
// pay for the earlier.
type Chunk struct {
	Fee    int64     // satoshis, as modified
	Weight int64     // weight units, sigop-adjusted
	Txs    []Waiting // what spends comes after what it spends
}

// Choice is what is done with a chunk.
type Choice int

// Choices of those who build blocks.
const (
	Take  Choice = iota // it is in the block
	Leave               // it is not, nor can be what follows of its cluster, which may depend on it
	Stop                // no more is wanted
)

// Best offers the chunks, best first, until choose says Stop. A cluster's chunks come
// in an order that can be mined. It returns the block that the pool builds on and the
// number of its newest event; the zero id while a reorganisation has left some of it in doubt.
//
// choose runs with the pool locked: it must be quick and not call the pool. The
// chunk and its slices are valid only during the call, what Packed points to
// for ever.
func (p *Pool) Best(choose func(*Chunk) Choice) (tip wire.Hash, sequence uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var c Chunk
	var left map[*cluster]bool
	for head := range p.graph.order.all {
		if head.cluster != nil && left[head.cluster] {
			continue
		}
		c.Fee, c.Weight, c.Txs = head.chunkFee, int64(head.chunkSize), c.Txs[:0]
		if head.cluster == nil {
			c.Txs = append(c.Txs, head.waiting())
		} else {
			for _, e := range head.chunk() {
				c.Txs = append(c.Txs, e.waiting())
			}
		}
		switch choose(&c) {
		case Stop:
			return p.tip(), p.events.last
		case Leave:
			if head.cluster != nil {
				if left == nil {
					left = make(map[*cluster]bool)
				}
				left[head.cluster] = true
			}
		}
	}
	return p.tip(), p.events.last
}

func (e *entry) waiting() Waiting {
	return Waiting{
		Packed: &e.Packed, Fee: e.fee, Modified: e.modified, Weight: int(e.plainWeight), Sigops: int(e.sigops),
		Size: int(e.vsize()), Timed: e.is(flagTimed),
	}
}

// ClusterChunk is a chunk of one cluster.
type ClusterChunk struct {
	Fee    int64 // satoshis, as modified
	Weight int64 // weight units, sigop-adjusted
	IDs    []wire.Hash
}

// Cluster lists the chunks of the cluster that a transaction waits in, in mining order.
func (p *Pool) Cluster(id wire.Hash) ([]ClusterChunk, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.get(id)
	if e == nil {
		return nil, false
	}
	var out []ClusterChunk
	for _, o := range e.members() {
		if o.chunkLen > 0 {
			out = append(out, ClusterChunk{Fee: o.chunkFee, Weight: int64(o.chunkSize), IDs: ids(o.chunk())})
		}
	}
	return out, true
}

// Point is one of a feerate diagram: the fee, in satoshis as modified, that can be had
// for a weight, sigop-adjusted.
type Point struct{ Fee, Weight int64 }

// Diagram is the whole pool's feerate diagram, from nothing to all.
func (p *Pool) Diagram() []Point {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := Point{}
	out := append(make([]Point, 0, p.graph.order.n+1), at)
	for head := range p.graph.order.all {
		at.Fee += head.chunkFee
		at.Weight += int64(head.chunkSize)
		out = append(out, at)
	}
	return out
}
