package mempool

import (
	"runtime"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// TestUsageAgreesWithHeap compares what is reckoned with what the heap grows by:
// the limit of memory means something.
func TestUsageAgreesWithHeap(t *testing.T) {
	for name, chained := range map[string]int{"alone": 1, "in clusters of 5": 5} {
		t.Run(name, func(t *testing.T) {
			before := heapInUse()
			g := newGraph(usual)
			var last *wire.Tx
			for i := range 30_000 {
				op := wire.Outpoint{TxID: wire.Hash{byte(i), byte(i >> 8), byte(i >> 16), 9}}
				if i%chained > 0 {
					op = last.Outpoint(0)
				}
				last = pay(1_000_000, 1000, 1+i%5, op)
				fee := int64(200 + i*7919%5000)
				e := &entry{Packed: pack(last), fee: fee, modified: fee, weight: int32(last.Weight()), time: int64(i)}
				g.apply(g.plan([]addition{{e: e, parents: g.parentsOf(last)}}, nil))
			}
			grown := heapInUse() - before
			if off := float64(g.usage())/float64(grown) - 1; off < -0.15 || off > 0.15 {
				t.Errorf("%d bytes are reckoned, the heap grew by %d: %+.0f %%", g.usage(), grown, 100*off)
			}
			t.Logf("%d bytes are reckoned, the heap grew by %d; %d a transaction", g.usage(), grown, grown/30_000)
			runtime.KeepAlive(g)
		})
	}
}

// A bound of 5 MB holds the 73 transactions of some 66 kB that it holds in Bitcoin Core, and no 76.
func TestUsageOfLongTransactions(t *testing.T) {
	g := newGraph(usual)
	for i := range 76 {
		tx := &wire.Tx{
			Version: 2,
			Ins:     []wire.In{{Prev: wire.Outpoint{TxID: wire.Hash{byte(i), 9}}, Witness: [][]byte{{0x51}, make([]byte, 33)}}},
			Outs:    []wire.Out{{Value: 1000, Script: make([]byte, 34)}, {Script: make([]byte, 67_443)}},
		}
		tx.Seal()
		e := &entry{Packed: pack(tx), fee: 1000, modified: 1000, weight: int32(tx.Weight()), time: int64(i)}
		g.apply(g.plan([]addition{{e: e}}, nil))
		if n := g.len(); n == 73 && g.usage() > 5_000_000 || n == 76 && g.usage() <= 5_000_000 {
			t.Errorf("%d transactions of %d bytes are reckoned as %d", n, tx.Size(), g.usage())
		}
	}
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
