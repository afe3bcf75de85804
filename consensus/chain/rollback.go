package chain

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// EachCoinAt is EachCoin of the set as it was after an earlier block of the active
// branch. What the blocks since have changed is held in memory; their
// bodies must be stored.
func (c *Chain) EachCoinAt(ctx context.Context, id wire.Hash, f func(wire.Outpoint, consensus.Coin) error) (consensus.State, error) {
	c.mu.RLock()
	to := c.tree.index[id]
	c.mu.RUnlock()
	if to == nil {
		return c.Tip(), fmt.Errorf("%w: %v", ErrUnknown, id)
	}
	m := merge{f: f}
	_, err := c.eachCoin(ctx, func(tip consensus.State) (err error) {
		m.changes, m.order, err = c.rollback(ctx, tip.ID, to)
		return err
	}, m.coin)
	if err == nil {
		err = m.rest()
	}
	return to.state(c.params), err
}

// rollback works out what the blocks after to, up to the one with that id, have
// changed, read backwards: coins that they spent, and those Missing that they made.
func (c *Chain) rollback(ctx context.Context, id wire.Hash, to *node) (map[wire.Outpoint]consensus.Coin, []wire.Outpoint, error) {
	c.mu.RLock()
	n := c.tree.index[id]
	c.mu.RUnlock()
	if !n.follows(to) {
		return nil, nil, fmt.Errorf("%w: %v is not on the branch of the coins", ErrUnknown, to.id)
	}
	changes := make(map[wire.Outpoint]consensus.Coin)
	for ; n != to; n = n.parent {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		u, err := c.update(n)
		if err != nil {
			return nil, nil, fmt.Errorf("roll back the block at height %d: %w", n.height(), err)
		}
		takeOff(changes, &u)
	}
	order := slices.SortedFunc(maps.Keys(changes), compareOutpoints)
	return changes, order, nil
}

// takeOff adds what reverting u changes.
func takeOff(changes map[wire.Outpoint]consensus.Coin, u *consensus.Update) {
	spent := u.Spent
	for i, t := range slices.Backward(u.Block.Txs) {
		for k := range t.Outs {
			if script.IsUnspendable(t.Outs[k].Script) {
				continue
			}
			op := t.Outpoint(k)
			if _, later := changes[op]; later {
				delete(changes, op) // made and spent since
			} else {
				changes[op] = consensus.Coin{Missing: true}
			}
		}
		if i == 0 {
			return
		}
		mine := spent[len(spent)-len(t.Ins):]
		spent = spent[:len(spent)-len(t.Ins)]
		for k := range t.Ins {
			changes[t.Ins[k].Prev] = mine[k]
		}
	}
}

func compareOutpoints(a, b wire.Outpoint) int {
	if c := slices.Compare(a.TxID[:], b.TxID[:]); c != 0 {
		return c
	}
	return cmp.Compare(a.Index, b.Index)
}

// merge puts changes among coins that come in order.
type merge struct {
	f       func(wire.Outpoint, consensus.Coin) error
	changes map[wire.Outpoint]consensus.Coin
	order   []wire.Outpoint // of changes, that are not yet told
}

func (m *merge) coin(op wire.Outpoint, c consensus.Coin) error {
	for len(m.order) > 0 && compareOutpoints(m.order[0], op) <= 0 {
		same := m.order[0] == op
		if err := m.next(); err != nil {
			return err
		}
		if same {
			return nil
		}
	}
	return m.f(op, c)
}

func (m *merge) next() error {
	op := m.order[0]
	m.order = m.order[1:]
	if c := m.changes[op]; !c.Missing {
		return m.f(op, c)
	}
	return nil
}

func (m *merge) rest() error {
	for len(m.order) > 0 {
		if err := m.next(); err != nil {
			return err
		}
	}
	return nil
}
