// Package chaintest has what tests of a chain and of those that follow one
// need: a Store in memory that can crash and fail, and regtest blocks with real
// proofs of work and signatures.
package chaintest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Store is a chain.Store in memory. It checks what the contract asks of its
// caller: a call that breaks it is an error. Reads are safe beside everything.
type Store struct {
	mu      sync.RWMutex
	now     state
	frozen  *state // between Freeze and the end of Flush
	durable state
	fault   func(call string) error
	writes  int // since the last freeze
	limit   int
	flushes []wire.Hash // tips
	busy    sync.Mutex  // held during calls that must come one at a time
}

// state is what a flush makes durable. Its values are never changed.
type state struct {
	tip     wire.Hash
	order   []wire.Hash
	headers map[wire.Hash]chain.StoredHeader
	blocks  map[wire.Hash]*wire.Block
	undo    map[wire.Hash][]consensus.Coin
	coins   map[wire.Outpoint]consensus.Coin
}

func (s state) clone() state {
	s.order = slices.Clone(s.order)
	s.headers = maps.Clone(s.headers)
	s.blocks = maps.Clone(s.blocks)
	s.undo = maps.Clone(s.undo)
	s.coins = maps.Clone(s.coins)
	return s
}

// NewStore returns the store of a chain that has only its genesis block.
func NewStore(p *consensus.Params) *Store {
	s := &Store{now: state{
		tip:     p.Genesis.ID(),
		headers: make(map[wire.Hash]chain.StoredHeader),
		blocks:  make(map[wire.Hash]*wire.Block),
		undo:    make(map[wire.Hash][]consensus.Coin),
		coins:   make(map[wire.Outpoint]consensus.Coin),
	}}
	s.durable = s.now.clone()
	return s
}

// Crash returns the store that a restart would find now: the state of the last
// flush.
func (s *Store) Crash() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &Store{now: s.durable.clone(), durable: s.durable.clone()}
}

// FailWith has f asked before each call that writes or reads, by the method's
// name; what it returns, if not nil, is what the call comes to.
func (s *Store) FailWith(f func(call string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// FlushAfter has NeedsFlush ask for a flush after so many writes; 0: never.
func (s *Store) FlushAfter(writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = writes
}

// Flushes counts the flushes up to now.
func (s *Store) Flushes() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.flushes)
}

// Flushed lists the tips of the flushes up to now.
func (s *Store) Flushed() []wire.Hash {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.flushes)
}

// DropBlock loses a body, as a damaged disk may.
func (s *Store) DropBlock(id wire.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.now.blocks, id)
	delete(s.durable.blocks, id)
}

// Coins is a copy of the coin set.
func (s *Store) Coins() map[wire.Outpoint]consensus.Coin {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.now.coins)
}

// Durable is what the last flush kept: the tip and the coins.
func (s *Store) Durable() (wire.Hash, map[wire.Outpoint]consensus.Coin) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.durable.tip, maps.Clone(s.durable.coins)
}

// own begins a call that must come one at a time.
func (s *Store) own(call string) (func(), error) {
	if !s.busy.TryLock() {
		return nil, fmt.Errorf("%s was called beside another call that must come alone", call)
	}
	s.mu.Lock()
	done := func() {
		s.mu.Unlock()
		s.busy.Unlock()
	}
	if s.fault != nil {
		if err := s.fault(call); err != nil {
			done()
			return nil, err
		}
	}
	s.writes++
	return done, nil
}

func (s *Store) read(call string) (func(), error) {
	s.mu.RLock()
	if s.fault != nil {
		if err := s.fault(call); err != nil {
			s.mu.RUnlock()
			return nil, err
		}
	}
	return s.mu.RUnlock, nil
}

// Load implements chain.Store.
func (s *Store) Load() (iter.Seq2[chain.StoredHeader, error], wire.Hash, error) {
	done, err := s.own("Load")
	if err != nil {
		return nil, wire.Hash{}, err
	}
	defer done()
	now := s.now.clone()
	return func(yield func(chain.StoredHeader, error) bool) {
		for _, id := range now.order {
			if !yield(now.headers[id], nil) {
				return
			}
		}
	}, now.tip, nil
}

// AddHeaders implements chain.Store.
func (s *Store) AddHeaders(hs []chain.StoredHeader) error {
	done, err := s.own("AddHeaders")
	if err != nil {
		return err
	}
	defer done()
	for _, h := range hs {
		id := h.ID()
		if _, ok := s.now.headers[id]; !ok {
			s.now.order = append(s.now.order, id)
		}
		s.now.headers[id] = h
	}
	return nil
}

// PutBlock implements chain.Store.
func (s *Store) PutBlock(b *wire.Block) error {
	done, err := s.own("PutBlock")
	if err != nil {
		return err
	}
	defer done()
	if _, ok := s.now.headers[b.ID()]; !ok {
		return fmt.Errorf("block %v is stored before its header", b.ID())
	}
	s.now.blocks[b.ID()] = b
	return nil
}

// HasBlock implements chain.Store.
func (s *Store) HasBlock(id wire.Hash) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.now.blocks[id] != nil
}

// Block implements chain.Store.
func (s *Store) Block(id wire.Hash) (*wire.Block, error) {
	done, err := s.read("Block")
	if err != nil {
		return nil, err
	}
	defer done()
	b := s.now.blocks[id]
	if b == nil {
		return nil, chain.ErrNoBlock
	}
	return b, nil
}

