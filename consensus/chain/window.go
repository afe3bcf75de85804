package chain

import (
	"errors"
	"fmt"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// applied is a block whose effect is in the coin set, while its scripts are
// being checked.
type applied struct {
	*verdict
	n      *node
	update consensus.Update
	size   int64 // bytes of memory that update takes
	job    *job  // nil when nobody waits for it
	proven flags // what its verdict proves: verified, and checked unless its scripts were not
}

// change runs f with the lock that readers of coins need.
func (e *engine) change(f func()) {
	if !e.hidden {
		e.c.coins.Lock()
		defer e.c.coins.Unlock()
	}
	f()
}

// apply connects n, which follows tip, and leaves its scripts to the workers.
func (e *engine) apply(n *node) {
	j := e.waiting[n]
	b, err := e.body(n, j)
	if errors.Is(err, ErrNoBlock) {
		e.c.log.Warn("a stored block is missing, it will be asked for again", "block", n.id, "height", n.height())
		e.c.lose(n, e.tip)
		return
	}
	if err != nil {
		e.c.fail(fmt.Errorf("read block %v: %w", n.id, err))
		return
	}
	u, checks, err := e.connect(e.store, e.tip, e.state, n, b)
	if err != nil {
		e.refuse(n, err)
		return
	}
	a := &applied{n: n, update: u, size: weigh(&u), job: j}
	e.change(func() {
		if err = e.store.Apply(u); err == nil {
			e.c.window = append(e.c.window, a)
		}
	})
	if err != nil {
		e.c.fail(fmt.Errorf("apply block %v: %w", n.id, err))
		return
	}
	delete(e.waiting, n)
	e.touched()
	e.pruneSoon()
	e.tip, e.state = n, u.Next
	a.proven = verified | checked
	switch {
	case e.flagged(n, checked):
		a.verdict = passed()
	case e.assumes(n):
		a.verdict, a.proven = passed(), verified
	default:
		a.verdict = e.c.checks.start(n.id, checks, e.c.inbox.wake)
	}
}

// lookup is what Connect needs of a coin set.
type lookup interface {
	Resolve(b *wire.Block, dst []consensus.Coin) ([]consensus.Coin, error)
	Coin(op wire.Outpoint) (consensus.Coin, error)
}

// connect judges n's body b by coins that are after tip, the state s.
func (e *engine) connect(coins lookup, tip *node, s consensus.State, n *node, b *wire.Block) (u consensus.Update, checks []script.Check, err error) {
	in, err := e.c.inputs(coins, tip, &s, b)
	if err != nil {
		return u, nil, fmt.Errorf("look up coins: %w", err)
	}
	next := n.state(e.c.params)
	u, checks, err = consensus.Connect(s, next, b, in)
	if isRule(err) && consensus.ExplainsBIP30(&s) {
		var lost error
		if in.Clash, lost = clash(coins, b); lost != nil {
			return u, nil, fmt.Errorf("look up coins: %w", lost)
		}
		_, _, err = consensus.Connect(s, next, b, in)
	}
	return u, checks, err
}

// weigh is about how many bytes of memory u takes.
func weigh(u *consensus.Update) int64 {
	n := footprint(u.Block)
	for i := range u.Spent {
		n += int64(len(u.Spent[i].Script))
	}
	return n
}

func (e *engine) flagged(n *node, f flags) bool {
	e.c.mu.RLock()
	defer e.c.mu.RUnlock()
	return n.has(f)
}

func (e *engine) body(n *node, j *job) (*wire.Block, error) {
	if j != nil {
		return j.block, nil
	}
	return e.store.Block(n.id)
}

// inputs asks for what Connect must be told of the coins, which are after tip.
func (c *Chain) inputs(coins lookup, tip *node, s *consensus.State, b *wire.Block) (in consensus.Inputs, err error) {
	in.Spent, err = coins.Resolve(b, make([]consensus.Coin, 0, b.Spends()))
	if err != nil {
		return in, err
	}
	i := 0
	for _, t := range b.Txs[1:] {
		for k := range t.Ins {
			if !in.Spent[i].Missing && consensus.NeedsTimePast(t, k) {
				if in.Spent[i].TimePast, err = c.timePast(tip, in.Spent[i].Height); err != nil {
					return in, err
				}
			}
			i++
		}
	}
	if consensus.ChecksBIP30(s) {
		in.Clash, err = clash(coins, b)
	}
	return in, err
}

// clash looks for an unspent coin that b would create again.
func clash(s lookup, b *wire.Block) (*wire.Outpoint, error) {
	for _, t := range b.Txs {
		for i := range t.Outs {
			op := t.Outpoint(i)
			coin, err := s.Coin(op)
			if err != nil {
				return nil, err
			}
			if !coin.Missing {
				return &op, nil
			}
		}
	}
	return nil, nil
}

// timePast is Coin.TimePast of a coin created at a height of tip's branch.
func (c *Chain) timePast(tip *node, height uint32) (uint32, error) {
	if height > tip.height() {
		return 0, fmt.Errorf("the store has a coin of height %d, the chain ends at %d", height, tip.height())
	}
	return tip.ancestor(max(height, 1) - 1).medianTimePast(c.params), nil
}

// commit takes the first block out of the window if its verdict is ready. It
// says whether there was one.
func (e *engine) commit() bool {
	if len(e.c.window) == 0 || !e.c.window[0].ready.Load() {
		return false
	}
	a := e.c.window[0]
	if err := a.err(); err != nil {
		e.reject(a, err)
		return true
	}
	e.c.mu.Lock()
	a.n.flags |= a.proven
	e.c.mu.Unlock()
	e.verifiedAt(a.n)
	e.c.updates.put(a.n.id, a.update, a.size)
	e.change(func() {
		e.c.window[0] = nil
		e.c.window = e.c.window[1:]
		if !e.hidden {
			e.c.showTip(a.n)
		}
	})
	if e.hidden && a.n.work.Cmp(e.c.tip.Load().Work) > 0 {
		e.showAt(a.n)
	}
	e.progress()
	e.finish(a.job, nil)
	return true
}

// show publishes tip, the window being empty, and ends hiding.
func (e *engine) show() { e.showAt(e.tip) }

func (e *engine) showAt(n *node) {
	if !e.hidden {
		return
	}
	old := e.c.Tip()
	e.c.showTip(n)
	e.hidden = false
	e.c.coins.Unlock()
	if old.ID != n.id {
		e.c.log.Info("reorganised", "from", old.ID, "to", n.id, "height", n.height(), "reverted", e.reverted)
	}
}

// refuse is for a block that breaks a rule of Connect. That the blocks before it
// may yet fail does not matter: then it is bad as well.
func (e *engine) refuse(n *node, err error) {
	if !isRule(err) {
		e.c.fail(fmt.Errorf("connect block %v: %w", n.id, err))
		return
	}
	j := e.waiting[n]
	delete(e.waiting, n)
	e.condemn(n, err)
	e.finish(j, err)
}

// reject reverts the window, newest first, whose first block a failed.
func (e *engine) reject(a *applied, err error) {
	window := e.c.window
	if !e.unwind() {
		return
	}
	e.condemn(a.n, err)
	e.finish(a.job, err)
	for _, later := range window[1:] {
		e.finish(later.job, badParent(later.n.id))
	}
}

// unwind takes all of the window out of the coin set. It is false when the
// store failed; the window then stays, for abandon.
func (e *engine) unwind() bool {
	e.thaw()
	window := e.c.window
	for _, a := range window {
		a.drop()
	}
	var err error
	e.change(func() {
		for i := len(window) - 1; i >= 0 && err == nil; i-- {
			if err = e.store.Revert(window[i].update); err == nil {
				e.tip, e.state = window[i].n.parent, window[i].update.Prev
			}
		}
		if err == nil {
			e.c.window = nil
		}
	})
	if err != nil {
		e.c.fail(fmt.Errorf("revert blocks that were applied ahead: %w", err))
	}
	return err == nil
}

// abandon empties the window without a judgement. After a failure the store is
// not touched: what it holds will be read again from the last flush.
func (e *engine) abandon() {
	window := e.c.window
	for _, a := range window {
		a.drop()
	}
	if e.c.Err() == nil && len(window) > 0 {
		e.unwind()
	}
	why := e.c.stopped()
	for _, a := range window {
		e.finish(a.job, why)
	}
}

// condemn marks n and answers those who wait for blocks after it.
func (e *engine) condemn(n *node, err error) {
	e.c.log.Warn("invalid block", "block", n.id, "height", n.height(), "error", err)
	e.c.condemn(n, invalid)
	for m, j := range e.waiting {
		if m != n && m.follows(n) {
			delete(e.waiting, m)
			e.finish(j, badParent(m.id))
		}
	}
}

// revert takes tip back by one block, the window being empty. What readers see
// stands still meanwhile, unless the reorg is a long one: then they see it go
// back, so that they need not wait and nothing need be kept.
func (e *engine) revert() {
	n := e.tip
	u, err := e.c.update(n)
	if err != nil {
		e.c.fail(fmt.Errorf("revert block %v at height %d: %w", n.id, n.height(), err))
		return
	}
	if !e.hidden {
		e.c.coins.Lock()
		e.hidden, e.reverted = true, 0
	}
	if err := e.store.Revert(u); err != nil {
		e.c.fail(fmt.Errorf("revert block %v: %w", n.id, err))
		return
	}
	e.touched()
	e.tip, e.state = n.parent, u.Prev
	if e.reverted++; e.reverted >= hiddenMax {
		e.show()
	}
}

// progress logs now and then while there is a long way to go.
func (e *engine) progress() {
	if time.Since(e.told) < 10*time.Second {
		return
	}
	e.told = time.Now()
	e.c.log.Info("following the chain", "height", e.tip.height(), "best", e.best().height())
}
