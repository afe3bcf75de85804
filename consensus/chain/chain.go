package chain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Config is what a Chain is built from.
type Config struct {
	Params     *consensus.Params
	Store      Store
	Now        func() time.Time // nil: time.Now
	Log        *slog.Logger     // nil: discarded
	Workers    int              // script checkers; 0: one a core
	Memory     int64            // bytes that blocks may take while they are judged; 0: 32 MiB
	FlushEvery time.Duration    // how long a change may stay unflushed; 0: a minute
	// Prune is how many bytes bodies and undo data may take; 0: all are kept, negative:
	// they go when Prune is called.
	Prune int64
	// Verifier makes what verifies signatures, one for each goroutine that runs
	// scripts; nil: the fast one. Its errors stop the chain, see Failed.
	Verifier func() script.Verifier
	// Accepted says whose scripts are known to hold under a block's flags, so
	// that they are not run again when they come in a block; nil: nobody's.
	Accepted Accepted
}

// Accepted is what others have learned of transactions: that all their scripts
// hold under these flags. Safe for concurrent use. *script.Accepted satisfies it.
type Accepted interface {
	Has(witnessID wire.Hash, f script.Flags) bool
}

// Errors that are not about rules.
var (
	ErrNoBlock   = errors.New("block not stored")
	ErrUnknown   = errors.New("unknown block")
	ErrNoParent  = errors.New("header's parent is unknown") // Core: prev-blk-not-found
	ErrClosed    = errors.New("chain is closed")
	ErrDuplicate = errors.New("block is already known")                                       // AddBlock of a block whose body is stored
	ErrSetAside  = errors.New("block or one before it was set aside by this node's operator") // Core: duplicate-invalid
	ErrNotNext   = errors.New("block does not follow the tip")                                // TestBlock; Core: inconclusive-not-best-prevblk
)

// Bounds of what is held in memory. Bytes are Config.Memory's: as much for the
// blocks handed in and not yet decided as for those applied and not yet verified,
// most of which are the same, and a quarter as much for the last updates. A block
// that alone has more is let in alone.
const (
	defaultMemory = 32 << 20
	roomBlocks    = 64 // handed in and not yet decided
	windowBlocks  = 32 // applied and not yet verified
	recentBlocks  = 32 // updates kept for followers
	hiddenMax     = 64 // blocks that a reorg may revert before it shows
)

// Chain is the header tree and the active branch. Safe for concurrent use.
//
// The engine goroutine alone calls what changes the store, and alone moves the
// coins. Two locks, the first taken first, tell the others what it does:
//
// coins: while it is held for reading, the coin set of the store, window and
// the published tip belong together. The engine holds it while it changes one
// of them, and through a reorg, so that nobody sees a tip with less work.
//
// mu: the tree, the published branch, the channel that tells of changes. Never
// held during I/O.
type Chain struct {
	params *consensus.Params
	store  Store
	now    func() time.Time
	log    *slog.Logger
	every  time.Duration
	memory int64 // Config.Memory
	prune  int64 // Config.Prune

	tip  atomic.Pointer[consensus.State] // last of active
	head atomic.Pointer[consensus.State] // of tree.head
	disk atomic.Pointer[wire.Hash]       // what the coins that a crash leaves are after

	coins  sync.RWMutex
	window []*applied // oldest first, after the tip except while a reorg hides

	mu       sync.RWMutex
	tree     *tree
	active   []*node // the published branch, by height
	unsaved  []*node // with flag dirty, parents first
	changed  chan struct{}
	proving  *node // what the coin set behind is after; nil: there is none
	precious precious

	engine  *engine     // for calls that it runs
	loading atomic.Bool // a snapshot
	holds   holds

	room     *semaphore.Weighted
	inbox    inbox
	checks   *checker
	batches  sync.Pool // of *script.Batch, for scripts that the caller's goroutine runs
	updates  recent
	listener atomic.Pointer[func(*wire.Block)]

	quit   chan struct{} // closed by Close
	ended  chan struct{} // closed when the engine has ended
	failed chan struct{} // closed after err is set
	err    error
	fail1  sync.Once
	close1 sync.Once
}

// Open loads the tree from the store, and brings the coins to the best branch whose bodies
// are stored. Close releases it.
func Open(ctx context.Context, cfg Config) (*Chain, error) {
	c := &Chain{
		params:  cfg.Params,
		store:   cfg.Store,
		now:     cfg.Now,
		log:     cfg.Log,
		every:   cfg.FlushEvery,
		memory:  cfg.Memory,
		prune:   cfg.Prune,
		changed: make(chan struct{}),
		quit:    make(chan struct{}),
		ended:   make(chan struct{}),
		failed:  make(chan struct{}),
	}
	c.inbox.signal = make(chan struct{}, 1)
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.every <= 0 {
		c.every = time.Minute
	}
	if c.memory <= 0 {
		c.memory = defaultMemory
	}
	c.room = semaphore.NewWeighted(c.memory)
	c.updates.limit = c.memory / 4
	workers := cfg.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	tip, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	c.batches.New = func() any { return newBatch(cfg.Verifier) }
	c.checks = newChecker(workers, func() *script.Batch { return newBatch(cfg.Verifier) }, cfg.Accepted, c.distrust)
	c.engine = newEngine(c, tip)
	go c.engine.run()
	if err := c.do(ctx, settled, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("bring the coins to the best branch: %w", err), c.Close())
	}
	return c, nil
}

