package chain

import (
	"errors"
	"fmt"
	"sync"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// UpdatesSince returns how to get from the block id to the tip: updates to
// revert, newest first, then updates to apply, oldest first; at most max in
// all, so that one call may stop short of the tip. ErrUnknown when id was never on the
// chain, ErrNoBlock when the next body on the way to the tip is not stored: it was pruned (ErrPruned), or it is
// before a snapshot's base and will come (see Background).
func (c *Chain) UpdatesSince(id wire.Hash, max int) (reverted, applied []consensus.Update, err error) {
	back, forth, err := c.way(id, max)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range back {
		u, err := c.update(n)
		if errors.Is(err, ErrNoBlock) {
			return nil, nil, fmt.Errorf("%w: what %v changed is not stored", ErrUnknown, n.id)
		}
		if err != nil {
			return nil, nil, err
		}
		reverted = append(reverted, u)
	}
	for _, n := range forth {
		u, err := c.update(n)
		if errors.Is(err, ErrNoBlock) && len(reverted)+len(applied) > 0 {
			break // the next call says so
		}
		if err != nil {
			return nil, nil, err
		}
		applied = append(applied, u)
	}
	return reverted, applied, nil
}

// way lists the blocks from id back to the published branch, and on to its tip.
func (c *Chain) way(id wire.Hash, max int) (back, forth []*node, err error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n := c.tree.index[id]
	if n == nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrUnknown, id)
	}
	if !c.onActive(n) && !n.has(linked) {
		return nil, nil, fmt.Errorf("%w: %v was never on the chain", ErrUnknown, id)
	}
	for ; !c.onActive(n) && len(back) < max; n = n.parent {
		back = append(back, n)
	}
	if !c.onActive(n) {
		return back, nil, nil
	}
	rest := c.active[n.height()+1:]
	return back, append(forth, rest[:min(len(rest), max-len(back))]...), nil
}

// update puts together what n changed, from what is stored.
func (c *Chain) update(n *node) (consensus.Update, error) {
	if u, ok := c.updates.get(n.id); ok {
		return u, nil
	}
	b, err := c.Block(n.id)
	if err != nil {
		return consensus.Update{}, fmt.Errorf("read block %v: %w", n.id, err)
	}
	spent, err := c.Spent(n.id)
	if err != nil {
		return consensus.Update{}, fmt.Errorf("read coins spent by block %v: %w", n.id, err)
	}
	if want := b.Spends(); len(spent) != want {
		return consensus.Update{}, fmt.Errorf("block %v spent %d coins, %d are stored", n.id, want, len(spent))
	}
	return consensus.Update{
		Prev:  n.parent.state(c.params),
		Next:  n.state(c.params),
		Block: b,
		Spent: spent,
		Fees:  fees(b, spent),
	}, nil
}

func fees(b *wire.Block, spent []consensus.Coin) (sum int64) {
	for i := range spent {
		sum += spent[i].Value
	}
	for _, t := range b.Txs[1:] {
		for i := range t.Outs {
			sum -= t.Outs[i].Value
		}
	}
	return sum
}

// recent keeps the last updates, so that followers need not read them from
// disk: recentBlocks of them at most, and the newest alone if the others have no
// place beside it. The zero value is empty.
type recent struct {
	limit int64 // bytes of memory

	mu   sync.Mutex
	list []recentUpdate // oldest first
	size int64
}

type recentUpdate struct {
	id   wire.Hash
	u    consensus.Update
	size int64
}

func (r *recent) put(id wire.Hash, u consensus.Update, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.list {
		if r.list[i].id == id {
			return
		}
	}
	r.list = append(r.list, recentUpdate{id, u, size})
	r.size += size
	for len(r.list) > recentBlocks || r.size > r.limit && len(r.list) > 1 {
		r.size -= r.list[0].size
		r.list[0] = recentUpdate{}
		r.list = r.list[1:]
	}
}

func (r *recent) get(id wire.Hash) (consensus.Update, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.list) - 1; i >= 0; i-- {
		if r.list[i].id == id {
			return r.list[i].u, true
		}
	}
	return consensus.Update{}, false
}
