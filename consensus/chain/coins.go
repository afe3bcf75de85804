package chain

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/quernnet/quern/consensus"
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
