package mining

import (
	"cmp"
	"slices"
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
		room := limits{weight: rapid.IntRange(0, 6_000).Draw(t, "weight"), sigops: rapid.IntRange(0, 100).Draw(t, "sigops")}
		full, a := room, &Assembler{minFee: 1}
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
		all := a.selectPackages(&s, es, nil, unlimited)
		if len(all) != len(es) {
			t.Fatalf("%d of %d taken though all fit", len(all), len(es))
		}
		if want := naive(es, full); !slices.Equal(want, idsOf(picked)) {
			t.Fatalf("picked %v, want %v", idsOf(picked), want)
		}
		if want := naive(es, unlimited); !slices.Equal(want, idsOf(all)) {
			t.Fatalf("of all, picked %v, want %v", idsOf(all), want)
		}
	})
}

var unlimited = limits{weight: 1 << 30, sigops: 1 << 30}

func idsOf(ps []pick) (ids []wire.Hash) {
	for i := range ps {
		ids = append(ids, ps[i].tx.ID())
	}
	return ids
}

func parentIDs(es []mempool.Entry, id wire.Hash) []wire.Hash {
	for i := range es {
		if es[i].Tx.ID() == id {
			return es[i].Parents
		}
	}
	return nil
}

// naive reckons every package afresh in each round, and takes the one with the highest score that fits.
func naive(es []mempool.Entry, room limits) (ids []wire.Hash) {
	taken := make(map[wire.Hash]bool)
	for {
		var best []mempool.Entry
		var bestFee, bestSize int64
		for i := range es {
			if taken[es[i].Tx.ID()] {
				continue
			}
			pack := missingAncestors(es, i, taken)
			left, fee, size := room, int64(0), int64(0)
			for _, e := range pack {
				left.weight -= e.Tx.Weight()
				left.sigops -= e.Sigops
				fee, size = fee+e.Fee, size+int64(e.Size)
			}
			if left.weight < 0 || left.sigops < 0 {
				continue
			}
			if own := es[i]; own.Fee*size < fee*int64(own.Size) {
				fee, size = own.Fee, int64(own.Size)
			}
			better := fee*bestSize > bestFee*size
			if same := fee*bestSize == bestFee*size; same && best != nil {
				better = es[i].Sequence < sequenceOf(best)
			}
			if best == nil || better {
				best, bestFee, bestSize = append(pack, es[i]), fee, size
			}
		}
		if best == nil {
			return ids
		}
		for _, e := range best[:len(best)-1] { // the last says whose package it is
			taken[e.Tx.ID()] = true
			ids = append(ids, e.Tx.ID())
			room.weight -= e.Tx.Weight()
			room.sigops -= e.Sigops
		}
	}
}

func sequenceOf(best []mempool.Entry) uint64 { return best[len(best)-1].Sequence }

// missingAncestors lists entry i and what it depends on that is not taken, by number of ancestors.
func missingAncestors(es []mempool.Entry, i int, taken map[wire.Hash]bool) (pack []mempool.Entry) {
	want := map[wire.Hash]bool{es[i].Tx.ID(): true}
	for grown := true; grown; {
		grown = false
		for _, e := range es {
			for _, id := range e.Parents {
				if want[e.Tx.ID()] && !want[id] && !taken[id] {
					want[id], grown = true, true
				}
			}
		}
	}
	for _, e := range es {
		if want[e.Tx.ID()] {
			pack = append(pack, e)
		}
	}
	slices.SortFunc(pack, func(a, b mempool.Entry) int {
		return cmp.Or(cmp.Compare(a.AncestorCount, b.AncestorCount), cmp.Compare(a.Sequence, b.Sequence))
	})
	return pack
}

// drawPool makes up to 20 entries that spend each other, with right sums. A parent may have come later than
// its child, as after a reorganisation.
func drawPool(t *rapid.T) []mempool.Entry {
	n := rapid.IntRange(0, 20).Draw(t, "entries")
	order := make([]uint64, n)
	for i := range order {
		order[i] = uint64(i + 1)
	}
	order = rapid.Permutation(order).Draw(t, "order")
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
		es[i].Tx, es[i].Sequence = tx.Seal(), order[i]
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
