package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// behind is the coin set that proves the snapshot which the chain began with. The
// engine owns it, and moves it when there is nothing to do for the tip. It goes one way, to
// the base, by the same rules as the tip does: blocks are applied, their scripts
// checked behind them. At the base its coins are hashed. If they are those
// that were assumed the snapshot is proven, and the set gone; if they are not, or a
// block on the way breaks a rule, the chain stops, and the next start has the set
// behind for its own.
//
// Invariants: the set is after tip, which is the last of the window or, when that is empty, the last
// verified block. Nothing is frozen while there is a window.
type behind struct {
	coins  Coins
	base   Base
	to     *node // the base
	tip    *node
	state  consensus.State
	window []*applied  // oldest first
	sum    chan summed // has an entry when the coins at the base are hashed; nil: not yet begun
	stop   func()      // ends that
}

type summed struct {
	coins wire.Hash
	err   error
}

// prove begins to prove, or goes on. from is what the set behind is after.
func (e *engine) prove(from *node) {
	coins, base, ok := e.c.store.(Snapshots).Behind()
	if !ok {
		return
	}
	e.behind = &behind{coins: coins, base: base, to: e.c.tree.floor, tip: from, state: from.state(e.c.params)}
}

// ahead says that there are blocks behind whose scripts are not yet verified.
func (e *engine) ahead() bool { return e.behind != nil && len(e.behind.window) > 0 }

// stepBehind does the next thing for the proof; false when there is none that
// needs no waiting.
func (e *engine) stepBehind() bool {
	b := e.behind
	if b == nil || e.c.Err() != nil || len(e.c.window) > 0 || len(e.calls) > 0 || e.tip != e.best() {
		return false
	}
	due := e.flushDue || e.store.NeedsFlush()
	next := b.to.ancestor(b.tip.height() + 1)
	switch {
	case b.sum != nil:
		return e.summedUp()
	case due:
		return false // until the window is empty, and a flush has begun
	case b.tip == b.to:
		return !e.ahead() && e.sumUp()
	case e.flagged(next, bad):
		e.disprove(fmt.Errorf("block %v at height %d is invalid", next.id, next.height()))
	case !b.to.follows(b.tip):
		if e.ahead() {
			return false
		}
		e.revertBehind()
	case len(b.window) >= windowBlocks || e.weight(b.window) >= e.c.memory || !e.flagged(next, hasBody):
		return false
	default:
		e.applyBehind(next)
	}
	return true
}

func (e *engine) weight(window []*applied) (size int64) {
	for _, a := range window {
		size += a.size
	}
	return size
}

// applyBehind connects n, which follows the set's tip.
func (e *engine) applyBehind(n *node) {
	b := e.behind
	body, err := e.store.Block(n.id)
	if errors.Is(err, ErrNoBlock) {
		e.c.lose(n, e.tip)
		return
	}
	var u consensus.Update
	var checks []script.Check
	if err == nil {
		u, checks, err = e.connect(b.coins, b.tip, b.state, n, body)
	}
	if isRule(err) {
		e.c.condemn(n, invalid)
		e.disprove(err)
		return
	}
	if err == nil {
		err = b.coins.Apply(u)
	}
	if err != nil {
		e.c.fail(fmt.Errorf("prove the snapshot: block %v: %w", n.id, err))
		return
	}
	a := &applied{n: n, update: u, size: weigh(&u), proven: verified}
	a.verdict = passed()
	if e.c.whyCheck(n) != "" {
		a.proven |= checked
		a.verdict = e.c.checks.start(n.id, checks, e.c.inbox.wake)
	}
	b.window = append(b.window, a)
	b.tip, b.state = n, u.Next
	e.touched()
	e.pruneSoon()
}

// revertBehind takes the set back by one block: it left the base's branch.
func (e *engine) revertBehind() {
	b := e.behind
	u, err := e.c.update(b.tip)
	if err == nil {
		err = b.coins.Revert(u)
	}
	if err != nil {
		e.c.fail(fmt.Errorf("prove the snapshot: revert block %v: %w", b.tip.id, err))
		return
	}
	b.tip, b.state = b.tip.parent, u.Prev
	e.touched()
	e.c.provenTo(b.tip)
}

