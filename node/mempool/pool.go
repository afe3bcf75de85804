package mempool

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Chain is what the pool needs of the chain. *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	Changed() <-chan struct{}
	Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error)
	UpdatesSince(id wire.Hash, max int) (reverted, applied []consensus.Update, err error)
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	Block(id wire.Hash) (*wire.Block, error)
	RunChecks(ctx context.Context, checks []script.Check) (failed int, err error)
	Settle(ctx context.Context) error
}

// Config is what a Pool is built from. Zero values mean the defaults.
type Config struct {
	Chain       Chain
	File        string        // where the pool is kept over restarts; empty: nowhere
	Forget      bool          // it is kept there only when Save is called, and not read
	MaxSize     int64         // bytes of memory; 0: 300 MB
	MinFee      int64         // satoshis per 1000 virtual bytes to be relayed; 0: 100 (Core 31's), -1: none
	Increment   int64         // satoshis per 1000 vB that a replacement adds; 0: 100, -1: none
	Expiry      time.Duration // 0: 336 h
	MaxOrphans  int           // 0: 100
	Now         func() time.Time
	Log         *slog.Logger
	Stem        bool     // transactions that Add is given by this node's own user begin private
	Accepted    Accepted // told of transactions that the next block may have; nil: nobody is
	NonStandard bool     // accept what Core calls non-standard (its -acceptnonstdtxn)

	DustRate       int64 // satoshis per 1000 vB by which an output is dust; 0: 3000, -1: none is
	DataCarrier    int   // bytes of OP_RETURN outputs that a transaction may have; 0: 100,000, -1: no such output
	NoBareMultisig bool  // refuse bare multisig outputs
	ClusterCount   int   // transactions connected by spending, at most 64; 0: 64
	ClusterSize    int   // virtual bytes of them; 0: 101,000
}

// Accepted learns whose scripts hold, all of them, under these flags. Safe for
// concurrent use. *script.Accepted satisfies it.
type Accepted interface {
	Add(witnessID wire.Hash, f script.Flags)
}

// Defaults, Core 31's.
const (
	defaultMaxSize    = 300_000_000
	defaultMinFee     = 100
	defaultIncrement  = 100
	defaultExpiry     = 336 * time.Hour
	defaultMaxOrphans = 100

	defaultDustRate    = 3000
	defaultDataCarrier = maxTxWeight / consensus.WitnessScale
	defaultClusterSize = 101_000
)

// Pool is the set of waiting transactions. Safe for concurrent use.
//
// mu guards everything below it. The graph is at the block at: every input of
// an entry is an output of another entry or a coin unspent after at, except
// while following a reorganisation, until settle. Only follow moves at, and
// it holds following, which is taken before mu and never after it. Neither is held
// while scripts run; mu is not held while the chain reads updates. What a
// script check found holds whatever the chain does, since an input's outpoint
// commits to what it spends; all else is judged again under mu.
type Pool struct {
	chain            Chain
	file             string
	forget           bool
	floor, increment int64
	maxSize          int64
	expiry           time.Duration
	now              func() time.Time
	log              *slog.Logger
	policy           policy
	stem             bool

	scripts   scriptCache // locks itself
	accepted  Accepted    // may be nil
	following sync.Mutex
	resolving sync.Mutex // held while one orphan is being judged again
	saving    sync.Mutex
	wake      chan struct{} // has room for one: something is ready to be resolved

	mu          sync.Mutex
	at          wire.Hash
	height      uint32 // of at
	graph       *graph
	rolling     rolling
	orphans     *orphanage
	back        reverted
	owed        []owed              // oldest first
	private     map[*entry]bool     // see AddStem
	deltas      map[wire.Hash]int64 // see Prioritise; none is 0
	unbroadcast int                 // entries that are flagged so
	// What left or never came in, and may be in a block all the same.
	displaced, refused keepsake
	events             eventLog
	changed            chan struct{}
	loaded             bool // the file was read or there is none, so that it may be written
}

