package mining

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

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
}

// Keeper has a template ready: it builds the next one as soon as the tip moves or the mempool has
// changed, and judges it, before anybody asks. Safe for concurrent use.
//
// It holds one template, a block of at most 4 MB and what Show made of it, one more while that is built, and the parts of
// the one after it. building has room for the one goroutine that builds, which owns stock meanwhile and puts what it built in
// held. While nobody asks, nothing is built or held.
type Keeper struct {
	a    *Assembler
	show func(*Template, [][]byte) [][]byte
	log  *slog.Logger

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
	k := &Keeper{a: c.Assembler, show: c.Show, log: c.Log, building: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	k.stock = stock{show: c.ShowTx, parts: make(map[*mempool.Packed]part)}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	return k, nil
}

const (
	// outdated is how long a template is given out that does not know of the mempool's newest
	// changes (Core's), by the node's clock.
	outdated = 5 * time.Second
	// rest is the least time between two templates on one tip, and share the part of
	// the time that may be spent on them.
	rest  = time.Second
	share = 10
	// interest is how long after the last question templates are built ahead.
	interest = time.Hour
)

// anyone is whom templates pay that are given out: the caller puts its own coinbase there.
var anyone = []byte{0x51} // OP_TRUE

// Latest is the template on the present tip. It knows of all that entered the
// mempool until 5 seconds ago, mostly of more. What is returned has passed TestBlock.
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
	k.a.got(r.Template, len(r.Block.Txs)-1)
	return r, nil
}

// serves says whether r may still be given out.
func (k *Keeper) serves(r *Ready) bool {
	return k.onTip(r) && (!r.grownSince() || k.a.now().Sub(r.built) <= outdated)
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
	r := &Ready{built: k.a.now()}
	var err error
	if r.Template, err = k.a.build(ctx, anyone, 0, nil, &k.stock); err != nil {
		return nil, err
	}
	if k.show != nil {
		r.Shown = k.show(r.Template, r.shown)
	}
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

// Run builds ahead until ctx ends, then returns nil.
func (k *Keeper) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var next time.Time // no earlier is another one built on the same tip
	for ctx.Err() == nil {
		moved, r := k.a.chain.Changed(), k.held.Load()
		if time.Since(time.Unix(0, k.asked.Load())) > interest {
			k.drop(r) // nobody wants it: its memory is better spent
			wait(ctx, nil, k.wake, nil)
			continue
		}
		if left := time.Until(next); k.onTip(r) && (left > 0 || !r.grownSince()) {
			grown := r.grown
			if left > 0 {
				grown = nil // it may go on growing
			} else {
				left = interest
			}
			timer.Reset(left)
			wait(ctx, timer.C, grown, moved)
			continue
		}
		start := time.Now()
		if r, err := k.build(ctx, k.current); err == nil {
			k.stockUp(ctx, r)
		} else if ctx.Err() == nil {
			k.log.Warn("no block template", "err", err)
			timer.Reset(retry)
			wait(ctx, timer.C, nil, moved)
			continue
		}
		next = time.Now().Add(max(rest, share*time.Since(start)))
	}
	return nil
}
