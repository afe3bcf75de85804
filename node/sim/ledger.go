package sim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// ledger is what the stores of all nodes share. A block's id commits to all of
// it and to all that came before, so what a block holds, makes and spends is the same
// for every node that has it; a node's store only says which blocks it has.
// Nothing is ever taken out.
type ledger struct {
	mu     sync.RWMutex
	blocks map[wire.Hash]*wire.Block
	undo   map[wire.Hash][]consensus.Coin
	made   map[wire.Outpoint][]made      // by which blocks an output was made
	spent  map[wire.Outpoint][]wire.Hash // and by which spent
}

type made struct {
	by   wire.Hash
	coin consensus.Coin
}

func newLedger() *ledger {
	return &ledger{
		blocks: map[wire.Hash]*wire.Block{}, undo: map[wire.Hash][]consensus.Coin{},
		made: map[wire.Outpoint][]made{}, spent: map[wire.Outpoint][]wire.Hash{},
	}
}

// share returns the one copy of a block's body that all nodes keep: b, when no
// node has one yet. Only bodies whose transactions are the same, witnesses included, are taken for the
// same.
func (l *ledger) share(b *wire.Block) *wire.Block {
	l.mu.RLock()
	old := l.blocks[b.ID()]
	l.mu.RUnlock()
	same := func(a, b *wire.Tx) bool { return a == b || a.WitnessID() == b.WitnessID() }
	if old == nil || !slices.EqualFunc(old.Txs, b.Txs, same) {
		return b
	}
	return old
}

// keep adds a valid body.
func (l *ledger) keep(b *wire.Block) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.blocks[b.ID()] == nil {
		l.blocks[b.ID()] = b
	}
}

// enter notes what a block does to the coins.
func (l *ledger) enter(u consensus.Update) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := u.Next.ID
	if _, ok := l.undo[id]; ok {
		return
	}
	spent := slices.Clone(u.Spent)
	for i := range spent {
		spent[i].TimePast = 0
	}
	l.undo[id] = spent
	for k, t := range u.Block.Txs {
		for i := range t.Ins {
			if k > 0 {
				l.spent[t.Ins[i].Prev] = append(l.spent[t.Ins[i].Prev], id)
			}
		}
		for i, o := range t.Outs {
			if !script.IsUnspendable(o.Script) {
				op := t.Outpoint(i)
				l.made[op] = append(l.made[op], made{id, consensus.Coin{Out: o, Height: u.Next.Height, Coinbase: k == 0}})
			}
		}
	}
}

// store is one node's chain.Store. All of it counts as flushed: a node that is
// killed and run again finds what it had.
type store struct {
	*ledger
	mine    sync.RWMutex // guards what follows; taken before ledger.mu
	tip     wire.Hash
	order   []wire.Hash
	headers map[wire.Hash]chain.StoredHeader
	bodies  map[wire.Hash]bool
	applied map[wire.Hash]bool // blocks whose effect is in the coins
}

var _ chain.Store = (*store)(nil)

// clone is a store of another node with the same history.
func (s *store) clone() *store {
	s.mine.RLock()
	defer s.mine.RUnlock()
	return &store{
		ledger: s.ledger, tip: s.tip, order: slices.Clone(s.order),
		headers: cloned(s.headers), bodies: cloned(s.bodies), applied: cloned(s.applied),
	}
}

