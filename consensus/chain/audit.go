package chain

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// auditMost is how many coins an audit holds in memory. Where there are more, blocks further
// down are not taken off.
const auditMost = 4 << 20

// ErrPartial says that an audit found nothing wrong, but not all was there to be looked
// at, or there was more than it holds in memory.
var ErrPartial = errors.New("not all could be verified")

// audit takes blocks off the tip in memory, and puts them on again.
type audit struct {
	c     *Chain
	level int
	coins map[wire.Outpoint]consensus.Coin // as changed; others are the chain's
	back  []consensus.Update               // taken off, newest first
}

// Audit reads the last depth blocks (0: all) and verifies them as Bitcoin Core's
// verifychain does: level 0 reads bodies, 1 judges what needs no coins, 2 reads
// what they spent, 3 takes them off the coins, and 4 connects them again,
// scripts included. Nothing changes; from level 3 on the chain stands still
// meanwhile. nil says that all is well.
func (c *Chain) Audit(ctx context.Context, level, depth int) error {
	if level >= 3 {
		c.coins.RLock()
		defer c.coins.RUnlock()
	}
	c.mu.RLock()
	tip := c.active[len(c.active)-1]
	c.mu.RUnlock()
	a := &audit{c: c, level: level, coins: make(map[wire.Outpoint]consensus.Coin)}
	last := uint32(0)
	if depth > 0 && uint32(depth) < tip.height() {
		last = tip.height() - uint32(depth)
	}
	partial := false
	for n := tip; n.height() > last; n = n.parent {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !c.hasBodyOf(n) {
			partial = true
			break
		}
		if len(a.coins) > auditMost {
			a.level, partial = min(a.level, 2), true
		}
		if err := a.takeOff(n); err != nil {
			return fmt.Errorf("block %v at height %d: %w", n.id, n.height(), err)
		}
	}
	for _, u := range slices.Backward(a.back) {
		if err := a.putOn(ctx, u); err != nil {
			return fmt.Errorf("connect block %v at height %d again: %w", u.Next.ID, u.Next.Height, err)
		}
	}
	if partial {
		return ErrPartial
	}
	return nil
}

func (c *Chain) hasBodyOf(n *node) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return n.has(hasBody)
}

// takeOff verifies n, which is the tip of what is left.
func (a *audit) takeOff(n *node) error {
	b, err := a.c.Block(n.id)
	if err != nil {
		return err
	}
	if a.level >= 1 {
		parent := n.parent.state(a.c.params)
		if err := errors.Join(a.c.checkBlock(b), consensus.CheckBlockContext(&parent, b)); err != nil {
			return err
		}
	}
	if a.level < 2 {
		return nil
	}
	spent, err := a.c.Spent(n.id)
	if err != nil {
		return err
	}
	if want := b.Spends(); len(spent) != want {
		return fmt.Errorf("it spent %d coins, %d are stored", want, len(spent))
	}
	if a.level < 3 {
		return nil
	}
	u := consensus.Update{Prev: n.parent.state(a.c.params), Next: n.state(a.c.params), Block: b, Spent: spent}
	if err := a.revert(&u); err != nil {
		return err
	}
	if a.level >= 4 {
		a.back = append(a.back, u)
	}
	return nil
}

// revert takes u off, and wants each coin that it made to be there and each that it
// spent to be gone.
func (a *audit) revert(u *consensus.Update) error {
	_, exempt := a.c.params.BIP30Exempt[u.Next.Height]
	spent := u.Spent
	for i, t := range slices.Backward(u.Block.Txs) {
		for k := range t.Outs {
			if script.IsUnspendable(t.Outs[k].Script) {
				continue
			}
			op := t.Outpoint(k)
			coin, err := a.Coin(op)
			if err != nil {
				return err
			}
			right := !coin.Missing && coin.Value == t.Outs[k].Value && string(coin.Script) == string(t.Outs[k].Script) &&
				coin.Height == u.Next.Height && coin.Coinbase == (i == 0)
			if !right && !exempt {
				return fmt.Errorf("coin %v that it made is not there, or another", op)
			}
			a.coins[op] = consensus.Coin{Missing: true}
		}
		if i == 0 {
			break
		}
		mine := spent[len(spent)-len(t.Ins):]
		spent = spent[:len(spent)-len(t.Ins)]
		for k := range t.Ins {
			coin, err := a.Coin(t.Ins[k].Prev)
			if err != nil {
				return err
			}
			if !coin.Missing {
				return fmt.Errorf("coin %v that it spent is still there", t.Ins[k].Prev)
			}
			a.coins[t.Ins[k].Prev] = mine[k]
		}
	}
	return nil
}

// putOn connects u's block again.
func (a *audit) putOn(ctx context.Context, u consensus.Update) error {
	a.c.mu.RLock()
	tip := a.c.tree.index[u.Prev.ID]
	a.c.mu.RUnlock()
	in, err := a.c.inputs(a, tip, &u.Prev, u.Block)
	if err != nil {
		return err
	}
	next, checks, err := consensus.Connect(u.Prev, u.Next, u.Block, in)
	if err != nil {
		return err
	}
	if err := a.c.runChecks(ctx, u.Next.ID, checks); err != nil {
		return err
	}
	for k, t := range next.Block.Txs {
		for i := 0; k > 0 && i < len(t.Ins); i++ {
			a.coins[t.Ins[i].Prev] = consensus.Coin{Missing: true}
		}
		for o := range t.Outs {
			if !script.IsUnspendable(t.Outs[o].Script) {
				a.coins[t.Outpoint(o)] = consensus.Coin{Out: t.Outs[o], Height: u.Next.Height, Coinbase: k == 0}
			}
		}
	}
	return nil
}

// Coin implements lookup. The chain's lock on coins is held.
func (a *audit) Coin(op wire.Outpoint) (consensus.Coin, error) {
	if coin, changed := a.coins[op]; changed {
		return coin, nil
	}
	coin, err := a.c.store.Coin(op)
	if err != nil {
		return coin, err
	}
	one := []consensus.Coin{coin}
	a.c.takeBack([]wire.Outpoint{op}, one)
	return one[0], nil
}

// Resolve implements lookup.
func (a *audit) Resolve(b *wire.Block, dst []consensus.Coin) ([]consensus.Coin, error) {
	for _, t := range b.Txs[1:] {
		for k := range t.Ins {
			coin, err := a.Coin(t.Ins[k].Prev)
			if err != nil {
				return nil, err
			}
			dst = append(dst, coin)
		}
	}
	return dst, nil
}
