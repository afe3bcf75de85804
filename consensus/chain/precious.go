package chain

import (
	"context"
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// precious is how ties were last broken by hand.
type precious struct {
	seq  int32     // of the last such block; below those of all that came by themselves
	work work.Work // of the tip then
}

// Precious treats a block as if it had come before all others with the same
// work (Core: PreciousBlock). A later call takes precedence. It is forgotten at the next Open. It returns when
// the tip is on the best branch.
func (c *Chain) Precious(ctx context.Context, id wire.Hash) error {
	return c.remark(ctx, id, func(n *node) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		tip, p := c.active[len(c.active)-1], &c.precious
		if n.work.Cmp(tip.work) < 0 {
			return nil
		}
		if tip.work.Cmp(p.work) > 0 {
			p.seq = 0 // the chain has grown since: blocks of then are of no matter
		}
		p.work = tip.work
		p.seq--
		n.seq = p.seq
		if n.has(linked) {
			c.tree.choose()
			c.showHead()
		}
		return nil
	})
}

// errFloor refuses to take off what the coins cannot go back behind.
func errFloor(floor *node) error {
	return fmt.Errorf("the node began with a snapshot at height %d that is not yet proven, and cannot go back behind it", floor.height())
}
