package mining

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// KeeperConfig is what a Keeper is built from. Zero values mean the defaults.
type KeeperConfig struct {
	Assembler *Assembler
	// ShowTx makes of a transaction what callers show of it whatever block it is in, and Show of a
	// template, with what ShowTx made of each transaction but the coinbase, what they show of them all: pieces that follow each
	// other. So nobody need wait for it. Both nil: nothing is made.
	ShowTx func(*wire.Tx) []byte
	Show   func(t *Template, txs [][]byte) [][]byte
	Log    *slog.Logger
}

// Ready is a template that lies ready for whoever asks. It is not to be changed.
type Ready struct {
	*Template
	Shown [][]byte // what Show made of it
	built time.Time
	took  time.Duration // to make, by the machine's clock
	given atomic.Bool   // somebody has it
}

// Keeper has a template ready: it builds the next one as soon as the tip moves or the mempool has
// changed, and judges it, before anybody asks. Safe for concurrent use.
//
// What it gives out has been judged by all rules. Coins that were looked up before the tip moved are not looked up
// again for that, see stock; so that no mistake in this lasts, Run has the chain judge each template anew, as if nothing were known,
// when it is there to be had.
//
// It holds one template, a block of at most 4 MB and what Show made of it, one more while that is built, and the parts of
// the one after it. building has room for the one goroutine that builds, which owns stock meanwhile and puts what it built in
// held. While nobody asks, nothing is built or held.
type Keeper struct {
	a    *Assembler
	show func(*Template, [][]byte) [][]byte
	log  *slog.Logger

	quick    time.Duration // the constant; a test's own
	building chan struct{}
	stock    stock
	wake     chan struct{} // has room for one: somebody asked
	held     atomic.Pointer[Ready]
	asked    atomic.Int64 // Unix nanoseconds
}