// Undo implements chain.Store.
func (s *Store) Undo(id wire.Hash) ([]consensus.Coin, error) {
	done, err := s.read("Undo")
	if err != nil {
		return nil, err
	}
	defer done()
	spent, ok := s.now.undo[id]
	if !ok {
		return nil, chain.ErrNoBlock
	}
	return slices.Clone(spent), nil
}

// Resolve implements chain.Store.
func (s *Store) Resolve(b *wire.Block, dst []consensus.Coin) ([]consensus.Coin, error) {
	done, err := s.own("Resolve")
	if err != nil {
		return nil, err
	}
	defer done()
	for _, t := range b.Txs[1:] {
		for i := range t.Ins {
			dst = append(dst, s.now.coin(t.Ins[i].Prev))
		}
	}
	return dst, nil
}

func (s *state) coin(op wire.Outpoint) consensus.Coin {
	c, ok := s.coins[op]
	if !ok {
		return consensus.Coin{Missing: true}
	}
	return c
}

// Coin implements chain.Store.
func (s *Store) Coin(op wire.Outpoint) (consensus.Coin, error) {
	done, err := s.read("Coin")
	if err != nil {
		return consensus.Coin{}, err
	}
	defer done()
	return s.now.coin(op), nil
}

// CoinsAt implements chain.Store.
func (s *Store) CoinsAt(ops []wire.Outpoint, dst []consensus.Coin) ([]consensus.Coin, error) {
	for _, op := range ops {
		coin, err := s.Coin(op)
		if err != nil {
			return dst, err
		}
		dst = append(dst, coin)
	}
	return dst, nil
}

// Apply implements chain.Store.
func (s *Store) Apply(u consensus.Update) error {
	done, err := s.own("Apply")
	if err != nil {
		return err
	}
	defer done()
	if s.now.tip != u.Prev.ID {
		return fmt.Errorf("apply block %v after %v: the coins are after %v", u.Next.ID, u.Prev.ID, s.now.tip)
	}
	ApplyCoins(s.now.coins, u)
	s.now.tip = u.Next.ID
	spent := slices.Clone(u.Spent)
	for i := range spent {
		spent[i].TimePast = 0
	}
	s.now.undo[u.Next.ID] = spent
	return nil
}

// Revert implements chain.Store.
func (s *Store) Revert(u consensus.Update) error {
	done, err := s.own("Revert")
	if err != nil {
		return err
	}
	defer done()
	if s.now.tip != u.Next.ID {
		return fmt.Errorf("revert block %v: the coins are after %v", u.Next.ID, s.now.tip)
	}
	RevertCoins(s.now.coins, u)
	s.now.tip = u.Prev.ID
	return nil
}

// Freeze implements chain.Store.
func (s *Store) Freeze(tip wire.Hash) error {
	done, err := s.own("Freeze")
	if err != nil {
		return err
	}
	defer done()
	if tip != s.now.tip {
		return fmt.Errorf("freeze at %v: the coins are after %v", tip, s.now.tip)
	}
	if s.frozen != nil {
		return fmt.Errorf("freeze at %v: the state at %v is not flushed", tip, s.frozen.tip)
	}
	frozen := s.now.clone()
	s.frozen, s.writes = &frozen, 0
	return nil
}

// Thaw implements chain.Store.
func (s *Store) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = nil
	s.writes++
}

// Flush implements chain.Store. A fault of it is asked for without a lock held,
// so that it may wait while the chain goes on.
func (s *Store) Flush() error {
	s.mu.RLock()
	fault := s.fault
	s.mu.RUnlock()
	if fault != nil {
		if err := fault("Flush"); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen == nil {
		return errors.New("flush: nothing is frozen")
	}
	s.durable, s.frozen = *s.frozen, nil
	s.flushes = append(s.flushes, s.durable.tip)
	return nil
}

// NeedsFlush implements chain.Store.
func (s *Store) NeedsFlush() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.limit > 0 && s.writes >= s.limit
}

// EachCoin implements chain.Store.
func (s *Store) EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) error {
	_, coins := s.Durable()
	ops := slices.SortedFunc(maps.Keys(coins), func(a, b wire.Outpoint) int {
		if c := a.TxID.Compare(b.TxID); c != 0 {
			return c
		}
		return int(int64(a.Index) - int64(b.Index))
	})
	for _, op := range ops {
		if err := errors.Join(ctx.Err(), f(op, coins[op])); err != nil {
			return err
		}
	}
	return nil
}

// ApplyCoins makes coins the set after u, the plain way.
func ApplyCoins(coins map[wire.Outpoint]consensus.Coin, u consensus.Update) {
	for k, t := range u.Block.Txs {
		if k > 0 {
			for i := range t.Ins {
				delete(coins, t.Ins[i].Prev)
			}
		}
		for i, o := range t.Outs {
			if !script.IsUnspendable(o.Script) {
				coins[t.Outpoint(i)] = consensus.Coin{Out: o, Height: u.Next.Height, Coinbase: k == 0}
			}
		}
	}
}

// RevertCoins makes coins the set before u, the plain way.
func RevertCoins(coins map[wire.Outpoint]consensus.Coin, u consensus.Update) {
	spent := u.Spent
	for k, t := range slices.Backward(u.Block.Txs) {
		for i := range t.Outs {
			delete(coins, t.Outpoint(i))
		}
		if k == 0 {
			continue
		}
		mine := spent[len(spent)-len(t.Ins):]
		spent = spent[:len(spent)-len(t.Ins)]
		for i := range t.Ins {
			c := mine[i]
			c.TimePast = 0
			coins[t.Ins[i].Prev] = c
		}
	}
}
