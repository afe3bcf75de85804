package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestHeaderIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hs := make([]Header, rapid.IntRange(0, 9).Draw(t, "count"))
		for i := range hs {
			h, err := DecodeHeader(rapid.SliceOfN(rapid.Byte(), HeaderSize, HeaderSize).Draw(t, "header"))
			if err != nil {
				t.Fatal(err)
			}
			hs[i] = h
		}
		ids := make([]Hash, len(hs))
		HeaderIDs(ids, hs)
		for i := range hs {
			if ids[i] != hs[i].ID() {
				t.Errorf("id %d of %d is %v, want %v", i, len(hs), ids[i], hs[i].ID())
			}
		}
	})
}

func BenchmarkHeaderIDs(b *testing.B) {
	hs, ids := make([]Header, 128), make([]Hash, 128)
	for b.Loop() {
		HeaderIDs(ids, hs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/128, "ns/header")
}
