package mempool

import "github.com/quernnet/quern/consensus/wire"

// Bounds of transactions that are kept only because a block may have them
// (Core keeps 100, its -blockreconstructionextratxn).
const (
	maxDisplaced      = 1000
	maxDisplacedBytes = 8 << 20
	maxRefused        = 100
	maxRefusedBytes   = 1 << 20
)

// keepsake remembers the newest of some transactions.
type keepsake struct {
	count, bytes int // bounds
	txs          []*Packed
	size         int
}

func (k *keepsake) put(t *Packed) {
	k.txs = append(k.txs, t)
	k.size += len(t.raw)
	for len(k.txs) > k.count || k.size > k.bytes {
		k.size -= len(k.txs[0].raw)
		k.txs[0] = nil
		k.txs = k.txs[1:]
	}
}

// Candidates lists every transaction at hand that a block may have: those that
// wait, orphans, and some that were lately replaced, evicted, reverted or
// refused by policy, which other miners need not share. A transaction may be listed twice.
func (p *Pool) Candidates() []*Packed {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.graph.len() + p.orphans.len() + len(p.displaced.txs) + len(p.refused.txs)
	ts := make([]*Packed, 0, n)
	for e := range p.graph.byID.all {
		ts = append(ts, &e.Packed)
	}
	for _, o := range p.orphans.order {
		ts = append(ts, &o.Packed)
	}
	ts = append(ts, p.displaced.txs...)
	return append(ts, p.refused.txs...)
}

// remember keeps t, which policy refused and some miner may not.
func (p *Pool) remember(t *wire.Tx) {
	k := Pack(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused.put(k)
}
