package chain

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/quernnet/quern/consensus/wire"
)

const (
	// keptBlocks are never pruned: whoever is limited to recent blocks serves
	// those (Core: MIN_BLOCKS_TO_KEEP), and a reorganisation that deep can be undone.
	keptBlocks = 288
	// heldBuffer are blocks kept below what somebody still needs (Core:
	// PRUNE_LOCK_BUFFER, and one).
	heldBuffer = 11
	// pruneShare of the target is how much must have come before pruning is tried again,
	// and as much is left free (at the least target 17 MiB).
	pruneShare = 32
)

// ErrPruned is ErrNoBlock of a body that was here, and was pruned.
var ErrPruned = fmt.Errorf("%w: it was pruned", ErrNoBlock)

// holds are the heights from which on others still need bodies. The zero value
// is empty.
type holds struct {
	mu sync.Mutex
	by map[string]uint32
}

// HoldPruning keeps the bodies from a height on, for whoever has that name, until
// another call or ReleasePruning: who follows the chain with what it has read
// holds what it has not.
func (c *Chain) HoldPruning(name string, from uint32) {
	c.holds.mu.Lock()
	defer c.holds.mu.Unlock()
	if c.holds.by == nil {
		c.holds.by = make(map[string]uint32)
	}
	c.holds.by[name] = from
}

// ReleasePruning ends HoldPruning.
func (c *Chain) ReleasePruning(name string) {
	c.holds.mu.Lock()
	defer c.holds.mu.Unlock()
	delete(c.holds.by, name)
}

// last is the height of the last block that nobody holds, at most most.
func (h *holds) last(most uint32) uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	for from := range maps.Values(h.by) {
		most = min(most, max(from, heldBuffer+1)-heldBuffer)
	}
	return most
}

// Prunes says that bodies may go while the node runs, or have gone: it must not
// promise old ones.
func (c *Chain) Prunes() bool { return c.prune != 0 || c.pruned() }

func (c *Chain) pruned() bool {
	p, ok := c.store.(Pruner)
	return ok && p.Pruned()
}

// Usage is how many bytes bodies and undo data take on disk.
func (c *Chain) Usage() int64 {
	if p, ok := c.store.(Pruner); ok {
		return p.Usage()
	}
	return 0
}

// FirstBody is the height from which on the active branch has all its bodies;
// above the tip when even that one's is missing.
func (c *Chain) FirstBody() uint32 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	i := len(c.active)
	for i > 0 && c.active[i-1].has(hasBody) {
		i--
	}
	return uint32(i)
}

// ErrNotPruning is Prune of a chain that was not told to.
var ErrNotPruning = errors.New("the chain does not prune")

// Prune removes what it can of the bodies up to a height.
func (c *Chain) Prune(ctx context.Context, height uint32) error {
	if c.prune == 0 {
		return ErrNotPruning
	}
	return c.do(ctx, flushed, func() error {
		c.engine.pruneUpTo(height, c.engine.tip, c.engine.provenNode(), 0)
		return c.Err()
	})
}

// overfull says that there is more than the target, and enough has come since it was
// last tried to make it less.
func (e *engine) overfull() bool {
	target := e.c.prune
	if target <= 0 {
		return false
	}
	usage := e.c.Usage()
	return usage > target-target/pruneShare && usage >= e.pruneAt
}

// pruneSoon has a flush begin if there is something to prune after it.
func (e *engine) pruneSoon() {
	if e.overfull() {
		e.flushDue = true
	}
}

// pruneFlushed prunes after a flush.
func (e *engine) pruneFlushed(f *flush) {
	if !e.overfull() {
		return
	}
	target, before := e.c.prune, e.c.Usage()
	e.pruneUpTo(f.at.height(), f.at, f.behind, target-target/pruneShare)
	// What has come since the flush began was not looked at.
	e.pruneAt = f.usage - (before - e.c.Usage()) + target/pruneShare
}

// provenNode is what the set behind is after, nil where there is none.
func (e *engine) provenNode() *node {
	if e.behind == nil {
		return nil
	}
	return e.behind.tip
}

// pruneUpTo removes bodies up to a height, when what is flushed is after tip and
// after behind.
func (e *engine) pruneUpTo(height uint32, tip, behind *node, most int64) {
	c := e.c
	p, ok := c.store.(Pruner)
	if !ok {
		return
	}
	height = c.holds.last(height)
	keep := func(id wire.Hash) bool {
		c.mu.RLock()
		n, floor := c.tree.index[id], c.tree.floor
		c.mu.RUnlock()
		if n == nil {
			return false
		}
		done := tip
		if floor != nil && n.height() <= floor.height() {
			if done = behind; done == nil {
				return true
			}
		}
		return n.height() > height || n.height()+keptBlocks > done.height()
	}
	gone, err := p.Prune(context.Background(), keep, most)
	if len(gone) > 0 {
		c.unbody(gone, e.tip)
		c.log.Info("old blocks pruned", "blocks", len(gone), "first", c.FirstBody(), "bytes", p.Usage())
	}
	if err != nil {
		c.fail(err)
	}
}

// unbody notes that bodies are gone. base is what the coins are after.
func (c *Chain) unbody(gone []wire.Hash, base *node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range gone {
		if n := c.tree.index[id]; n != nil {
			n.flags &^= hasBody
		}
	}
	c.tree.relink(base)
}

// absent makes err, if it says that a body is not stored, say that it was pruned.
func (c *Chain) absent(id wire.Hash, err error) error {
	if !errors.Is(err, ErrNoBlock) || !c.pruned() {
		return err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if n := c.tree.index[id]; n != nil && n.txs > 0 && !n.has(hasBody) {
		return fmt.Errorf("block %v: %w", id, ErrPruned)
	}
	return err
}

// PruneTarget is Config.Prune.
func (c *Chain) PruneTarget() int64 { return c.prune }