// NewKeeper builds a keeper; Run makes it build ahead.
func NewKeeper(c KeeperConfig) (*Keeper, error) {
	if c.Assembler == nil {
		return nil, errors.New("mining: the keeper needs an assembler")
	}
	k := &Keeper{a: c.Assembler, show: c.Show, log: c.Log, quick: quick, building: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	k.stock = stock{show: c.ShowTx, parts: make(map[*mempool.Packed]*part)}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	return k, nil
}

const (
	// outdated is how long a template is given out that does not know of the mempool's newest
	// changes (Core's), by the node's clock.
	outdated = 5 * time.Second
	// quick is what a template may take to be made while somebody waits who would get another one that was made
	// ahead, lacks the newest transactions, and was given to nobody yet. (Core makes all at the first question.)
	quick = 5 * time.Millisecond
	// rest is the least time between two templates on one tip, and share the part of
	// the time that may be spent on them.
	rest  = time.Second
	share = 10
	// grace is how long those who waited for a template are left alone with it: to write and send it takes
	// as much of the machine as to judge it anew, which can wait.
	grace = 100 * time.Millisecond
	// interest is how long after the last question templates are built ahead.
	interest = time.Hour
)

// anyone is whom templates pay that are given out: the caller puts its own coinbase there.
var anyone = []byte{0x51} // OP_TRUE

// Latest is the template on the present tip. It knows of all that entered the
// mempool until 5 seconds ago, mostly of more.
func (k *Keeper) Latest(ctx context.Context) (*Ready, error) {
	k.asked.Store(time.Now().UnixNano())
	select {
	case k.wake <- struct{}{}:
	default:
	}
	r := k.held.Load()
	if !k.serves(r) {
		var err error
		if r, err = k.build(ctx, k.serves); err != nil {
			return nil, err
		}
	}
	r.given.Store(true)
	k.a.got(r.Template, len(r.Block.Txs)-1)
	return r, nil
}

// serves says whether r may still be given out.
func (k *Keeper) serves(r *Ready) bool {
	switch {
	case !k.onTip(r):
		return false
	case !r.grownSince():
		return true
	case !r.given.Load() && r.took < k.quick:
		return false
	}
	return k.a.now().Sub(r.built) <= outdated
}

func (k *Keeper) onTip(r *Ready) bool { return r != nil && r.Prev.ID == k.a.chain.Tip().ID }

// current says whether nothing has changed since r was built.
func (k *Keeper) current(r *Ready) bool { return k.onTip(r) && !r.grownSince() }

func (t *Template) grownSince() bool {
	select {
	case <-t.grown:
		return true
	default:
		return false
	}
}

// build returns a template that good approves of: a new one, unless another goroutine
// has made one meanwhile.
func (k *Keeper) build(ctx context.Context, good func(*Ready) bool) (*Ready, error) {
	select {
	case k.building <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-k.building }()
	if r := k.held.Load(); good(r) {
		return r, nil
	}
	r, start := &Ready{built: k.a.now()}, time.Now()
	var err error
	if r.Template, err = k.a.build(ctx, anyone, 0, nil, &k.stock); err != nil {
		return nil, err
	}
	if k.show != nil {
		r.Shown = k.show(r.Template, r.shown)
	}
	r.took = time.Since(start)
	k.held.Store(r)
	return r, nil
}

// drop lets go of r, if that is what is held, and of what was made ahead.
func (k *Keeper) drop(r *Ready) {
	k.building <- struct{}{}
	defer func() { <-k.building }()
	if k.held.CompareAndSwap(r, nil) {
		clear(k.stock.parts)
	}
}

// prove has the chain look up all that r spends. Should r break a rule it is withdrawn, and no coin is taken as known any
// more.
func (k *Keeper) prove(ctx context.Context, r *Ready) {
	if !r.known {
		return
	}
	err := k.a.chain.TestBlock(ctx, r.Block, true)
	var re *consensus.RuleError
	if !errors.As(err, &re) {
		return // it is good, or no longer wanted
	}
	k.log.Error("a block template was wrong, and is made again", "height", r.Height(), "err", err)
	k.building <- struct{}{}
	k.stock.wrong = true
	k.held.CompareAndSwap(r, nil)
	<-k.building
}

// Run builds ahead until ctx ends, then returns nil.
func (k *Keeper) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var next time.Time // no earlier is another one built on the same tip
	var tended *Ready
	var spent time.Duration // on the newest
	for ctx.Err() == nil {
		moved, r, start := k.a.chain.Changed(), k.held.Load(), time.Now()
		if start.Sub(time.Unix(0, k.asked.Load())) > interest {
			k.drop(r) // nobody wants it: its memory is better spent
			wait(ctx, nil, k.wake, nil)
			continue
		}
		if k.onTip(r) && r != tended { // whoever built it
			timer.Reset(grace)
			wait(ctx, timer.C, nil, moved)
			if !k.onTip(r) {
				continue
			}
			start = time.Now()
			k.prove(ctx, r)
			k.stockUp(ctx, r)
			tended, next, spent = r, time.Now().Add(max(rest, share*(spent+time.Since(start)))), 0
			continue
		}
		if left := next.Sub(start); k.onTip(r) && (left > 0 || !r.grownSince()) {
			k.pause(ctx, timer, r, left, moved)
			continue
		}
		if _, err := k.build(ctx, k.current); err != nil && ctx.Err() == nil {
			k.log.Warn("no block template", "err", err)
			timer.Reset(retry)
			wait(ctx, timer.C, nil, moved)
		}
		spent = time.Since(start)
	}
	return nil
}

// pause ends when r may be worth to be made again: when the tip moves, or, not before left has passed, when the mempool has grown.
func (k *Keeper) pause(ctx context.Context, timer *time.Timer, r *Ready, left time.Duration, moved <-chan struct{}) {
	grown := r.grown
	if left > 0 {
		grown = nil // it may go on growing
	} else {
		left = interest
	}
	timer.Reset(left)
	wait(ctx, timer.C, grown, moved)
}