// commitBehind takes the first block out of the window if its verdict is ready.
// It says whether there was one.
func (e *engine) commitBehind() bool {
	if !e.ahead() || !e.behind.window[0].ready.Load() {
		return false
	}
	b := e.behind
	a := b.window[0]
	if err := a.err(); err != nil {
		e.c.condemn(a.n, invalid)
		e.disprove(err)
		return true
	}
	b.window[0] = nil
	b.window = b.window[1:]
	e.c.mu.Lock()
	a.n.flags |= a.proven
	a.n.count()
	e.c.mu.Unlock()
	e.c.provenTo(a.n)
	return true
}

func (c *Chain) provenTo(n *node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proving = n
}

// unwindBehind takes the window out of the set, without a judgement.
func (e *engine) unwindBehind() {
	if !e.ahead() {
		return
	}
	b := e.behind
	for _, a := range b.window {
		a.drop()
	}
	for i := len(b.window) - 1; i >= 0 && e.c.Err() == nil; i-- {
		if err := b.coins.Revert(b.window[i].update); err != nil {
			e.c.fail(fmt.Errorf("revert blocks that were applied behind: %w", err))
			return
		}
		b.tip, b.state = b.window[i].n.parent, b.window[i].update.Prev
	}
	b.window = nil
}

// sumUp begins to hash the set, which is at the base.
func (e *engine) sumUp() bool {
	e.flushAll()
	if e.c.Err() != nil {
		return false
	}
	b := e.behind
	ctx, stop := context.WithCancel(context.Background())
	b.sum, b.stop = make(chan summed, 1), stop
	go func() {
		s, err := coinset.Sum(ctx, b.coins.EachCoin, coinset.Serialized)
		b.sum <- summed{s.Hash, err}
		e.c.inbox.wake()
	}()
	return true
}

// summedUp judges the snapshot once the hash is there.
func (e *engine) summedUp() bool {
	b := e.behind
	if e.flush != nil {
		return false
	}
	var got summed
	select {
	case got = <-b.sum:
	default:
		return false
	}
	b.stop()
	b.sum = nil
	switch {
	case got.err != nil:
		e.c.fail(fmt.Errorf("prove the snapshot: %w", got.err))
	case got.coins != b.base.Coins:
		e.disprove(fmt.Errorf("the coins at height %d hash to %v, %v was assumed", b.to.height(), got.coins, b.base.Coins))
	default:
		e.proven()
	}
	return true
}

// proven ends a proof that came out well.
func (e *engine) proven() {
	c := e.c
	if err := c.store.(Snapshots).Prove(context.Background()); err != nil {
		c.fail(err)
		return
	}
	c.log.Info("the snapshot is proven", "height", e.behind.to.height(), "base", e.behind.to.id)
	e.behind = nil
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tree.floor, c.proving = nil, nil
	c.tree.choose()
	c.showHead()
	c.notify()
}

// disprove gives the snapshot up and stops the chain (Core:
// handle_invalid_snapshot).
func (e *engine) disprove(why error) {
	c, b := e.c, e.behind
	e.unwindBehind()
	e.unwind()
	e.awaitFlush()
	undo := c.acquit(b.to)
	e.flushAll()
	if c.Err() != nil {
		return
	}
	tip, at := e.tip.height(), b.tip.height()
	_ = c.store.(Snapshots).Disprove(context.Background(), undo) // the chain ends all the same
	c.fail(fmt.Errorf("the snapshot that this node began with is not what the blocks lead to: %s. "+
		"This is a fault of the disk or of the program, or the snapshot's hash was not a good one. "+
		"The node stops and gives up all that was built on the snapshot, which takes its height from %d to %d; "+
		"at the next start it goes on from there without it", why, tip, at))
}

// acquit forgets what is known to be bad of the blocks after base, which were judged
// by coins that were wrong, and lists them.
func (c *Chain) acquit(base *node) (ids []wire.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.tree.nodes[1:] {
		if n == base || !n.follows(base) {
			continue
		}
		ids = append(ids, n.id)
		if n.has(invalid) {
			n.flags &^= invalid
			c.save(n)
		}
	}
	return ids
}

// endBehind ends what the proof has under way.
func (e *engine) endBehind() {
	e.unwindBehind()
	if b := e.behind; b != nil && b.sum != nil {
		b.stop()
		<-b.sum
	}
}
