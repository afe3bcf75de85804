package chain

import (
	"context"
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// TestBlock judges b as the next block after the tip, scripts included, but
// neither its work nor its Merkle root when draft is set; it keeps nothing.
func (c *Chain) TestBlock(ctx context.Context, b *wire.Block, draft bool) error {
	prev, coins, err := c.coinsFor(b)
	if err != nil {
		return err
	}
	return c.testAfter(ctx, prev, b, coins, draft)
}

// TestDraft is TestBlock of a draft most of whose coins are known: spent, which it takes over, has one for each
// input but the coinbase's, in block order, as Spends found it at b's parent or at a block before that.
// Those that are Missing there are looked up, unless b creates them. That a coin which is known has not
// been spent since is its caller's word; all else is judged.
func (c *Chain) TestDraft(ctx context.Context, b *wire.Block, spent []consensus.Coin) error {
	if n := b.Spends(); len(spent) != n {
		return fmt.Errorf("block %v spends %d coins, %d were given", b.ID(), n, len(spent))
	}
	prev := c.Tip()
	if err := mustFollow(b, &prev); err != nil {
		return err
	}
	if err := c.lookUpMissing(b, spent); err != nil {
		return err
	}
	return c.testAfter(ctx, prev, b, spent, true)
}

// mustFollow wants b to be the next block after s.
func mustFollow(b *wire.Block, s *consensus.State) error {
	if b.Header.Parent != s.ID {
		return fmt.Errorf("%w: its parent is %v, the tip is %v", ErrNotNext, b.Header.Parent, s.ID)
	}
	return nil
}

// Spends looks up the coins that transactions spend, one for each input, all at the tip that is returned with them;
// TimePast is filled in where NeedsTimePast says so. Those that do not exist are Missing.
func (c *Chain) Spends(txs []*wire.Tx) (consensus.State, []consensus.Coin, error) {
	n := 0
	for _, t := range txs {
		n += len(t.Ins)
	}
	ops, timed := make([]wire.Outpoint, 0, n), make([]bool, 0, n)
	for _, t := range txs {
		for k := range t.Ins {
			ops, timed = append(ops, t.Ins[k].Prev), append(timed, consensus.NeedsTimePast(t, k))
		}
	}
	return c.lookUp(ops, func(i int) bool { return timed[i] })
}

// coinsFor looks up the coins that b, after the tip, spends.
func (c *Chain) coinsFor(b *wire.Block) (consensus.State, []consensus.Coin, error) {
	s, coins, err := c.Spends(b.Txs[min(1, len(b.Txs)):])
	if err == nil {
		err = mustFollow(b, &s)
	}
	return s, coins, err
}

// lookUpMissing puts coins at the tip, which has to be b's parent, in the places of those that are Missing, unless
// b creates them.
func (c *Chain) lookUpMissing(b *wire.Block, spent []consensus.Coin) error {
	var ops []wire.Outpoint
	var places []int
	var timed []bool
	var created map[wire.Hash]bool
	at := 0
	for _, t := range b.Txs[min(1, len(b.Txs)):] {
		for k := range t.Ins {
			if at++; !spent[at-1].Missing {
				continue
			}
			if created == nil {
				created = make(map[wire.Hash]bool, len(b.Txs))
				for _, o := range b.Txs {
					created[o.ID()] = true
				}
			}
			if op := t.Ins[k].Prev; !created[op.TxID] {
				ops, places, timed = append(ops, op), append(places, at-1), append(timed, consensus.NeedsTimePast(t, k))
			}
		}
	}
	if len(ops) == 0 {
		return nil
	}
	tip, coins, err := c.lookUp(ops, func(i int) bool { return timed[i] })
	if err == nil {
		err = mustFollow(b, &tip)
	}
	for i := range coins {
		spent[places[i]] = coins[i]
	}
	return err
}

// testAfter judges b after prev by the coins that it spends.
func (c *Chain) testAfter(ctx context.Context, prev consensus.State, b *wire.Block, coins []consensus.Coin, draft bool) error {
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
	// What the mempool has seen to be good, mostly all, is not worth to wait for the workers.
	if checks = appendUnknown(nil, checks, c.checks.accepted); len(checks) == 0 {
		return c.stopped()
	}
	return c.runChecks(ctx, b.ID(), checks)
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
