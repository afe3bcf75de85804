package chain

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
)

// A chain may begin in the middle: with the coins after a block, the base, that
// came from elsewhere and whose hash is known (Params.Assumed). Its tip is then
// the base, though the bodies before it are not there. Those come later, and the
// set behind is brought up to the base by them, see behind.go. Until that is done the
// coins cannot go back behind the base: only branches that contain it count.

// Snapshot is a coin set from elsewhere.
type Snapshot struct {
	Base wire.Hash
	// Ready is asked once the base is known to be a good one, before any coin is
	// read; nil: yes.
	Ready func() error
	// Each calls f for each coin, in any order. Its own errors blame the snapshot.
	Each func(f func(wire.Outpoint, *consensus.Coin) error) error
}

// SnapshotError is why a snapshot cannot be begun with, in Bitcoin Core's words.
type SnapshotError struct{ Text string }

func (e *SnapshotError) Error() string { return e.Text }

func unusable(format string, args ...any) error {
	return &SnapshotError{fmt.Sprintf(format, args...)}
}

// errTwice is Core's for a second snapshot.
var errTwice = unusable("Can't activate a snapshot-based chainstate more than once")

// LoadSnapshot makes the snapshot's base the tip. It takes as long as it takes to
// write and to hash the coins; the chain goes on meanwhile. The error is a *SnapshotError when the snapshot or
// the moment is to blame. It returns the state after the base.
func (c *Chain) LoadSnapshot(ctx context.Context, s Snapshot) (consensus.State, error) {
	store, ok := c.store.(Snapshots)
	if !ok {
		return c.Tip(), errors.New("this store has no place for a snapshot")
	}
	if !c.loading.CompareAndSwap(false, true) {
		return c.Tip(), errTwice
	}
	defer c.loading.Store(false)
	base, known, err := c.base(s.Base)
	if err == nil && s.Ready != nil {
		err = s.Ready()
	}
	if err == nil && base.work.Cmp(c.Tip().Work) <= 0 {
		err = unusable("Population failed: Work does not exceed active chainstate")
	}
	if err != nil {
		return c.Tip(), err
	}
	stage, err := store.Stage(ctx)
	if err != nil {
		return c.Tip(), fmt.Errorf("load snapshot: %w", err)
	}
	if err = populate(ctx, stage, s, known); err == nil {
		err = c.do(ctx, flushed, func() error {
			return c.engine.adopt(ctx, stage, base, Base{known.Block, known.Txs, known.Coins})
		})
	}
	if err != nil {
		return c.Tip(), errors.Join(err, stage.Discard(context.WithoutCancel(ctx)))
	}
	return base.state(c.params), nil
}

// base finds the block that a snapshot begins with, or why it cannot (Core:
// ActivateSnapshot, in its order).
func (c *Chain) base(id wire.Hash) (*node, consensus.AssumedCoins, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	known, ok := c.params.AssumedAt(id)
	n := c.tree.index[id]
	switch {
	case c.tree.floor != nil:
		return nil, known, errTwice
	case !ok:
		return nil, known, unusable("assumeutxo block hash in snapshot metadata not recognized (hash: %v). The following snapshot heights are available: %s",
			id, heights(c.params.Assumed))
	case n == nil:
		return nil, known, unusable("The base block header (%v) must appear in the headers chain. Make sure all headers are syncing, and call loadtxoutset again", id)
	case n.has(bad):
		return nil, known, unusable("The base block header (%v) is part of an invalid chain", id)
	case !c.tree.head.follows(n):
		return nil, known, unusable("A forked headers-chain with more work than the chain with the snapshot base block header exists. Please proceed to sync without AssumeUtxo.")
	case n.height() != known.Height:
		return nil, known, unusable("Population failed: Assumeutxo height in snapshot metadata not recognized (%d) - refusing to load snapshot", n.height())
	}
	return n, known, nil
}

func heights(sets []consensus.AssumedCoins) string {
	all := make([]string, len(sets))
	for i := range sets {
		all[i] = strconv.Itoa(int(sets[i].Height))
	}
	return strings.Join(all, ", ")
}

// populate writes the coins of s and compares their hash.
func populate(ctx context.Context, stage Stage, s Snapshot, known consensus.AssumedCoins) error {
	var ours error // the store's
	err := s.Each(func(op wire.Outpoint, coin *consensus.Coin) error {
		ours = stage.Put(ctx, op, coin)
		return ours
	})
	if ours != nil {
		return fmt.Errorf("load snapshot: %w", ours)
	}
	if err != nil {
		return unusable("Population failed: %v", err)
	}
	sum, err := coinset.Sum(ctx, stage.EachCoin, coinset.Serialized)
	if err != nil {
		return fmt.Errorf("load snapshot: %w", err)
	}
	if sum.Hash != known.Coins {
		return unusable("Population failed: Bad snapshot content hash: expected %v, got %v", known.Coins, sum.Hash)
	}
	return nil
}

// adopt makes base the tip and has its coins proven. All is flushed, and nothing
// is in a window.
func (e *engine) adopt(ctx context.Context, stage Stage, base *node, b Base) error {
	c, from := e.c, e.tip
	if _, _, err := c.base(b.ID); err != nil { // while the coins were read, headers may have come
		return err
	}
	if base.work.Cmp(c.Tip().Work) <= 0 {
		return unusable("work does not exceed active chainstate")
	}
	var err error
	e.change(func() {
		if err = e.store.(Snapshots).Adopt(context.WithoutCancel(ctx), stage, b); err != nil {
			err = c.fail(err)
			return
		}
		e.tip, e.state = base, base.state(c.params)
		c.mu.Lock()
		base.chainTxs = b.Txs
		c.tree.floor = base
		c.tree.relink(base)
		c.proving = from
		c.mu.Unlock()
		c.disk.Store(&base.id)
		c.showTip(base)
	})
	if err != nil {
		return err
	}
	e.prove(from)
	c.mu.Lock()
	c.showHead()
	c.mu.Unlock()
	c.log.Info("began with a snapshot: the blocks before it are fetched and judged behind it", "height", base.height(), "base", base.id)
	return nil
}

// Background is how far the proof of a snapshot is.
type Background struct {
	Base consensus.State // after the block that the snapshot is of
	At   consensus.State // that its proof has come to
}

// Background says how far the proof of the snapshot is which the chain began with;
// ok is false when there is nothing to prove.
func (c *Chain) Background() (b Background, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.tree.floor == nil {
		return b, false
	}
	return Background{c.tree.floor.state(c.params), c.proving.state(c.params)}, true
}

// pastFloor says whether taking n off the chain would take the coins behind an unproven base.
// mu is held.
func (c *Chain) pastFloor(n *node) bool { return c.tree.floor != nil && c.tree.floor.follows(n) }
