package mempool

import (
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// fill puts n independent entries of usual size into a graph.
func fill(g *graph, n int) {
	for i := range n {
		t := pay(1_000_000, 1000, 2, wire.Outpoint{TxID: wire.Hash{byte(i), byte(i >> 8), byte(i >> 16), 9}})
		size := int64(t.VSize())
		g.add(&entry{tx: t, fee: int64(200 + i*7919%5000), size: size, weight: 4 * size, time: time.Unix(int64(i), 0)})
	}
}

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

func BenchmarkSnapshot40k(b *testing.B) {
	p := &Pool{graph: newGraph()}
	fill(p.graph, 40_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, es := p.Entries(); len(es) != 40_000 {
			b.Fatal("entries are missing")
		}
	}
}

func BenchmarkEvictWorst(b *testing.B) {
	g := newGraph()
	fill(g, 40_000)
	for b.Loop() {
		e := g.worst[0]
		g.remove(e)
		g.add(e)
	}
}
