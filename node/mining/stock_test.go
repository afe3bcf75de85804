package mining

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// TestMadeAheadIsBuiltAnew has payments come, alone and on top of others, some
// for more, some taken into blocks: each template of what was made ahead is the one that is made
// of nothing, to the byte that it is shown by.
func TestMadeAheadIsBuiltAnew(t *testing.T) {
	g := newGround(t, regtest(t), 60)
	k, clock := g.keep()
	made := make(map[wire.Hash]int)
	k.stock.show = func(tx *wire.Tx) []byte { made[tx.ID()]++; return tx.Append(nil) }
	random := rand.New(rand.NewPCG(7, 0))
	var loose []*wire.Tx // that nothing spends
	for round := range 60 {
		for range random.IntN(4) {
			fee := int64(500 + random.IntN(50_000))
			if n := len(loose); n > 0 && random.IntN(2) == 0 {
				at := random.IntN(n)
				parent := loose[at]
				loose = slices.Delete(loose, at, at+1)
				loose = append(loose, g.add(pay(parent.Outs[0].Value, fee, 1, parent.Outpoint(0))))
			} else if round < 50 {
				loose = append(loose, g.add(pay(coinValue, fee, 1, g.take())))
			}
		}
		clock.Add(10)
		got := g.latest(k)
		want, err := g.a.Build(t.Context(), anyone, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if ids := want.Block.TxIDs(); !slices.Equal(got.Block.TxIDs()[1:], ids[1:]) || !slices.Equal(got.Fees, want.Fees) ||
			!slices.Equal(got.Sigops, want.Sigops) || got.Weight != want.Weight || got.Block.Header.Parent != want.Block.Header.Parent {
			t.Fatalf("round %d: templates differ", round)
		}
		for i, tx := range got.Block.Txs[1:] {
			if !slices.Equal(got.shown[i], tx.Append(nil)) || !slices.Equal(got.shown[i], want.Block.Txs[i+1].Append(nil)) {
				t.Fatalf("round %d: transaction %d is shown as another", round, i+1)
			}
		}
		k.stockUp(t.Context(), got)
		if random.IntN(3) == 0 {
			g.finish(got.Template)
			loose = slices.DeleteFunc(loose, func(tx *wire.Tx) bool { return index(got.Block, tx) >= 0 })
		}
	}
	for id, n := range made {
		if n != 1 {
			t.Errorf("the part of %v was made %d times", id, n)
		}
	}
}

// TestStockHasTheNextBlock fills blocks: what the template after the present one needs is there before the
// tip moves, and what no template needs is let go.
func TestStockHasTheNextBlock(t *testing.T) {
	g := newGround(t, regtest(t), 30)
	k, _ := g.keep()
	a, err := New(Config{Chain: g.chain, Pool: g.pool, MaxWeight: minReserve + 3000})
	if err != nil {
		t.Fatal(err)
	}
	k.a = a
	made := 0
	k.stock.show = func(*wire.Tx) []byte { made++; return nil }
	for i := range 30 {
		g.add(pay(coinValue, int64(1000+i), 1, g.take()))
	}
	for range 3 {
		r := g.latest(k)
		k.stockUp(t.Context(), r)
		if n := len(k.stock.parts); n < len(r.Block.Txs)-1 || n > 30 {
			t.Errorf("%d parts are kept", n)
		}
		g.finish(r.Template)
		before := made
		next := g.latest(k)
		if len(next.Block.Txs) < 2 || made != before {
			t.Errorf("%d parts of %d were made after the tip moved", made-before, len(next.Block.Txs)-1)
		}
	}
	k.drop(k.held.Load())
	if len(k.stock.parts) > 0 || k.held.Load() != nil {
		t.Error("what nobody wants is kept")
	}
}
