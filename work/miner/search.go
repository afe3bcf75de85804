package miner

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/quernnet/quern/work"
)

// HeaderSize is the length of an encoded header in bytes; its last four are the
// nonce, little-endian.
const HeaderSize = 80

// Nonces is how many nonces a header has: the count that searches them all.
const Nonces = 1 << 32

// batch is how many hashes may pass until a search looks at its context: a quarter
// of a millisecond's by the slowest kernel, less than the tenth of that by the fastest.
// Kernels cannot be preempted meanwhile.
const batch = 1024

// turns is how many batches a search makes until it lets others run. Searches take
// all cores, and the scheduler would let each go on for ten milliseconds while whoever
// brings the next tip waits.
const turns = 4

// Search tries count nonces from the given one, wrapping at 2^32, until a
// header's double-SHA256 meets bits or ctx ends. The header's own nonce is
// ignored. tried counts the hashes made, the successful one included; where
// nothing was found, from+uint32(tried) is where to go on. Bits that are no
// target are never met, and nothing is tried.
func Search(ctx context.Context, header [HeaderSize]byte, bits work.Bits, from uint32, count uint64) (nonce uint32, found bool, tried uint64) {
	target, ok := targetOf(bits)
	if !ok {
		return 0, false, 0
	}
	return search(ctx, kernels[0].new(header, target), from, count)
}

func targetOf(bits work.Bits) (target work.Target, ok bool) {
	target, negative, overflow := bits.Target()
	return target, !negative && !overflow && target != work.Target{}
}

func search(ctx context.Context, k kernel, from uint32, count uint64) (nonce uint32, found bool, tried uint64) {
	for n := 1; tried < count && ctx.Err() == nil; n++ {
		if n%turns == 0 {
			runtime.Gosched()
		}
		size := uint32(min(batch, count-tried))
		start := from + uint32(tried)
		if nonce, found = k.scan(start, size); found {
			return nonce, true, tried + uint64(nonce-start) + 1
		}
		tried += uint64(size)
	}
	return 0, false, tried
}

// share is how many nonces a worker takes at a time: large against the cost of
// starting on them, small against what one may search in vain after another's
// find.
const share = 64 * batch

// SearchAll is Search on a number of goroutines, all of which have ended when it
// returns. Of several nonces it returns any. Where nothing was found and ctx ended, the tried
// nonces are not the first ones of the range.
func SearchAll(ctx context.Context, workers int, header [HeaderSize]byte, bits work.Bits, from uint32, count uint64) (nonce uint32, found bool, tried uint64) {
	target, ok := targetOf(bits)
	if !ok {
		return 0, false, 0
	}
	return searchAll(ctx, workers, func() kernel { return kernels[0].new(header, target) }, from, count)
}

func searchAll(ctx context.Context, workers int, newKernel func() kernel, from uint32, count uint64) (nonce uint32, found bool, tried uint64) {
	if workers <= 1 || count <= share {
		return search(ctx, newKernel(), from, count)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// Each worker takes the next share by advancing taken; the first to find a
	// nonce stores it, once, and stops the others. Results are read after Wait.
	var taken, hashed atomic.Uint64
	var once sync.Once
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			k := newKernel()
			for ctx.Err() == nil {
				start := taken.Add(share) - share
				if start >= count {
					return
				}
				n, ok, made := search(ctx, k, from+uint32(start), min(share, count-start))
				hashed.Add(made)
				if ok {
					once.Do(func() { nonce, found = n, true })
					stop()
				}
			}
		})
	}
	all.Wait()
	return nonce, found, hashed.Load()
}
