package chain_test

import (
	"testing"
	"time"

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

// BenchmarkAddHeaders enters mainnet's first 99,999 headers, 2,000 at a time. Its
// best is the sum of each answer's shortest time: that of an undisturbed run.
func BenchmarkAddHeaders(b *testing.B) {
	answers := realHeaders(b)
	p, err := consensus.Chain("main")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	n := 0
	best := make([]time.Duration, len(answers))
	for b.Loop() {
		b.StopTimer()
		c, err := chain.Open(b.Context(), chain.Config{Params: p, Store: chaintest.NewStore(p)})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for i, hs := range answers {
			began := time.Now()
			if _, err := c.AddHeaders(b.Context(), hs); err != nil {
				b.Fatal(err)
			}
			if took := time.Since(began); best[i] == 0 || took < best[i] {
				best[i] = took
			}
			n += len(hs)
		}
		b.StopTimer()
		c.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/header")
	var sum time.Duration
	for _, d := range best {
		sum += d
	}
	b.ReportMetric(float64(sum.Nanoseconds())/99_999, "best-ns/header")
}
