package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
)

// Invalidate sets a block and all that follow it aside, until Reconsider. It
// returns when the tip is on the best of the other branches. ErrPruned when blocks that
// would have to be taken back for it were pruned.
func (c *Chain) Invalidate(ctx context.Context, id wire.Hash) error {
	return c.remark(ctx, id, func(n *node) error {
		if n.parent == nil {
			return errors.New("the genesis block cannot be set aside")
		}
		c.mu.RLock()
		past, floor := c.pastFloor(n), c.tree.floor
		c.mu.RUnlock()
		if past {
			return errFloor(floor)
		}
		if err := c.engine.canRevert(n); err != nil {
			return fmt.Errorf("block %v cannot be set aside: %w", n.id, err)
		}
		c.condemn(n, rejected)
		return nil
	})
}

// canRevert says why the coins cannot be brought back to before n.
func (e *engine) canRevert(n *node) error {
	if !e.tip.follows(n) {
		return nil
	}
	for m := e.tip; m != n.parent; m = m.parent {
		if !e.flagged(m, hasBody) {
			return fmt.Errorf("block %v at height %d would be taken back: %w", m.id, m.height(), ErrPruned)
		}
	}
	// A body that was fetched again has no undo data.
	if _, err := e.c.Spent(n.id); errors.Is(err, ErrNoBlock) {
		return fmt.Errorf("what block %v at height %d spent is gone: %w", n.id, n.height(), ErrPruned)
	}
	return nil
}

// Reconsider forgets that a block, its ancestors and descendants are invalid,
// and judges them anew. It returns when the tip is on the best branch.
func (c *Chain) Reconsider(ctx context.Context, id wire.Hash) error {
	return c.remark(ctx, id, func(n *node) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, m := range c.tree.nodes {
			if m.has(invalid|rejected) && (m.follows(n) || n.follows(m)) {
				m.flags &^= invalid | rejected
				c.save(m)
			}
		}
		c.tree.judge()
		c.showHead()
		return nil
	})
}

// remark has the engine run f on a block while nothing is being judged, and
// waits until the tip is where the marks want it.
func (c *Chain) remark(ctx context.Context, id wire.Hash, f func(*node) error) error {
	c.mu.RLock()
	n := c.tree.index[id]
	c.mu.RUnlock()
	if n == nil {
		return fmt.Errorf("%w: %v", ErrUnknown, id)
	}
	if err := c.do(ctx, drained, func() error { return f(n) }); err != nil {
		return err
	}
	return c.do(ctx, settled, nil)
}
