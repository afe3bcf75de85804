package mining

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/work"
)

// hardSchedule asks for mainnet's first difficulty.
type hardSchedule struct{ work.Schedule }

func (hardSchedule) Next(work.Past, uint32) work.Bits { return 0x1b00ffff }

// TestPackages draws pools at random: what is selected is within limits, has each transaction once and
// after its parents, and is all of it when everything fits.
func TestPackages(t *testing.T) {
	p := regtest(t)
	s := consensus.GenesisState(p)
	rapid.Check(t, func(t *rapid.T) {
		es := drawPool(t)
		room := limits{weight: rapid.IntRange(0, 12_000).Draw(t, "weight"), sigops: rapid.IntRange(0, 100).Draw(t, "sigops")}
		a := &Assembler{minFee: 1}
		picked := a.selectPackages(&s, es, nil, room)
		seen := make(map[wire.Hash]bool)
		for _, x := range picked {
			for _, id := range parentIDs(es, x.tx.ID()) {
				if !seen[id] {
					t.Fatalf("%v comes before its parent", x.tx.ID())
				}
			}
			if seen[x.tx.ID()] {
				t.Fatalf("%v is taken twice", x.tx.ID())
			}
			seen[x.tx.ID()] = true
			room.weight -= x.tx.Weight()
			room.sigops -= x.sigops
		}
		if room.weight < 0 || room.sigops < 0 {
			t.Fatalf("over the limits by %+v", room)
		}
		all := a.selectPackages(&s, es, nil, limits{weight: 1 << 30, sigops: 1 << 30})
		if len(all) != len(es) {
			t.Fatalf("%d of %d taken though all fit", len(all), len(es))
		}
		for _, e := range es { // what fits by itself was not left out
			if !seen[e.Tx.ID()] && ready(e, seen) && e.Tx.Weight() <= room.weight && e.Sigops <= room.sigops {
				t.Fatalf("%v would still fit", e.Tx.ID())
			}
		}
	})
}

func ready(e mempool.Entry, seen map[wire.Hash]bool) bool {
	for _, id := range e.Parents {
		if !seen[id] {
			return false
		}
	}
	return true
}

func parentIDs(es []mempool.Entry, id wire.Hash) []wire.Hash {
	for i := range es {
		if es[i].Tx.ID() == id {
			return es[i].Parents
		}
	}
	return nil
}

// drawPool makes up to 20 entries that spend each other, with right sums.
func drawPool(t *rapid.T) []mempool.Entry {
	n := rapid.IntRange(0, 20).Draw(t, "entries")
	es := make([]mempool.Entry, n)
	above := make([]map[int]bool, n)
	for i := range es {
		tx := &wire.Tx{Version: 2, Outs: []wire.Out{{Value: int64(i)}}}
		above[i] = map[int]bool{i: true}
		for j := range i {
			if rapid.IntRange(0, 5).Draw(t, "spends") == 0 {
				tx.Ins = append(tx.Ins, wire.In{Prev: es[j].Tx.Outpoint(0)})
				es[i].Parents = append(es[i].Parents, es[j].Tx.ID())
				for k := range above[j] {
					above[i][k] = true
				}
			}
		}
		if len(tx.Ins) == 0 {
			tx.Ins = []wire.In{{Prev: wire.Outpoint{TxID: wire.Hash{byte(i), 1}}}}
		}
		es[i].Tx, es[i].Sequence = tx.Seal(), uint64(i+1)
		es[i].Size, es[i].Fee = tx.VSize(), rapid.Int64Range(1000, 20_000).Draw(t, "fee")
		es[i].Sigops = rapid.IntRange(0, 9).Draw(t, "sigops")
		es[i].DescendantCount = 2 // or more, or it does not matter
		for k := range above[i] {
			es[i].AncestorCount++
			es[i].AncestorSize += int64(es[k].Size)
			es[i].AncestorFees += es[k].Fee
		}
	}
	return es
}

// benchPool has n entries, a third of them with a parent.
func benchPool(n int) []mempool.Entry {
	es := make([]mempool.Entry, n)
	for i := range es {
		e := &es[i]
		op := wire.Outpoint{TxID: wire.Hash{byte(i), byte(i >> 8), byte(i >> 16), 9}}
		e.AncestorCount, e.DescendantCount = 1, 1
		if i%3 == 1 {
			op = es[i-1].Tx.Outpoint(0)
			e.Parents = []wire.Hash{es[i-1].Tx.ID()}
			e.AncestorCount, es[i-1].DescendantCount = 2, 2
		}
		e.Tx = pay(1_000_000, 1000, 2, op)
		e.Fee, e.Size, e.Sequence = int64(200+i*7919%5000), e.Tx.VSize(), uint64(i+1)
		e.AncestorFees, e.AncestorSize = e.Fee, int64(e.Size)
		if i%3 == 1 {
			e.AncestorFees += es[i-1].Fee
			e.AncestorSize += int64(es[i-1].Size)
		}
	}
	return es
}

func BenchmarkSelect40k(b *testing.B) {
	s := consensus.GenesisState(regtest(b))
	es, a := benchPool(40_000), &Assembler{minFee: 1}
	for b.Loop() {
		a.selectPackages(&s, es, nil, limits{weight: consensus.MaxWeight - minReserve, sigops: consensus.MaxSigopCost - reserveSigops})
	}
}
