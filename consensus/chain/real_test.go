package chain_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

// readBlocks takes a block file apart: magic, length, block.
func readBlocks(tb testing.TB, raw []byte) (bs []*wire.Block) {
	tb.Helper()
	for len(raw) > 8 {
		n := int(binary.LittleEndian.Uint32(raw[4:]))
		b, err := wire.DecodeBlock(raw[8 : 8+n])
		if err != nil {
			tb.Fatal(err)
		}
		bs, raw = append(bs, b), raw[8+n:]
	}
	return bs
}

// importAll queues blocks and waits for all verdicts.
func importAll(tb testing.TB, c *chain.Chain, bs []*wire.Block) {
	tb.Helper()
	var wg sync.WaitGroup
	for _, b := range bs {
		wg.Add(1)
		err := c.QueueBlock(tb.Context(), b, func(err error) {
			if err != nil && !errors.Is(err, chain.ErrDuplicate) {
				tb.Errorf("block %v: %v", b.ID(), err)
			}
			wg.Done()
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	wg.Wait()
}

func TestRealChain(t *testing.T) {
	raw := realdata.Read(t, "chain-payments.dat")
	if testing.Short() {
		t.Skip("skipped with -short: 57,246 scripts take a while")
	}
	f := fresh(t)
	importAll(t, f.Chain, readBlocks(t, raw))
	const tip = "564f1bb9c69e61297d68b00d882abee29629e069749273970e75f6ddeadcae2f"
	if got := f.Tip().ID.String(); got != tip {
		t.Fatalf("tip is %s", got)
	}
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum, err := coinset.Sum(t.Context(), f.store.EachCoin, coinset.Serialized)
	if err != nil {
		t.Fatal(err)
	}
	if got := sum.Hash.String(); sum.Coins != 83_001 || got != "3d006f2792de1b8fbc1652f11506f5e265b4a25df6de352abc7befa2f0a5cb91" {
		t.Errorf("%d coins, hash %s", sum.Coins, got)
	}
	// Back to genesis: every block's effect can be reverted.
	first, _ := f.ActiveAt(1)
	if err := f.Invalidate(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if n := len(f.store.Coins()); n != 0 || f.Tip().Height != 0 {
		t.Errorf("%d coins at height %d", n, f.Tip().Height)
	}
}

// signedChain is blocks with so many signed payments each, after 101 without.
func signedChain(tb testing.TB, blocks, payments int) []*wire.Block {
	f := fresh(tb)
	key := chaintest.NewKey(5)
	first := chaintest.Mine(f.Tip(), chaintest.Coinbase(f.Tip(), key.Script(), 0, 1))
	bs := append([]*wire.Block{first}, f.branch(chaintest.Next(f.Tip(), first), 100)...)
	f.add(bs...)
	s, op, value := f.Tip(), first.Txs[0].Outpoint(0), first.Txs[0].Outs[0].Value
	for range blocks {
		var txs []*wire.Tx
		for range payments {
			t := chaintest.Spend(key.Script(), value, op)
			key.Sign(t, 0, value)
			txs, op = append(txs, t), t.Seal().Outpoint(0)
		}
		b := chaintest.Block(s, 1, 0, txs...)
		bs, s = append(bs, b), chaintest.Next(s, b)
	}
	return bs
}

func BenchmarkImport(b *testing.B) {
	bs := signedChain(b, 20, 100)
	b.ReportAllocs()
	for b.Loop() {
		f := fresh(b)
		importAll(b, f.Chain, bs)
		f.Close()
	}
	b.ReportMetric(float64(20*100*b.N)/b.Elapsed().Seconds(), "inputs/s")
}

func BenchmarkReorg(b *testing.B) {
	f := fresh(b)
	base := f.Tip()
	f.grow(10)
	side := f.branch(base, 11)
	f.add(side...)
	back := side[0].ID()
	b.ReportAllocs()
	for b.Loop() {
		if err := errors.Join(f.Invalidate(context.Background(), back), f.Reconsider(context.Background(), back)); err != nil {
			b.Fatal(err)
		}
	}
}
