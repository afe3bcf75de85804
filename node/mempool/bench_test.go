package mempool

import (
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// fill puts n independent entries of usual size into a graph.
func fill(g *graph, n int) {
	for i := range n {
		in := wire.Outpoint{TxID: wire.Hash{byte(i), byte(i >> 8), byte(i >> 16), 9}}
		t := pay(1_000_000, 1000, 2, in, wire.Outpoint{TxID: in.TxID, Index: 1})
		fee := int64(200 + i*7919%5000)
		e := &entry{Packed: pack(t), fee: fee, modified: fee, weight: int32(t.Weight()), time: int64(i)}
		g.apply(g.plan([]addition{{e: e}}, nil))
	}
}

var usual = limits{count: maxCluster, weight: 404_000}

// BenchmarkAdd judges and keeps payments that need no signature: policy,
// coins and bookkeeping, without the cost of the curve.
func BenchmarkAdd(b *testing.B) {
	g := newGround(b, 1, nil)
	root := pay(coinValue, 1_000_000, 2000, g.take())
	g.mine(g.chain.Tip(), root)
	txs := make([]*wire.Tx, len(root.Outs))
	for i := range txs {
		txs[i] = pay(root.Outs[i].Value, 1000, 2, root.Outpoint(i))
	}
	n := 0
	for b.Loop() {
		if n%len(txs) == 0 {
			b.StopTimer()
			var err error
			if g.pool, err = New(Config{Chain: g.chain}); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		g.add(txs[n%len(txs)])
		n++
	}
}

func BenchmarkBest100k(b *testing.B) {
	p := &Pool{graph: newGraph(usual)}
	fill(p.graph, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		weight := int64(0)
		p.Best(func(c *Chunk) Choice {
			if weight += c.Weight; weight > 4_000_000 {
				return Stop
			}
			return Take
		})
	}
}

func BenchmarkEvictWorst(b *testing.B) {
	g := newGraph(usual)
	fill(g, 40_000)
	for b.Loop() {
		e := g.order.worst()
		g.remove(e)
		g.apply(g.plan([]addition{{e: e}}, nil))
	}
}

// BenchmarkMine4k takes a block's worth out of 100,000, and puts it back without being timed.
func BenchmarkMine4k(b *testing.B) {
	g := newGraph(usual)
	fill(g, 100_000)
	for b.Loop() {
		var es []*entry
		for e := range g.order.all {
			if es = append(es, e); len(es) == 4000 {
				break
			}
		}
		g.remove(es...)
		b.StopTimer()
		for _, e := range es {
			g.apply(g.plan([]addition{{e: e}}, nil))
		}
		b.StartTimer()
	}
}
