package chain

import (
	"context"
	"runtime"

	"golang.org/x/sync/semaphore"

	"github.com/quernnet/quern/consensus/wire"
)

// Feeder prepares blocks on all cores and queues them in the order in which they
// were given. Feed and Wait come from one goroutine.
//
// Each block has a goroutine that waits, before it queues its own, for the one
// before it to have done so; so at most one of them waits for the chain's room,
// and what the others hold is bounded by bytes and slots.
type Feeder struct {
	chain  *Chain
	slots  *semaphore.Weighted
	bytes  *semaphore.Weighted
	limit  int64
	queued chan struct{} // closed when the last block given is queued
}

// ahead is how many times a block's encoded size a Feeder reckons that it takes:
// what blocks of payments do. Blocks of another kind are bounded when they are
// queued.
const ahead = 3

// NewFeeder returns a Feeder that holds up to limit bytes of blocks which are not
// yet queued; 0: a quarter of Config.Memory. One block is always let in.
func (c *Chain) NewFeeder(limit int64) *Feeder {
	if limit <= 0 {
		limit = c.memory / 4
	}
	queued := make(chan struct{})
	close(queued)
	return &Feeder{
		chain:  c,
		slots:  semaphore.NewWeighted(int64(2 * runtime.GOMAXPROCS(0))),
		bytes:  semaphore.NewWeighted(limit),
		limit:  limit,
		queued: queued,
	}
}

// Feed has get, which reads a block of about size encoded bytes, called on another
// goroutine, and its block queued behind those given before. It waits for a
// place. done is called once, from any goroutine, with AddBlock's result, get's
// error, or why the block could not be queued; not when Feed itself returns an error, which is
// ctx's.
func (f *Feeder) Feed(ctx context.Context, size int, get func() (*wire.Block, error), done func(error)) error {
	weight := min(ahead*int64(size), f.limit)
	if err := f.bytes.Acquire(ctx, weight); err != nil {
		return err
	}
	if err := f.slots.Acquire(ctx, 1); err != nil {
		f.bytes.Release(weight)
		return err
	}
	before, queued := f.queued, make(chan struct{})
	f.queued = queued
	go func() {
		defer close(queued)
		defer f.bytes.Release(weight)
		defer f.slots.Release(1)
		p, err := f.prepare(get)
		<-before
		if err == nil {
			err = f.chain.QueuePrepared(ctx, p, done)
		}
		if err != nil {
			done(err)
		}
	}()
	return nil
}

func (f *Feeder) prepare(get func() (*wire.Block, error)) (Prepared, error) {
	b, err := get()
	if err != nil {
		return Prepared{}, err
	}
	return f.chain.Prepare(b), nil
}

// Wait returns when all blocks given are queued or given up.
func (f *Feeder) Wait() { <-f.queued }