func cloned[V any](m map[wire.Hash]V) map[wire.Hash]V {
	c := make(map[wire.Hash]V, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func newStore(l *ledger, p *consensus.Params) *store {
	return &store{
		ledger: l, tip: p.Genesis.ID(), headers: map[wire.Hash]chain.StoredHeader{},
		bodies: map[wire.Hash]bool{}, applied: map[wire.Hash]bool{},
	}
}

// Load implements chain.Store.
func (s *store) Load() (iter.Seq2[chain.StoredHeader, error], wire.Hash, error) {
	now := s.clone()
	return func(yield func(chain.StoredHeader, error) bool) {
		for _, id := range now.order {
			if !yield(now.headers[id], nil) {
				return
			}
		}
	}, now.tip, nil
}

// AddHeaders implements chain.Store.
func (s *store) AddHeaders(hs []chain.StoredHeader) error {
	s.mine.Lock()
	defer s.mine.Unlock()
	for _, h := range hs {
		id := h.ID()
		if _, ok := s.headers[id]; !ok {
			s.order = append(s.order, id)
		}
		s.headers[id] = h
	}
	return nil
}

// PutBlock implements chain.Store.
func (s *store) PutBlock(b *wire.Block) error {
	s.keep(b)
	s.mine.Lock()
	defer s.mine.Unlock()
	s.bodies[b.ID()] = true
	return nil
}

// HasBlock implements chain.Store.
func (s *store) HasBlock(id wire.Hash) bool {
	s.mine.RLock()
	defer s.mine.RUnlock()
	return s.bodies[id]
}

// Block implements chain.Store.
func (s *store) Block(id wire.Hash) (*wire.Block, error) {
	if !s.HasBlock(id) {
		return nil, chain.ErrNoBlock
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.blocks[id], nil
}

// Undo implements chain.Store.
func (s *store) Undo(id wire.Hash) ([]consensus.Coin, error) {
	here := s.HasBlock(id) // takes the other lock, which comes first
	s.mu.RLock()
	defer s.mu.RUnlock()
	spent, ok := s.undo[id]
	if !ok || !here {
		return nil, chain.ErrNoBlock
	}
	return slices.Clone(spent), nil
}

// Resolve implements chain.Store.
func (s *store) Resolve(b *wire.Block, dst []consensus.Coin) ([]consensus.Coin, error) {
	s.mine.RLock()
	defer s.mine.RUnlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, t := range b.Txs[1:] {
		for i := range t.Ins {
			dst = append(dst, s.coin(t.Ins[i].Prev))
		}
	}
	return dst, nil
}

// coin is the coin at op after the applied blocks. Both locks are held.
func (s *store) coin(op wire.Outpoint) consensus.Coin {
	for _, id := range s.spent[op] {
		if s.applied[id] {
			return consensus.Coin{Missing: true}
		}
	}
	for _, m := range s.made[op] {
		if s.applied[m.by] {
			return m.coin
		}
	}
	return consensus.Coin{Missing: true}
}

// Coin implements chain.Store.
func (s *store) Coin(op wire.Outpoint) (consensus.Coin, error) {
	s.mine.RLock()
	defer s.mine.RUnlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.coin(op), nil
}

// CoinsAt implements chain.Store.
func (s *store) CoinsAt(ops []wire.Outpoint, dst []consensus.Coin) ([]consensus.Coin, error) {
	s.mine.RLock()
	defer s.mine.RUnlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, op := range ops {
		dst = append(dst, s.coin(op))
	}
	return dst, nil
}

// Apply implements chain.Store.
func (s *store) Apply(u consensus.Update) error {
	s.mine.Lock()
	defer s.mine.Unlock()
	if s.tip != u.Prev.ID {
		return fmt.Errorf("apply block %v after %v: the coins are after %v", u.Next.ID, u.Prev.ID, s.tip)
	}
	s.enter(u)
	s.applied[u.Next.ID], s.tip = true, u.Next.ID
	return nil
}

// Revert implements chain.Store.
func (s *store) Revert(u consensus.Update) error {
	s.mine.Lock()
	defer s.mine.Unlock()
	if s.tip != u.Next.ID {
		return fmt.Errorf("revert block %v: the coins are after %v", u.Next.ID, s.tip)
	}
	delete(s.applied, u.Next.ID)
	s.tip = u.Prev.ID
	return nil
}

// Freeze implements chain.Store.
func (s *store) Freeze(wire.Hash) error { return nil }

// Thaw implements chain.Store.
func (s *store) Thaw() {}

// Flush implements chain.Store.
func (s *store) Flush() error { return nil }

// NeedsFlush implements chain.Store.
func (s *store) NeedsFlush() bool { return false }

// EachCoin implements chain.Store. No part of a node asks for it but RPC, which is not here.
func (s *store) EachCoin(context.Context, func(wire.Outpoint, consensus.Coin) error) error {
	return errors.New("the simulation's store does not list its coins")
}
