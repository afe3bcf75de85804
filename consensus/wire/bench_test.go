package wire_test

import (
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

func benchmarkDecode(b *testing.B, raw []byte) {
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.DecodeBlock(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// Parsing with all ids, of a block without witness and one full of it.
func BenchmarkDecodeBlock(b *testing.B) { benchmarkDecode(b, block413567(b)) }

func BenchmarkDecodeWitnessBlock(b *testing.B) {
	blocks := paymentBlocks(b, 150)
	largest := blocks[0]
	for _, raw := range blocks {
		if len(raw) > len(largest) {
			largest = raw
		}
	}
	benchmarkDecode(b, largest)
}

func BenchmarkDecodeBlockBtcd(b *testing.B) {
	raw := block413567(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := btcdBlock(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// What import does before any rule: parse, ids, Merkle root.
func BenchmarkDecodeAndMerkle(b *testing.B) {
	raw := block413567(b)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		block, err := wire.DecodeBlock(raw)
		if err != nil {
			b.Fatal(err)
		}
		if root, _ := wire.MerkleRoot(block.TxIDs()); root != block.Header.Merkle {
			b.Fatal("wrong root")
		}
	}
}

func BenchmarkMerkleRoot(b *testing.B) {
	block, err := wire.DecodeBlock(block413567(b))
	if err != nil {
		b.Fatal(err)
	}
	ids, scratch := block.TxIDs(), make([]wire.Hash, len(block.Txs))
	for b.Loop() {
		copy(scratch, ids)
		wire.MerkleRoot(scratch)
	}
}

func BenchmarkHeaderID(b *testing.B) {
	h, err := wire.DecodeHeader(unhex(b, genesisHeader))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h.ID()
	}
}

// What import does of a chain before any rule: parse, ids, both Merkle roots.
func BenchmarkDecodeChainAndMerkle(b *testing.B) {
	blocks := paymentBlocks(b, 150)
	size := 0
	for _, raw := range blocks {
		size += len(raw)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, raw := range blocks {
			block, err := wire.DecodeBlock(raw)
			if err != nil {
				b.Fatal(err)
			}
			if root, _ := wire.MerkleRoot(block.TxIDs()); root != block.Header.Merkle {
				b.Fatal("wrong root")
			}
			wids := make([]wire.Hash, len(block.Txs))
			for i, t := range block.Txs[1:] {
				wids[i+1] = t.WitnessID()
			}
			wire.MerkleRoot(wids)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N)/(float64(size)/1e6), "ms/MB")
}
