package node

import (
	"cmp"
	"io"
	"os"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
)

// The whole of `quern import`, of the chain named by QUERN_BENCH_CHAIN or of
// chain-payments.dat. With -cpuprofile it shows where an import's time goes.
func BenchmarkImport(b *testing.B) {
	path := cmp.Or(os.Getenv("QUERN_BENCH_CHAIN"), realdata.Path(b, "chain-payments.dat"))
	b.ReportAllocs()
	inputs := 0
	for b.Loop() {
		c := Defaults()
		c.Chain, c.DataDir = "regtest", b.TempDir()
		logs, err := NewLoggers(c.Log, io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		p, err := Import(b.Context(), c, logs, path, nil)
		if err != nil {
			b.Fatal(err)
		}
		inputs = p.Inputs
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*inputs), "µs/input")
}
