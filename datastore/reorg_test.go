package datastore

import (
	"errors"
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

var (
	reorgDepth = flag.Int("reorg.depth", 20, "blocks that BenchmarkDeepReorg takes back")
	reorgTxs   = flag.Int("reorg.txs", 200, "transactions in each of them")
	reorgPad   = flag.Int("reorg.pad", 550, "bytes that each carries")
)

// A reorganisation of full blocks on Pebble, with the memory that
// datastore.cache = 64 MiB gives:
//
//	go test -run '^$' -bench DeepReorg -benchtime 1x ./datastore -args -reorg.depth 1088 -reorg.txs 1500
//
// Run by itself under /usr/bin/time it tells the peak memory too.
func BenchmarkDeepReorg(b *testing.B) {
	p := chaintest.Params()
	for b.Loop() {
		b.StopTimer()
		s, err := Open(Config{Params: p, Backend: "pebble", Dir: b.TempDir(), Cache: 64 << 20})
		if err != nil {
			b.Fatal(err)
		}
		c, err := chain.Open(b.Context(), chain.Config{Params: p, Store: s, Memory: 16 << 20})
		if err != nil {
			b.Fatal(err)
		}
		g := newGrower(b, c, *reorgTxs)
		old, side := g.fork(1), g.fork(2)
		size := 0
		for range *reorgDepth {
			size += old.grow(b, c)
		}
		for range *reorgDepth {
			side.grow(b, c)
		}
		if c.Tip().ID != old.state.ID {
			b.Fatal("the first branch does not lead")
		}
		last := side.next()
		b.StartTimer()
		start := time.Now()
		if err := c.AddBlock(b.Context(), last); err != nil {
			b.Fatal(err)
		}
		took := time.Since(start)
		b.StopTimer()
		if tip := c.Tip(); tip.ID != last.ID() {
			b.Fatalf("tip is %v at height %d", tip.ID, tip.Height)
		}
		b.ReportMetric(took.Seconds()/float64(*reorgDepth), "s/block")
		b.ReportMetric(float64(size)/float64(*reorgDepth), "bytes/block")
		if err := errors.Join(c.Close(), s.Close()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// grower makes one branch of full blocks: each transaction spends what the one in
// its place in the block before has made.
type grower struct {
	state consensus.State
	coins []wire.Outpoint
	value int64
	tag   uint32
}

// newGrower adds what has coins for so many transactions a block.
func newGrower(b *testing.B, c *chain.Chain, txs int) *grower {
	b.Helper()
	bs, err := chaintest.Extend(c, c.Tip(), 101, 0)
	if err != nil {
		b.Fatal(err)
	}
	minted := bs[0].Txs[0]
	g := &grower{state: c.Tip(), value: minted.Outs[0].Value / int64(txs)}
	t := chaintest.Spend(chaintest.Anyone, g.value, minted.Outpoint(0))
	t.Outs = slices.Repeat(t.Outs, txs)
	t.Seal()
	for i := range txs {
		g.coins = append(g.coins, t.Outpoint(i))
	}
	g.add(b, c, chaintest.Block(g.state, 0, 0, t))
	return g
}

func (g *grower) fork(tag uint32) *grower {
	return &grower{g.state, slices.Clone(g.coins), g.value, tag}
}

func (g *grower) next() *wire.Block {
	data := append([]byte{0x6a}, make([]byte, *reorgPad)...)
	txs := make([]*wire.Tx, len(g.coins))
	for i, op := range g.coins {
		txs[i] = chaintest.Spend(chaintest.Anyone, g.value, op)
		txs[i].LockTime = g.tag // long reached; it makes the branches' transactions others
		txs[i].Outs = append(txs[i].Outs, wire.Out{Script: data})
		g.coins[i] = txs[i].Seal().Outpoint(0)
	}
	return chaintest.Block(g.state, uint64(g.tag), 0, txs...)
}

func (g *grower) add(b *testing.B, c *chain.Chain, block *wire.Block) {
	b.Helper()
	if err := c.AddBlock(b.Context(), block); err != nil {
		b.Fatal(err)
	}
	g.state = chaintest.Next(g.state, block)
}

// grow adds a block and returns its size in bytes.
func (g *grower) grow(b *testing.B, c *chain.Chain) int {
	b.Helper()
	block := g.next()
	g.add(b, c, block)
	return block.Size()
}
