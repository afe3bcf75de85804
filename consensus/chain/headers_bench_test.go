package chain_test

import (
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

// realHeaders are mainnet's from height 1 on, in answers of a peer.
func realHeaders(tb testing.TB) (answers [][]wire.Header) {
	tb.Helper()
	raw := realdata.Read(tb, "mainnet-headers-0-99999.bin")[wire.HeaderSize:]
	for len(raw) > 0 {
		var hs []wire.Header
		for len(hs) < 2000 && len(raw) > 0 {
			h, err := wire.DecodeHeader(raw[:wire.HeaderSize])
			if err != nil {
				tb.Fatal(err)
			}
			hs, raw = append(hs, h), raw[wire.HeaderSize:]
		}
		answers = append(answers, hs)
	}
	return answers
}

// BenchmarkAddHeaders enters mainnet's first 99,999 headers, 2,000 at a time.
func BenchmarkAddHeaders(b *testing.B) {
	answers := realHeaders(b)
	p, err := consensus.Chain("main")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		c, err := chain.Open(b.Context(), chain.Config{Params: p, Store: chaintest.NewStore(p)})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for _, hs := range answers {
			if _, err := c.AddHeaders(b.Context(), hs); err != nil {
				b.Fatal(err)
			}
			n += len(hs)
		}
		b.StopTimer()
		c.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/header")
}
