//go:build unix

package datastore

import (
	"encoding/binary"
	"flag"
	"log/slog"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus/wire"
)

// manyCoins is how many coins the benchmarks of the database work on:
// -bench Database -coins 5000000 for the figures in docs/performance.md.
var manyCoins = flag.Int("coins", 100_000, "coins in the database that benchmarks read")

// nth is the outpoint of one of many coins, spread as hashes are.
func nth(i int) wire.Outpoint {
	rng := rand.NewPCG(uint64(i), 5)
	var op wire.Outpoint
	for k := 0; k < wire.HashSize; k += 8 {
		binary.LittleEndian.PutUint64(op.TxID[k:], rng.Uint64())
	}
	return op
}

func BenchmarkDatabase(b *testing.B) {
	for _, t := range []struct {
		name string
		tuning
	}{
		{"ours", tuning{12 << 20, 1 << 20, 8 << 20, 4 << 10}},
		{"half the memory", tuning{6 << 20, 1 << 20, 8 << 20, 4 << 10}},
		{"large memtable and files", tuning{16 << 20, 16 << 20, 0, 0}},
		{"small files", tuning{12 << 20, 1 << 20, 2 << 20, 4 << 10}},
		{"small blocks", tuning{12 << 20, 1 << 20, 8 << 20, 1 << 10}},
	} {
		b.Run(t.name, func(b *testing.B) {
			kv, err := openPebbleWith(pebbleOptions(vfs.Default, slog.New(slog.DiscardHandler), t.tuning), b.TempDir(), t.memory)
			if err != nil {
				b.Fatal(err)
			}
			defer kv.Close()
			fillCoins(b, kv, *manyCoins)
			benchmarkReads(b, flushed{kv, 0})
		})
	}
}

// fillCoins writes coins in batches of a flush's size.
func fillCoins(b *testing.B, kv ds.Batching, n int) {
	start, used := time.Now(), cpu()
	value := make([]byte, 28)
	for i := 0; i < n; {
		batch, err := kv.Batch(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		for end := min(n, i+100_000); i < end; i++ {
			binary.LittleEndian.PutUint64(value[5:], uint64(i)*0x9e3779b97f4a7c15)
			if err := batch.Put(b.Context(), coinSpace(0).key(nth(i)), value); err != nil {
				b.Fatal(err)
			}
		}
		if err := batch.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if err := kv.Sync(b.Context(), ds.NewKey("/")); err != nil {
		b.Fatal(err)
	}
	db := kv.(*pebbleStore).DB
	// What is merged in the background would be counted with the reads.
	for m := db.Metrics(); m.Compact.NumInProgress > 0 || m.Compact.EstimatedDebt > 0 && time.Since(start) < 40*time.Second; m = db.Metrics() {
		time.Sleep(100 * time.Millisecond)
	}
	b.Logf("%d coins written, %v each; CPU %v each", n, time.Since(start)/time.Duration(n), (cpu()-used)/time.Duration(n))
}

// cpu is what the process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchmarkReads(b *testing.B, r flushed) {
	n := *manyCoins
	look := func(b *testing.B, i int, want bool) {
		if v, err := r.Coin(nth(i)); err != nil || (v != nil) != want {
			b.Fatalf("coin %d: %v, %v", i, v != nil, err)
		}
	}
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		used := cpu()
		for b.Loop() {
			look(b, rand.IntN(n), true)
		}
		b.ReportMetric(float64(cpu()-used)/float64(b.N), "cpu-ns/op")
	})
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		used := cpu()
		for b.Loop() {
			look(b, n+rand.IntN(n), false)
		}
		b.ReportMetric(float64(cpu()-used)/float64(b.N), "cpu-ns/op")
	})
}
