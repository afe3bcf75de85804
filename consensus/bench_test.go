package consensus

import (
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// BenchmarkApplyHeader judges 50,000 real headers a round.
func BenchmarkApplyHeader(b *testing.B) {
	raw := realdata.Read(b, "mainnet-headers-0-99999.bin")
	var headers []wire.Header
	for off := wire.HeaderSize; off < 50_001*wire.HeaderSize; off += wire.HeaderSize {
		h, err := wire.DecodeHeader(raw[off : off+wire.HeaderSize])
		if err != nil {
			b.Fatal(err)
		}
		headers = append(headers, h)
	}
	ids := make([]wire.Hash, len(headers))
	for i := range headers {
		ids[i] = headers[i].ID()
	}
	start := GenesisState(mustChain(b, "main"))
	s := start
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(headers) {
			s, i = start, 0
		}
		var err error
		if s, err = ApplyHeader(s, &headers[i], ids[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkCheckBlock judges a real block of 1 MB by itself: Merkle root,
// transactions, legacy sigops.
func BenchmarkCheckBlock(b *testing.B) {
	blk, err := wire.DecodeBlock(realdata.Read(b, "mainnet-block-413567.bin"))
	if err != nil {
		b.Fatal(err)
	}
	p := mustChain(b, "main")
	b.SetBytes(int64(blk.Size()))
	b.ReportAllocs()
	for b.Loop() {
		if err := CheckBlock(p, blk, script.NewBatch(nil)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkConnect judges real blocks against their coins, without scripts; ns/input is what
// an input costs beside its signature.
func BenchmarkConnect(b *testing.B) {
	b.Run("mainnet 277647", func(b *testing.B) {
		prev, next, blk, in := block277647(b)
		benchConnect(b, prev, next, blk, in)
	})
	b.Run("payments", func(b *testing.B) {
		h := newHouse(b, mustChain(b, "regtest"))
		for _, blk := range paymentBlocks(b) {
			if blk.ID() == h.state.ID {
				continue
			}
			next, err := ApplyHeader(h.state, &blk.Header, blk.ID())
			if err != nil {
				b.Fatal(err)
			}
			in := h.coins.inputs(&h.state, blk)
			if h.state.Height == 149 {
				benchConnect(b, h.state, next, blk, in)
				return
			}
			u, _, err := Connect(h.state, next, blk, in)
			if err != nil {
				b.Fatal(err)
			}
			h.apply(u)
		}
	})
}

func benchConnect(b *testing.B, prev, next State, blk *wire.Block, in Inputs) {
	spent := make([]Coin, len(in.Spent))
	b.ReportAllocs()
	for b.Loop() {
		copy(spent, in.Spent) // Connect fills in coins of the block itself
		if _, _, err := Connect(prev, next, blk, Inputs{Spent: spent}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(spent)), "ns/input")
	b.ReportMetric(float64(len(spent)), "inputs")
}
