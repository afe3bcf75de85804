package wallet

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// recount sums up what the coin set holds for the wallet's scripts, and what waits: in the mempool,
// or in the wallet until the mempool takes it.
func (g *ground) recount(w *Wallet) (h Holdings) {
	g.Helper()
	tip, waiting := g.chain.Tip().Height, map[wire.Hash]*wire.Tx{}
	_, entries := g.pool.Entries()
	for _, e := range entries {
		waiting[e.Tx.ID()] = e.Tx
	}
	w.Txs(false, func(t *Tx) bool {
		if t.Depth == 0 && !t.Fails {
			waiting[t.Tx.ID()] = t.Tx
		}
		return true
	})
	spent := map[wire.Outpoint]bool{}
	for _, t := range waiting {
		for _, in := range t.Ins {
			spent[in.Prev] = true
		}
	}
	_, err := g.chain.EachCoin(g.Context(), func(op wire.Outpoint, c consensus.Coin) error {
		switch {
		case spent[op] || !w.Mine(c.Script):
		case c.Coinbase && tip < c.Height+g.params.Maturity:
			h.Immature += c.Value
		default:
			h.Confirmed += c.Value
		}
		return nil
	})
	if err != nil {
		g.Fatal(err)
	}
	for _, t := range waiting {
		for i, o := range t.Outs {
			if !spent[t.Outpoint(i)] && w.Mine(o.Script) {
				h.Pending += o.Value
			}
		}
	}
	return h
}

// Whatever happens to the chain, balances are what a recount says; also those of
// a wallet that was loaded anew.
func TestBalancesEqualARecount(t *testing.T) {
	runs := 0
	rapid.Check(t, func(r *rapid.T) {
		g := newGround(t)
		runs++
		dir := fmt.Sprint("w", runs)
		set, stop := g.open(dir)
		defer func() { stop() }()
		if _, _, err := set.Create("w", CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		w := g.only(set)
		g.mine(2, w)
		g.mine(int(g.params.Maturity), nil)
		var aside []wire.Hash
		for step := range rapid.IntRange(5, 12).Draw(r, "steps") {
			switch tip := g.chain.Tip(); rapid.IntRange(0, 6).Draw(r, "step") {
			case 0, 1:
				g.mine(1, w)
			case 2: // no block is as one before, that may have been set aside
				if _, err := g.miner.Generate(t.Context(), 1, []byte{0x51, 0x51 + byte(step/16), 0x51 + byte(step%16)}, 0); err != nil {
					t.Fatal(err)
				}
			case 3:
				to := g.address(w, AddressType(rapid.IntRange(0, 3).Draw(r, "type")))
				if rapid.Bool().Draw(r, "away") {
					to = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
				}
				g.settle(w)
				_, _ = w.Send(t.Context(), Order{To: []Payment{{to, coinSats}}}) // there may be nothing to send
			case 4:
				back := min(uint32(rapid.IntRange(0, 3).Draw(r, "depth")), tip.Height-1)
				h, _ := g.chain.ActiveAt(tip.Height - back)
				if err := g.chain.Invalidate(t.Context(), h.ID); err != nil {
					t.Fatal(err)
				}
				aside = append(aside, h.ID)
			case 5:
				if len(aside) == 0 {
					continue
				}
				if err := g.chain.Reconsider(t.Context(), aside[0]); err != nil {
					t.Fatal(err)
				}
				aside = aside[1:]
			case 6:
				stop()
				set, stop = g.open(dir)
				var err error
				if w, err = set.Load("w", nil); err != nil {
					t.Fatal(err)
				}
			}
			g.settle(w)
			if got, want := w.Holdings(), g.recount(w); got != want {
				t.Fatalf("the wallet says %+v, a recount %+v", got, want)
			}
		}
	})
}
