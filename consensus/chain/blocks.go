package chain

import (
	"context"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// AddBlock judges b, stores it and, if it leads to the branch with the most
// work, moves the tip. It returns when that is decided: nil for a valid block
// (on the best branch or, as far as can be judged, a side branch), ErrDuplicate
// for a known valid one, a *consensus.RuleError for one that breaks a rule,
// ErrNoParent where a header is missing before it. Blocks whose parents' bodies
// are missing are stored and judged against coins when those have come. Any
// block of a valid header is kept: callers bring only those that they asked for.
func (c *Chain) AddBlock(ctx context.Context, b *wire.Block) error {
	n, err := c.judge(b)
	if err != nil {
		return err
	}
	c.tell(b)
	decided := make(chan error, 1)
	if err := c.queue(ctx, n, b, func(err error) { decided <- err }); err != nil {
		return err
	}
	select {
	case err := <-decided:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// QueueBlock is AddBlock that returns when b has a place in the window of
// blocks being judged, waiting for one if need be; done is called with
// AddBlock's result, later, from another goroutine. When QueueBlock returns an
// error, done is not called: ctx has ended or the chain has stopped.
func (c *Chain) QueueBlock(ctx context.Context, b *wire.Block, done func(error)) error {
	return c.QueuePrepared(ctx, c.Prepare(b), done)
}

// Prepared is a block that was judged as far as it can be without coins.
type Prepared struct {
	block *wire.Block
	n     *node
	err   error // of that judgement
}

// Prepare does the part of QueueBlock that needs neither coins nor order: blocks
// may be prepared on many goroutines, each once its header's parent is known.
func (c *Chain) Prepare(b *wire.Block) Prepared {
	n, err := c.judge(b)
	return Prepared{b, n, err}
}

// QueuePrepared is the rest of QueueBlock. A block that is queued before its
// parent is read from the store again when that has come.
func (c *Chain) QueuePrepared(ctx context.Context, p Prepared, done func(error)) error {
	if p.err != nil {
		if stopped := c.stopped(); stopped != nil {
			return stopped
		}
		go done(p.err)
		return nil
	}
	c.tell(p.block)
	return c.queue(ctx, p.n, p.block, func(err error) { go done(err) })
}

// OnBlock has f called with every new block that is handed in and has passed
// what can be judged without coins, before its coins and scripts are judged: what a
// swarm may be told at once, since it costs as much to make as a valid one. f
// runs on the goroutine that brings the block, and must not wait. There is
// one listener, the last. All else is learned from UpdatesSince.
func (c *Chain) OnBlock(f func(*wire.Block)) { c.listener.Store(&f) }

func (c *Chain) tell(b *wire.Block) {
	if f := c.listener.Load(); f != nil {
		(*f)(b)
	}
}

// footprint is about how many bytes of memory b takes while it is judged, but for
// the scripts of the coins it spends.
func footprint(b *wire.Block) int64 {
	const perCoin = 192 // the coin, what its check sees of it, the check, its place in a table
	return int64(b.Memory()) + int64(b.Spends())*perCoin
}

// queue hands b to the engine when there is room for it.
func (c *Chain) queue(ctx context.Context, n *node, b *wire.Block, done func(error)) error {
	room := min(max(footprint(b), c.memory/roomBlocks), c.memory)
	if err := c.room.Acquire(ctx, room); err != nil {
		return err
	}
	if !c.inbox.putJob(&job{n: n, block: b, room: room, done: done}) {
		c.room.Release(room)
		return c.stopped()
	}
	return nil
}

// judge does on the caller's goroutine what needs no coins, cheap checks first.
// It enters the header.
func (c *Chain) judge(b *wire.Block) (*node, error) {
	if err := c.stopped(); err != nil {
		return nil, err
	}
	n, err := c.place(b)
	if err != nil {
		return nil, err
	}
	err = c.checkBlock(b)
	if err == nil {
		parent := n.parent.state(c.params)
		err = consensus.CheckBlockContext(&parent, b)
	}
	if err == nil {
		return n, nil
	}
	if isRule(err) && !consensus.Mutated(err) {
		c.log.Warn("invalid block", "block", n.id, "height", n.height(), "error", err)
		c.condemn(n, invalid)
		c.inbox.wake()
	}
	return nil, err
}

// place finds b's header in the tree or enters it. The error is ErrDuplicate if
// the body is stored.
func (c *Chain) place(b *wire.Block) (*node, error) {
	id := b.ID()
	if n, err := c.find(id); n != nil || err != nil {
		return n, err
	}
	if _, err := c.addHeaders([]wire.Header{b.Header}, []wire.Hash{id}, 0); err != nil {
		return nil, err
	}
	return c.find(id)
}

func (c *Chain) find(id wire.Hash) (*node, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n := c.tree.index[id]
	switch {
	case n == nil:
		return nil, nil
	case n.has(bad):
		return nil, badness(n)
	case n.has(hasBody):
		return nil, ErrDuplicate
	default:
		return n, nil
	}
}