// Close stops the workers and flushes. Blocks that are being judged are given
// up; those whose bodies are stored are judged anew at the next Open.
func (c *Chain) Close() error {
	c.close1.Do(func() { close(c.quit) })
	<-c.ended
	c.checks.close()
	return c.Err()
}

// Failed is closed when the store has failed, or signatures could not be
// verified. Err then says how. Nothing can be added any more; a restart goes on
// from the last flush.
func (c *Chain) Failed() <-chan struct{} { return c.failed }

// Err is that failure, nil for none.
func (c *Chain) Err() error {
	select {
	case <-c.failed:
		return c.err
	default:
		return nil
	}
}

func (c *Chain) fail(err error) error {
	c.fail1.Do(func() {
		c.err = fmt.Errorf("the chain has stopped: %w", err)
		close(c.failed)
		c.log.Error("the chain stops", "error", err)
		c.inbox.wake()
	})
	return c.Err()
}

// stopped is why nothing can be done any more, nil while it can.
func (c *Chain) stopped() error {
	if err := c.Err(); err != nil {
		return err
	}
	select {
	case <-c.quit:
		return ErrClosed
	case <-c.ended:
		return ErrClosed
	default:
		return nil
	}
}

// Settle returns when every block stored so far is judged, as far as its
// ancestors are there, and the tip is the best of them.
func (c *Chain) Settle(ctx context.Context) error { return c.do(ctx, settled, nil) }

// Flush makes all that was decided up to now durable.
func (c *Chain) Flush(ctx context.Context) error {
	return c.do(ctx, flushed, nil)
}

// Flushed is the block whose state the disk is known to have: a crash leaves it or
// a later one's. It is an ancestor of the tip, or the tip was reverted since.
func (c *Chain) Flushed() wire.Hash { return *c.disk.Load() }

// Tip is the state at the tip of the active branch: a snapshot, no lock.
func (c *Chain) Tip() consensus.State { return *c.tip.Load() }

// BestHeader is the state after the header with the most work that is not
// known to be invalid; its bodies may be missing.
func (c *Chain) BestHeader() consensus.State { return *c.head.Load() }

// Changed returns a channel that is closed when the tip or the best header next
// changes. Take it before reading the state that it announces changes of.
func (c *Chain) Changed() <-chan struct{} {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.changed
}

// Block reads a body; ErrNoBlock when it is not stored, which is ErrPruned when it was.
func (c *Chain) Block(id wire.Hash) (*wire.Block, error) {
	if id == c.params.Genesis.ID() {
		return c.params.Genesis, nil
	}
	b, err := c.store.Block(id)
	if err != nil {
		err = c.absent(id, err)
	}
	return b, err
}

// Spent reads the coins that a block spent when it was applied.
func (c *Chain) Spent(id wire.Hash) ([]consensus.Coin, error) {
	if id == c.params.Genesis.ID() {
		return nil, nil
	}
	return c.store.Undo(id)
}

// notify wakes those who wait for a change. mu is held.
func (c *Chain) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// showHead publishes the best header if it is another. mu is held.
func (c *Chain) showHead() {
	if old := c.head.Load(); old != nil && old.ID == c.tree.head.id {
		return
	}
	s := c.tree.head.state(c.params)
	c.head.Store(&s)
	c.notify()
}

// showTip publishes n as the tip. coins is held for writing.
func (c *Chain) showTip(n *node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active[len(c.active)-1] == n {
		return
	}
	var path []*node
	m := n
	for ; int(m.height()) >= len(c.active) || c.active[m.height()] != m; m = m.parent {
		path = append(path, m)
	}
	clear(c.active[m.height()+1:])
	c.active = c.active[:m.height()+1]
	for i := len(path) - 1; i >= 0; i-- {
		c.active = append(c.active, path[i])
	}
	s := n.state(c.params)
	c.tip.Store(&s)
	c.notify()
}

// onActive says whether n is on the published branch. mu is held.
func (c *Chain) onActive(n *node) bool {
	return int(n.height()) < len(c.active) && c.active[n.height()] == n
}

// save has the engine store n's header and marks. mu is held.
func (c *Chain) save(n *node) {
	if !n.has(dirty) {
		n.flags |= dirty
		c.unsaved = append(c.unsaved, n)
	}
}
