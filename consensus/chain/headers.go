package chain

import (
	"context"
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// AddHeaders judges headers, each the next one's parent, and keeps the valid
// ones. It returns the state after the last valid one. Headers already known
// cost little. The error is a *consensus.RuleError, ErrSetAside, ErrNoParent (also of one
// that does not follow the one before it), or a store's.
func (c *Chain) AddHeaders(ctx context.Context, hs []wire.Header) (consensus.State, error) {
	if err := ctx.Err(); err != nil {
		return c.BestHeader(), err
	}
	if err := c.stopped(); err != nil {
		return c.BestHeader(), err
	}
	if len(hs) == 0 {
		return c.BestHeader(), nil
	}
	ids, worked := Identify(c.params, hs)
	for i := 1; i < len(hs) && i <= worked; i++ {
		if hs[i].Parent != ids[i-1] {
			s, err := c.addHeaders(hs[:i], ids[:i], worked)
			if err == nil {
				err = fmt.Errorf("%w: header %d of those given does not follow the one before it", ErrNoParent, i)
			}
			return s, err
		}
	}
	return c.addHeaders(hs, ids, worked)
}

// addHeaders judges headers, of which so many are known to have their work and,
// with the one after them, to follow each other. It goes no further.
func (c *Chain) addHeaders(hs []wire.Header, ids []wire.Hash, worked int) (consensus.State, error) {
	now := c.now().Unix()
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.inbox.wake()
	defer c.showHead()

	last := c.tree.index[hs[0].Parent]
	if ids[0] == c.params.Genesis.ID() {
		last = c.tree.genesis()
	}
	if last == nil {
		return c.BestHeader(), fmt.Errorf("header %v: %w: %v", ids[0], ErrNoParent, hs[0].Parent)
	}
	s := last.state(c.params)
	fresh := true // s is the state after last
	for i := range hs {
		n := c.tree.index[ids[i]]
		if n != nil && !n.has(bad) {
			last, fresh = n, false
			continue
		}
		if !fresh {
			s, fresh = last.state(c.params), true
		}
		if n != nil {
			return s, badness(n)
		}
		if last.has(bad) {
			return s, badness(&node{parent: last, id: ids[i], flags: orphaned})
		}
		apply := consensus.ApplyWorked
		if i >= worked {
			apply = consensus.ApplyHeader
		}
		next, err := apply(s, &hs[i], ids[i])
		if err == nil {
			err = consensus.CheckTime(&hs[i], now)
		}
		if err != nil {
			return s, err
		}
		last, s = c.tree.add(last, &hs[i], &next), next
		c.save(last)
	}
	if !fresh {
		s = last.state(c.params)
	}
	return s, nil
}
