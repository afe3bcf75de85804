package mining

import (
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

// chunksOf are the chunks that a pool offers.
func chunksOf(p *mempool.Pool) (cs []mempool.Chunk) {
	p.Best(func(c *mempool.Chunk) mempool.Choice {
		own := *c
		own.Txs = slices.Clone(c.Txs)
		cs = append(cs, own)
		return mempool.Take
	})
	return cs
}

// waiting is a transaction as the pool has it.
func waiting(t *testing.T, lock uint32) (mempool.Waiting, *ground) {
	g := newGround(t, regtest(t), 1)
	tx := pay(coinValue, 10_000, 1, g.take())
	tx.LockTime = lock
	g.add(tx.Seal())
	return chunksOf(g.pool)[0].Txs[0], g
}

// room is a builder of a block with nothing in it.
func room() *builder {
	return &builder{weight: minReserve, sigops: reserveSigops, maxWeight: consensus.MaxWeight, minFee: 1, height: 200, segwit: true}
}

// TestChoose spoils a chunk that fits.
func TestChoose(t *testing.T) {
	w, _ := waiting(t, 100)
	for _, c := range []struct {
		name  string
		spoil func(*builder, *mempool.Chunk)
		want  mempool.Choice
	}{
		{"good", func(*builder, *mempool.Chunk) {}, mempool.Take},
		{"just fits", func(b *builder, c *mempool.Chunk) { b.maxWeight = minReserve + int(c.Weight) + 1 }, mempool.Take},
		{"too heavy", func(b *builder, c *mempool.Chunk) { b.maxWeight = minReserve + int(c.Weight) }, mempool.Leave},
		{"sigops fit", func(b *builder, c *mempool.Chunk) { c.Txs[0].Sigops = consensus.MaxSigopCost - reserveSigops - 1 }, mempool.Take},
		{"too many sigops", func(b *builder, c *mempool.Chunk) { c.Txs[0].Sigops = consensus.MaxSigopCost - reserveSigops }, mempool.Leave},
		{"not final", func(b *builder, c *mempool.Chunk) { b.height = 100 }, mempool.Leave},
		{"not final, but not said to be timed", func(b *builder, c *mempool.Chunk) { b.height, c.Txs[0].Timed = 100, false }, mempool.Take},
		{"before segwit", func(b *builder, c *mempool.Chunk) { b.segwit = false }, mempool.Leave},
		{"banned", func(b *builder, c *mempool.Chunk) { b.banned = map[wire.Hash]bool{c.Txs[0].ID(): true} }, mempool.Leave},
		{"fee just enough", func(b *builder, c *mempool.Chunk) { b.minFee, c.Fee, c.Weight = 1000, 100, 400 }, mempool.Take},
		{"fee too low", func(b *builder, c *mempool.Chunk) { b.minFee, c.Fee, c.Weight = 1000, 100, 401 }, mempool.Stop},
		{"negative fee", func(b *builder, c *mempool.Chunk) { b.minFee, c.Fee = 0, -1 }, mempool.Stop},
		{"no fee, none asked", func(b *builder, c *mempool.Chunk) { b.minFee, c.Fee = 0, 0 }, mempool.Take},
	} {
		b, chunk := room(), mempool.Chunk{Fee: 10_000, Weight: int64(w.Weight), Txs: []mempool.Waiting{w}}
		c.spoil(b, &chunk)
		if got := b.choose(&chunk); got != c.want || (got == mempool.Take) != (len(b.picked) == 1) {
			t.Errorf("%s: choice %d, %d picked", c.name, got, len(b.picked))
		}
	}
}

// TestGivesUp counts failures in a block that is as good as full.
func TestGivesUp(t *testing.T) {
	w, _ := waiting(t, 0)
	chunk := mempool.Chunk{Fee: 10_000, Weight: consensus.MaxWeight, Txs: []mempool.Waiting{w}}
	full, empty := room(), room()
	full.weight = consensus.MaxWeight - nearlyFull + 1
	for range maxFailures {
		if full.choose(&chunk) != mempool.Leave || empty.choose(&chunk) != mempool.Leave {
			t.Fatal("gives up too early")
		}
	}
	if full.choose(&chunk) != mempool.Stop || empty.choose(&chunk) != mempool.Leave {
		t.Error("goes on in a full block, or gives up in an empty one")
	}
}

// TestLimits draws chunks at random: what is picked stays below the limits, each that was left would have
// passed one of them, and all is taken when there is room for everything.
func TestLimits(t *testing.T) {
	w, _ := waiting(t, 0)
	rapid.Check(t, func(t *rapid.T) {
		b, all := room(), room()
		b.maxWeight = minReserve + rapid.IntRange(1, 6_000).Draw(t, "weight")
		b.sigops = consensus.MaxSigopCost - rapid.IntRange(1, 100).Draw(t, "sigops")
		n := 0
		for range rapid.IntRange(0, 30).Draw(t, "chunks") {
			c := mempool.Chunk{Fee: 1_000_000}
			sigops := 0
			for range rapid.IntRange(1, 4).Draw(t, "transactions") {
				x := w
				x.Weight, x.Sigops = rapid.IntRange(240, 2_000).Draw(t, "weight of one"), rapid.IntRange(0, 9).Draw(t, "sigops of one")
				c.Txs = append(c.Txs, x)
				c.Weight += int64(x.Weight)
				sigops += x.Sigops
			}
			n += len(c.Txs)
			before := *b
			took := b.choose(&c) == mempool.Take
			fits := before.weight+int(c.Weight) < b.maxWeight && before.sigops+sigops < consensus.MaxSigopCost
			if took != fits || b.weight >= b.maxWeight || b.sigops >= consensus.MaxSigopCost {
				t.Fatalf("taken: %v, fits: %v; %d of %d weight, %d sigops", took, fits, b.weight, b.maxWeight, b.sigops)
			}
			if all.choose(&c) != mempool.Take {
				t.Fatal("one is left, though all fit")
			}
		}
		if len(all.picked) != n {
			t.Fatalf("%d of %d taken", len(all.picked), n)
		}
	})
}
