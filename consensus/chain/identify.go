package chain

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// share is how many headers a goroutine takes at a time: some microseconds of
// hashing.
const share = 128

// Identify does on all cores what can be told of headers without those before
// them. It hashes them and returns how many, from the first on, have the work
// that they claim. All ids up to that of the first that has not are there.
func Identify(p *consensus.Params, hs []wire.Header) (ids []wire.Hash, worked int) {
	ids = make([]wire.Hash, len(hs))
	// Goroutines take shares by advancing taken, so all before one that is taken
	// are too, and lower idle to the place of a header without work: who finds that
	// below its share may stop.
	var taken, idle atomic.Int64
	idle.Store(int64(len(hs)))
	work := func() {
		for {
			from := int(taken.Add(share)) - share
			if from >= len(hs) || int64(from) > idle.Load() {
				return
			}
			to := min(from+share, len(hs))
			wire.HeaderIDs(ids[from:to], hs[from:to])
			for i := from; i < to; i++ {
				if consensus.CheckWork(p, &hs[i], ids[i]) != nil {
					lower(&idle, int64(i))
					break
				}
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(hs)+share-1)/share) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return ids, int(idle.Load())
}

// lower sets a to v unless it is less already.
func lower(a *atomic.Int64, v int64) {
	for {
		was := a.Load()
		if was <= v || a.CompareAndSwap(was, v) {
			return
		}
	}
}
