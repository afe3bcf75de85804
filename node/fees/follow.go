package fees

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// Pool is what is followed. *mempool.Pool satisfies it.
type Pool interface {
	EventsSince(seq uint64) (es []mempool.Event, ok bool)
	Changed() <-chan struct{}
	Stats() mempool.Stats
}

// Chain says whether the node has caught up. *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	BestHeader() consensus.State
}

// Config is what a Follower is built from. Zero values mean the defaults.
type Config struct {
	Pool  Pool
	Chain Chain
	File  string // where the history is kept over restarts; empty: nowhere
	Now   func() time.Time
	Log   *slog.Logger
}

// Follower keeps an estimator up to date. Safe for concurrent use.
//
// mu guards all below it. seen is the pool's newest event that the estimator
// knows of, and at the pool's height then, or when the follower was built: blocks of before are not told
// of, as nothing is known of them. Between calls no block is half told.
type Follower struct {
	pool  Pool
	chain Chain
	file  string
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	e    *Estimator
	seen uint64
	at   uint32
	next block
}

// block is one whose transactions are being taken out of the pool; without any there is none.
type block struct {
	id     wire.Hash
	height uint32
	mined  []wire.Hash
}

// Follow builds a follower with the history in the file, if there is one that is sound
// and not stale; Run makes it follow.
func Follow(c Config) (*Follower, error) {
	if c.Pool == nil || c.Chain == nil {
		return nil, errors.New("fees: no pool or no chain given")
	}
	f := &Follower{pool: c.Pool, chain: c.Chain, file: c.File, now: c.Now, log: c.Log}
	if f.now == nil {
		f.now = time.Now
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	f.e = f.load()
	s := f.pool.Stats()
	f.at, f.seen = s.Height, s.Sequence
	return f, nil
}

// saveEvery is how often the history is saved (Core's FEE_FLUSH_INTERVAL).
const saveEvery = time.Hour

// Run follows the pool until ctx ends, and saves the history hourly and at the end.
func (f *Follower) Run(ctx context.Context) error {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		changed := f.pool.Changed()
		f.Sync()
		select {
		case <-ctx.Done():
			return f.end()
		case <-tick.C:
			f.save()
		case <-changed:
		}
	}
}

// end counts what still waits as not mined, which is all that will be known of it.
func (f *Follower) end() error {
	f.Sync()
	f.mu.Lock()
	f.e.LeaveAll()
	f.mu.Unlock()
	f.save()
	return nil
}

// Sync returns when the estimator knows all that the pool does.
func (f *Follower) Sync() {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.pool.Stats() // before the events, so that none of a block up to this height is missed
	es, ok := f.pool.EventsSince(f.seen)
	if !ok {
		f.log.Debug("the pool changed faster than could be followed: what waits is no longer counted")
		f.e.Lose()
		f.seen = s.Sequence
		es, _ = f.pool.EventsSince(f.seen)
	}
	current := f.current()
	for i := range es {
		f.apply(&es[i], current)
		f.seen = es[i].Sequence
	}
	f.finish()
	f.rise(s.Height)
}

// maxTipAge is how old the tip may be for transactions to be counted: while blocks are
// missing nobody knows how many it took (Core's MAX_FEE_ESTIMATION_TIP_AGE).
const maxTipAge = 3 * time.Hour

func (f *Follower) current() bool {
	tip := f.chain.Tip()
	return !time.Unix(int64(tip.Time()), 0).Before(f.now().Add(-maxTipAge)) && f.chain.BestHeader().Height <= tip.Height+1
}

// apply tells the estimator of one event.
func (f *Follower) apply(e *mempool.Event, current bool) {
	if e.Reason == "block" {
		if f.next.id != e.Block {
			f.finish()
			f.next.id, f.next.height = e.Block, e.Height
		}
		f.next.mined = append(f.next.mined, e.Removed)
		return
	}
	// What conflicts with a block leaves while the block is being taken in, and counts as having left before it.
	if e.Reason != "conflict" || e.Height+1 != f.next.height {
		f.finish()
	}
	f.rise(e.Height)
	switch {
	case e.Added != nil:
		f.e.Enter(Entry{ID: e.Added.ID(), Fee: e.Fee, Size: e.Size, Height: e.Height, Telling: e.Alone && current})
	case e.Released == nil:
		f.e.Leave(e.Removed)
	}
}

// finish tells of the block whose transactions were taken out.
func (f *Follower) finish() {
	if b := f.next; len(b.mined) > 0 {
		f.rise(b.height - 1)
		f.e.Mine(b.height, b.mined)
		f.at = max(f.at, b.height)
	}
	f.next = block{}
}

// far is how many blocks at once say that the pool went ahead without looking at each.
const far = 100

// rise tells of blocks up to height that had nothing that waited.
func (f *Follower) rise(height uint32) {
	if height <= f.at {
		return
	}
	if height > f.at+far {
		f.e.Lose()
	}
	f.e.Skip(f.at, height)
	f.at = height
}

// Smart is Estimator.Smart of all that the pool knows now.
func (f *Follower) Smart(target int, conservative bool) (feerate int64, within int) {
	f.Sync()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.e.Smart(target, conservative)
}

// Raw is Estimator.Raw of all that the pool knows now.
func (f *Follower) Raw(target int, share float64, h Horizon) (feerate int64, d Detail) {
	f.Sync()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.e.Raw(target, share, h)
}

// Highest is the longest target that a horizon tells apart, in blocks.
func (f *Follower) Highest(h Horizon) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.e.Highest(h)
}
