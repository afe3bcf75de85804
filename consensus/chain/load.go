package chain

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// load builds the tree from the store and returns the node that the coins are
// after. Ties are broken for the branch of that node, as in Core.
func (c *Chain) load(ctx context.Context) (*node, error) {
	c.tree = newTree(c.params)
	headers, id, err := c.store.Load()
	if err != nil {
		return nil, fmt.Errorf("load headers: %w", err)
	}
	var behind Coins
	var base Base
	proving := false
	if s, ok := c.store.(Snapshots); ok {
		behind, base, proving = s.Behind()
	}
	parent := c.tree.genesis()
	state := parent.state(c.params)
	for h, err := range identified(c.params, headers) {
		if err != nil {
			return nil, fmt.Errorf("load headers: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("load headers: %w", err)
		}
		if h.Parent != parent.id {
			if parent = c.tree.index[h.Parent]; parent == nil {
				return nil, fmt.Errorf("load headers: the parent of stored header %v is missing", h.id)
			}
			state = parent.state(c.params)
		}
		if parent, state, err = c.loadHeader(parent, state, h); err != nil {
			return nil, err
		}
		if proving && h.id == base.ID {
			parent.chainTxs = base.Txs
		}
	}
	tip := c.tree.index[id]
	if tip == nil {
		return nil, fmt.Errorf("load headers: the coins are after block %v, whose header is missing", id)
	}
	if proving {
		if err := c.loadBehind(behind, base, tip); err != nil {
			return nil, err
		}
	}
	c.tree.judge()
	c.tree.relink(tip)
	for n := tip; n != nil; n = n.parent {
		c.active = append(c.active, n)
		if c.tree.floor == nil || n.height() > c.tree.floor.height() {
			n.flags |= verified
		}
	}
	for n := c.proving; n != nil; n = n.parent {
		n.flags |= verified
	}
	slices.Reverse(c.active)
	s := tip.state(c.params)
	c.tip.Store(&s)
	c.disk.Store(&tip.id)
	c.showHead()
	c.log.Info("chain loaded", "headers", len(c.tree.nodes)-1, "height", s.Height, "tip", s.ID)
	return tip, nil
}

// loadBehind finds where a proof of the snapshot is that the chain began with.
func (c *Chain) loadBehind(behind Coins, base Base, tip *node) error {
	c.tree.floor, c.proving = c.tree.index[base.ID], c.tree.index[behind.Tip()]
	if c.tree.floor == nil || c.proving == nil || !tip.follows(c.tree.floor) {
		return fmt.Errorf("load headers: the snapshot at block %v, proven up to %v, is not on the chain that ends in %v", base.ID, behind.Tip(), tip.id)
	}
	return nil
}

// loaded is a header from the store with its id.
type loaded struct {
	StoredHeader
	id wire.Hash
}

// identified hashes stored headers some at a time, on all cores.
func identified(p *consensus.Params, headers iter.Seq2[StoredHeader, error]) iter.Seq2[loaded, error] {
	return func(yield func(loaded, error) bool) {
		var some []StoredHeader
		var hs []wire.Header
		flush := func() bool {
			ids, _ := Identify(p, hs)
			for i := range some {
				if !yield(loaded{some[i], ids[i]}, nil) {
					return false
				}
			}
			some, hs = some[:0], hs[:0]
			return true
		}
		for h, err := range headers {
			if err != nil {
				if flush() {
					yield(loaded{}, err)
				}
				return
			}
			some, hs = append(some, h), append(hs, h.Header)
			if len(hs) == loadedAtOnce && !flush() {
				return
			}
		}
		flush()
	}
}

const loadedAtOnce = 2000

// loadHeader enters one stored header. It was judged before it was stored, and
// is judged again: a folder may have been damaged, or written under other
// rules.
func (c *Chain) loadHeader(p *node, s consensus.State, h loaded) (*node, consensus.State, error) {
	id := h.id
	if c.tree.index[id] != nil {
		return nil, s, fmt.Errorf("load headers: header %v is stored twice", id)
	}
	next, err := consensus.ApplyHeader(s, &h.Header, id)
	if err != nil {
		return nil, s, fmt.Errorf("load headers: stored header %v at height %d does not hold by the rules of %s: %w",
			id, s.Height+1, c.params.Name, notRule(err))
	}
	n := c.tree.add(p, &h.Header, &next)
	if h.Mark&Invalid != 0 {
		n.flags |= invalid
	}
	if h.Mark&Rejected != 0 {
		n.flags |= rejected
	}
	if c.store.HasBlock(id) {
		n.flags |= hasBody
	}
	n.txs = h.Txs
	n.count()
	return n, next, nil
}

// notRule keeps a rule error's words and takes away that it is one: nobody but
// our own disk is to blame.
func notRule(err error) error { return errors.New(err.Error()) }

// saved takes the headers that are to be stored.
func (c *Chain) saved() []StoredHeader {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.unsaved) == 0 {
		return nil
	}
	hs := make([]StoredHeader, len(c.unsaved))
	for i, n := range c.unsaved {
		n.flags &^= dirty
		hs[i] = StoredHeader{Header: n.header(), Mark: n.mark(), Txs: n.txs}
	}
	c.unsaved = nil
	return hs
}

// lose notes that n's body, which the store had, is gone. base is what the
// coins are after.
func (c *Chain) lose(n, base *node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n.flags &^= hasBody
	n.txs = 0
	c.tree.relink(base)
	c.showHead()
	c.notify()
}

// condemn marks n.
func (c *Chain) condemn(n *node, mark flags) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.has(mark) {
		return
	}
	n.flags |= mark
	c.tree.judge()
	c.save(n)
	c.showHead()
}

// badness is the error for a block that is known to be bad: a rule error, unless
// only this node's operator is to blame. mu is held.
func badness(n *node) error {
	if n.has(invalid) {
		return fault("duplicate-invalid", "block %v is known to be invalid", n.id)
	}
	for a := n; a.has(bad); a = a.parent {
		if a.has(invalid) {
			return badParent(n.id)
		}
	}
	return fmt.Errorf("block %v: %w", n.id, ErrSetAside)
}

func badParent(id wire.Hash) error {
	return fault("bad-prevblk", "block %v follows one that is invalid", id)
}

func fault(r consensus.Rule, format string, args ...any) error {
	return &consensus.RuleError{Rule: r, Tx: -1, In: -1, Detail: fmt.Sprintf(format, args...)}
}
