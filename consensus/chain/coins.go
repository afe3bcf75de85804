package chain

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Coins looks up unspent coins, all at the tip that is returned with them, TimePast filled
// in. Those that do not exist are Missing.
func (c *Chain) Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error) {
	return c.lookUp(ops, func(int) bool { return true })
}

// lookUp is Coins with TimePast where timed says of an outpoint, by its place, that it is needed.
func (c *Chain) lookUp(ops []wire.Outpoint, timed func(int) bool) (consensus.State, []consensus.Coin, error) {
	c.coins.RLock()
	defer c.coins.RUnlock()
	if err := c.stopped(); err != nil {
		return c.Tip(), nil, err
	}
	c.mu.RLock()
	tip := c.active[len(c.active)-1]
	c.mu.RUnlock()

	coins, err := c.store.CoinsAt(ops, make([]consensus.Coin, 0, len(ops)))
	if err != nil {
		return c.Tip(), nil, fmt.Errorf("look up coins: %w", err)
	}
	c.takeBack(ops, coins)
	for i := range coins {
		if !coins[i].Missing && timed(i) {
			if coins[i].TimePast, err = c.timePast(tip, coins[i].Height); err != nil {
				return c.Tip(), nil, err
			}
		}
	}
	return c.Tip(), coins, nil
}

// takeBack undoes in coins what the window, applied beyond the tip, did to ops.
// The lock coins is held.
func (c *Chain) takeBack(ops []wire.Outpoint, coins []consensus.Coin) {
	if len(c.window) == 0 {
		return
	}
	places := make(map[wire.Outpoint][]int, len(ops))
	ids := make(map[wire.Hash]bool, len(ops))
	for i, op := range ops {
		places[op] = append(places[op], i)
		ids[op.TxID] = true
	}
	set := func(op wire.Outpoint, coin consensus.Coin) {
		for _, i := range places[op] {
			coins[i] = coin
		}
	}
	for _, a := range slices.Backward(c.window) {
		b, spent := a.update.Block, a.update.Spent
		for k, t := range slices.Backward(b.Txs) {
			if ids[t.ID()] {
				for i := range t.Outs {
					set(t.Outpoint(i), consensus.Coin{Missing: true})
				}
			}
			if k == 0 {
				continue
			}
			mine := spent[len(spent)-len(t.Ins):]
			spent = spent[:len(spent)-len(t.Ins)]
			for i := range t.Ins {
				set(t.Ins[i].Prev, mine[i])
			}
		}
	}
}

// EachCoin flushes and calls f for each coin at the tip that it returns, in the
// order of (txid bytes, index). The chain may move on meanwhile.
func (c *Chain) EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) (consensus.State, error) {
	return c.eachCoin(ctx, func(consensus.State) error { return nil }, f)
}

// eachCoin also calls first with the tip, before f. The chain moves on
// meanwhile already, unless there is no coin.
func (c *Chain) eachCoin(ctx context.Context, first func(consensus.State) error, f func(wire.Outpoint, consensus.Coin) error) (consensus.State, error) {
	// The engine stands still from the flush until the store's reading has
	// begun, so that no later flush comes between.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	at := make(chan consensus.State)
	begun := make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) })
	defer begin()
	refused := make(chan error, 1)
	go func() {
		refused <- c.do(ctx, flushed, func() error {
			select {
			case at <- c.Tip():
				<-begun
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	select {
	case err := <-refused:
		return c.Tip(), err
	case s := <-at:
		told := false
		err := c.store.EachCoin(ctx, func(op wire.Outpoint, coin consensus.Coin) error {
			begin()
			if !told {
				told = true
				if err := first(s); err != nil {
					return err
				}
			}
			return f(op, coin)
		})
		if err == nil && !told {
			err = first(s)
		}
		return s, err
	}
}

// TestBlock judges b as the next block after the tip, scripts included, but
// neither its work nor its Merkle root when draft is set; it keeps nothing.
func (c *Chain) TestBlock(ctx context.Context, b *wire.Block, draft bool) error {
	prev, coins, err := c.coinsFor(b)
	if err != nil {
		return err
	}
	if draft { // before the header, as in Core's TestBlockValidity
		if err := consensus.CheckDraft(b); err != nil {
			return err
		}
	}
	next, err := c.testHeader(prev, b, draft)
	if err != nil {
		return err
	}
	if !draft {
		if err := c.checkBlock(b); err != nil {
			return err
		}
	}
	if err := consensus.CheckBlockContext(&prev, b); err != nil {
		return err
	}
	checks, err := c.testCoins(prev, next, b, coins)
	if err != nil {
		return err
	}
	return c.runChecks(ctx, b.ID(), checks)
}

// coinsFor looks up the coins that b, after the tip, spends.
func (c *Chain) coinsFor(b *wire.Block) (consensus.State, []consensus.Coin, error) {
	n := b.Spends()
	ops, timed := make([]wire.Outpoint, 0, n), make([]bool, 0, n)
	for i, t := range b.Txs {
		for k := range t.Ins {
			if i == 0 {
				break
			}
			ops, timed = append(ops, t.Ins[k].Prev), append(timed, consensus.NeedsTimePast(t, k))
		}
	}
	s, coins, err := c.lookUp(ops, func(i int) bool { return timed[i] })
	if err == nil && b.Header.Parent != s.ID {
		err = fmt.Errorf("%w: its parent is %v, the tip is %v", ErrNotNext, b.Header.Parent, s.ID)
	}
	return s, coins, err
}

// testCoins is consensus.Connect. What b would create is looked for among the coins only where that
// can be why it is refused.
func (c *Chain) testCoins(prev, next consensus.State, b *wire.Block, coins []consensus.Coin) ([]script.Check, error) {
	in := consensus.Inputs{Spent: coins}
	if consensus.ChecksBIP30(&prev) {
		var err error
		if in.Clash, err = c.clashAt(prev, b); err != nil {
			return nil, err
		}
	}
	_, checks, err := consensus.Connect(prev, next, b, in)
	if isRule(err) && consensus.ExplainsBIP30(&prev) {
		var lost error
		if in.Clash, lost = c.clashAt(prev, b); lost != nil {
			return nil, lost
		}
		_, _, err = consensus.Connect(prev, next, b, in)
	}
	return checks, err
}

// clashAt looks for an unspent coin that b would create again, at s, which has to be the tip.
func (c *Chain) clashAt(s consensus.State, b *wire.Block) (*wire.Outpoint, error) {
	var ops []wire.Outpoint
	for _, t := range b.Txs {
		for i := range t.Outs {
			ops = append(ops, t.Outpoint(i))
		}
	}
	at, coins, err := c.lookUp(ops, func(int) bool { return false })
	if err == nil && at.ID != s.ID {
		err = fmt.Errorf("%w: the tip is no longer %v, it is %v", ErrNotNext, s.ID, at.ID)
	}
	if err != nil {
		return nil, err
	}
	for i := range coins {
		if !coins[i].Missing {
			return &ops[i], nil
		}
	}
	return nil, nil
}

// testHeader judges b's header, but for its work if b is a draft: an id of zero
// meets every target.
func (c *Chain) testHeader(prev consensus.State, b *wire.Block, draft bool) (consensus.State, error) {
	id := b.ID()
	if draft {
		id = wire.Hash{}
	}
	next, err := consensus.ApplyHeader(prev, &b.Header, id)
	if err != nil {
		return next, err
	}
	next.ID = b.ID()
	return next, consensus.CheckTime(&b.Header, c.now().Unix())
}
