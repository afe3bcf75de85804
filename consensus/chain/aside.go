package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
)

// Invalidate sets a block and all that follow it aside, until Reconsider. It
// returns when the tip is on the best of the other branches.
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
		c.condemn(n, rejected)
		return nil
	})
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