// New builds a pool; Run makes it follow the chain.
func New(c Config) (*Pool, error) {
	if c.Chain == nil {
		return nil, fmt.Errorf("mempool: no chain given")
	}
	if c.DustRate < -1 || c.DataCarrier < -1 || c.ClusterCount < 0 || c.ClusterCount > maxCluster || c.ClusterSize < 0 {
		return nil, fmt.Errorf("mempool: a limit is out of range: dust at %d sat/kvB, %d bytes of data, clusters of %d transactions (at most %d) and %d vB",
			c.DustRate, c.DataCarrier, c.ClusterCount, maxCluster, c.ClusterSize)
	}
	if c.MaxSize < 0 || c.MinFee < -1 || c.Increment < -1 || c.Expiry < 0 || c.MaxOrphans < 0 {
		return nil, fmt.Errorf("mempool: negative limit in %d bytes, %d sat/kvB, increment %d, expiry %v, %d orphans",
			c.MaxSize, c.MinFee, c.Increment, c.Expiry, c.MaxOrphans)
	}
	tip := c.Chain.Tip()
	p := &Pool{
		chain: c.Chain, file: c.File, forget: c.Forget, policy: c.policy(), accepted: c.Accepted,
		floor:     orDefault(c.MinFee, defaultMinFee),
		increment: max(0, orDefault(c.Increment, defaultIncrement)),
		maxSize:   orDefault(c.MaxSize, defaultMaxSize),
		expiry:    orDefault(c.Expiry, defaultExpiry),
		now:       c.Now, log: c.Log,
		wake: make(chan struct{}, 1),
		at:   tip.ID, height: tip.Height,
		graph: newGraph(limits{
			count:  orDefault(c.ClusterCount, maxCluster),
			weight: consensus.WitnessScale * int64(orDefault(c.ClusterSize, defaultClusterSize)),
		}),
		orphans:   newOrphanage(orDefault(c.MaxOrphans, defaultMaxOrphans)),
		changed:   make(chan struct{}),
		private:   make(map[*entry]bool),
		deltas:    make(map[wire.Hash]int64),
		stem:      c.Stem,
		displaced: keepsake{count: maxDisplaced, bytes: maxDisplacedBytes},
		refused:   keepsake{count: maxRefused, bytes: maxRefusedBytes},
		loaded:    c.File == "" || c.Forget,
	}
	if p.floor < 0 {
		p.floor = 0
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.rolling = rolling{increment: p.increment, capacity: p.maxSize, updated: p.now()}
	return p, nil
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// Run loads the file, follows the chain until ctx ends, and saves the file.
func (p *Pool) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.load(ctx)
	}()
	err := p.loop(ctx)
	if ctx.Err() != nil {
		err = nil // asked to end; the chain may have closed first
	}
	<-done
	if p.file != "" && !p.forget && p.isLoaded() {
		if _, saveErr := p.Save(); err == nil {
			err = saveErr
		}
	}
	return err
}

// expireEvery is how often old transactions and orphans are looked for.
const expireEvery = time.Minute

func (p *Pool) loop(ctx context.Context) error {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		moved := p.chain.Changed()
		if err := p.follow(ctx); err != nil {
			return err
		}
		p.resolve(ctx)
		select {
		case <-ctx.Done():
		case <-moved:
		case <-p.wake:
		case <-tick.C:
			p.expire()
		}
	}
	return nil
}

// Follow returns when the pool has seen every change of the chain up to its
// present tip. Orphans whose parents came may wait still: Run judges them.
func (p *Pool) Follow(ctx context.Context) error { return p.follow(ctx) }

// Sync returns when the pool has seen every change of the chain up to its
// present tip, and judged again the orphans whose parents came.
func (p *Pool) Sync(ctx context.Context) error {
	if err := p.follow(ctx); err != nil {
		return err
	}
	p.resolve(ctx)
	return ctx.Err()
}

// announce tells those who wait on Changed. Guarded by p.mu.
func (p *Pool) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}
