package script

import (
	"testing"

	"github.com/quernnet/quern/consensus/secp"
)

// yes is a Verifier that says yes, so that only the scripts are measured.
type yes struct{ Fast }

func (*yes) Verify(_ []secp.Claim, ok []bool) error {
	for i := range ok {
		ok[i] = true
	}
	return nil
}

// BenchmarkPass is the time of one input but for its signatures, a template
// each, in batches as the chain makes them.
func BenchmarkPass(b *testing.B) {
	for kind, list := range payments(b, 512) {
		checks := make([]Check, len(list))
		for i, p := range list {
			checks[i] = Check{Spend: NewSpend(p.tx, p.coins, Mandatory), In: p.in}
		}
		batch, ok := NewBatch(new(yes)), make([]bool, len(checks))
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := batch.Pass(checks, ok); err != nil || !ok[0] {
					b.Fatal(err, ok[0])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(checks)), "ns/input")
		})
	}
	b.Run("hash160", func(b *testing.B) {
		key := make([]byte, compressedSize)
		b.ReportAllocs()
		for b.Loop() {
			hash160(key)
		}
	})
}
