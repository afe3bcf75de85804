package relay

import (
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// big is a block of 4 MB in 10,000 transactions, among 50,000 that wait.
func big() (b *wire.Block, pool []*wire.Tx) {
	b = block(1)
	for i := range uint32(50_000) {
		t := &wire.Tx{Version: 2, Ins: []wire.In{{Witness: [][]byte{make([]byte, 300)}}}, Outs: []wire.Out{{Value: 1, Script: make([]byte, 22)}}, LockTime: i}
		pool = append(pool, t.Seal())
	}
	txs := append(b.Txs, pool[20_000:30_000]...)
	root, _ := wire.MerkleRoot(wire.NewBlock(wire.Header{}, txs).TxIDs())
	return wire.NewBlock(wire.Header{Merkle: root}, txs), pool
}

func BenchmarkRebuild(b *testing.B) {
	bl, pool := big()
	a := New(bl, 1, nil)
	b.ReportMetric(float64(bl.Size()), "block-bytes")
	b.ReportMetric(float64(a.Size()), "announcement-bytes")
	for b.Loop() {
		r, err := Start(a, wholes(pool...))
		if err != nil || len(r.Missing()) > 0 {
			b.Fatal(err)
		}
		if _, err := r.Block(fine); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	bl, _ := big()
	raw := New(bl, 1, nil).Append(nil)
	for b.Loop() {
		if _, err := Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	bl, _ := big()
	for b.Loop() {
		Digest(bl, 1)
	}
}

func BenchmarkShort(b *testing.B) {
	var k Key
	wid := wire.Hash{1, 2, 3}
	for b.Loop() {
		k.Short(&wid)
	}
}
