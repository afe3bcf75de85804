package work_test

import (
	"testing"

	"github.com/quernnet/quern/work"
)

// What judging a header costs beyond its hash.
func BenchmarkHeaderCheck(b *testing.B) {
	hs := mainHeaders(b)
	s := work.Schedule(work.NewBitcoin(mainLimit))
	past := s.Start(hs[0].time, hs[0].bits)
	var total work.Work
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h := &hs[i%len(hs)]
		if !h.bits.Valid(mainLimit) || !h.bits.Met(h.id) {
			b.Fatal("not met")
		}
		past = s.Extend(past, h.time, h.bits)
		s.Next(past, h.time)
		total = total.Add(h.bits.Work())
	}
}

func BenchmarkMet(b *testing.B) {
	h := mainHeaders(b)[99_999]
	for b.Loop() {
		h.bits.Met(h.id)
	}
}

func BenchmarkWork(b *testing.B) {
	for b.Loop() {
		work.Bits(0x1b0404cb).Work()
	}
}

func BenchmarkASERT(b *testing.B) {
	s := work.ASERT{Limit: 0x1e0fffff, Spacing: 60, HalfLife: 3600}
	past := work.Past{Height: 5000, Time: 1_790_300_500, AnchorTime: 1_790_000_000, AnchorBits: s.Limit}
	for b.Loop() {
		s.Next(past, 0)
	}
}
