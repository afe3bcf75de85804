package miner

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
)

// counting is a kernel that finds nothing and counts batches. It runs as on one
// goroutine's behalf, so it may be shared only through batches.
type counting struct {
	batches *atomic.Int64 // of all workers
	each    func(batch int64)
}

func (k counting) scan(uint32, uint32) (uint32, bool) {
	n := k.batches.Add(1)
	if k.each != nil {
		k.each(n)
	}
	return 0, false
}

// When work goes stale, each worker ends with the batch that it is at: with a
// batch of 1,024 nonces that is well below a millisecond on every kernel.
func TestStaleWorkEndsWithItsBatch(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		ctx, cancel := context.WithCancel(t.Context())
		var batches, stale atomic.Int64
		var told atomic.Bool
		k := counting{&batches, func(n int64) {
			if told.Load() {
				stale.Add(1) // its worker had looked at the context just before
			}
			if n == 1000 {
				cancel()
				told.Store(true)
			}
		}}
		_, found, tried := searchAll(ctx, workers, func() kernel { return k }, 0, Nonces)
		if found || tried != batch*uint64(batches.Load()) {
			t.Errorf("%d workers: found %v, tried %d in %d batches", workers, found, tried, batches.Load())
		}
		if n := stale.Load(); n > int64(workers) {
			t.Errorf("%d workers: %d batches were made after the work had gone stale", workers, n)
		}
		cancel()
	}
}

// Whoever is to say that work has gone stale gets to run soon, though searches
// keep all cores busy.
func TestSearchLetsOthersRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		var batches atomic.Int64
		go cancel()
		search(ctx, counting{batches: &batches}, 0, Nonces)
		if n := batches.Load(); n > 10*turns {
			t.Errorf("%d batches were made before another goroutine could run", n)
		}
	}
}
