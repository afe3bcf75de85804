package datastore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/blocks"
	"github.com/quernnet/quern/datastore/coins"
	"github.com/quernnet/quern/datastore/failpoint"
)

// A snapshot is a coin set that came from elsewhere. It is written into the space
// that the chain's set does not have, where nothing refers to it; one batch then
// makes it the chain's, at the snapshot's base, and what was the chain's the one
// behind, which goes on to the base block by block. When it is there one
// batch ends it: the chain's set is proven and the one behind is removed, or the
// one behind becomes the chain's again. Coins in a space that no record
// refers to are removed at the next start.

var _ chain.Snapshots = (*Store)(nil)

// savedBehind is the record of the coin set behind.
type savedBehind struct {
	savedSet
	base chain.Base
}

const behindSize = wire.HashSize + 8 + wire.HashSize + 8 + wire.HashSize

func (s *savedBehind) encode() []byte {
	b := append(make([]byte, 0, behindSize), s.tip[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.coins))
	b = append(b, s.base.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, s.base.Txs)
	return append(b, s.base.Coins[:]...)
}

func decodeBehind(b []byte) (*savedBehind, error) {
	if len(b) != behindSize {
		return nil, fmt.Errorf("damaged record of a snapshot: %d bytes", len(b))
	}
	s := new(savedBehind)
	b = b[copy(s.tip[:], b):]
	s.coins = int64(binary.BigEndian.Uint64(b))
	b = b[8:]
	b = b[copy(s.base.ID[:], b):]
	s.base.Txs = binary.BigEndian.Uint64(b)
	copy(s.base.Coins[:], b[8:])
	return s, nil
}

// loadSets makes the coin sets as the last flush left them, and removes what a load
// or a proof that did not come to its end has left.
func (s *Store) loadSets(ctx context.Context) error {
	b, err := s.kv.Get(ctx, behindKey)
	switch {
	case errors.Is(err, ds.ErrNotFound):
		s.set = s.newCoinSet(s.saved.space, s.saved.savedSet, 1)
		return s.clear(ctx, s.saved.space.other())
	case err != nil:
		return fmt.Errorf("read the record of a snapshot: %w", err)
	}
	if s.saved.behind, err = decodeBehind(b); err != nil {
		return err
	}
	s.set = s.newCoinSet(s.saved.space, s.saved.savedSet, 2)
	s.behind = s.newCoinSet(s.saved.space.other(), s.saved.behind.savedSet, 2)
	return nil
}

// sets are the coin sets there are.
func (s *Store) sets() []*coinSet {
	if s.behind == nil {
		return []*coinSet{s.set}
	}
	return []*coinSet{s.set, s.behind}
}

// now is the state that memory is in.
func (s *Store) now() *saved {
	n := &saved{savedSet: s.set.at(), headers: uint64(len(s.heads.numbers)), space: s.set.kv.space}
	if s.behind != nil {
		n.behind = &savedBehind{s.behind.at(), s.saved.behind.base}
	}
	return n
}

func (c *coinSet) at() savedSet { return savedSet{c.tip, c.count} }

// Tip is the block that the set is at.
func (c *coinSet) Tip() wire.Hash { return c.tip }

// Coin returns the unspent coin at op, Missing when there is none. It is the
// owner's call.
func (c *coinSet) Coin(op wire.Outpoint) (consensus.Coin, error) {
	a := new(coins.Arena)
	coin, known, err := c.cache.Peek(op, a)
	if known || err != nil {
		return coin, err
	}
	b, err := c.kv.Coin(op)
	if err != nil {
		return consensus.Coin{}, err
	}
	return coins.DecodeAt(op, b, a)
}

// EachCoin is Store.EachCoin of this set, which is one behind.
func (c *coinSet) EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) error {
	c.s.moment.RLock()
	saved := c.s.saved
	entries, err := c.s.inOrder(ctx, c.kv.space)
	c.s.moment.RUnlock()
	if err != nil {
		return err
	}
	if saved.behind == nil || saved.space == c.kv.space {
		return errors.Join(errors.New("the coin set is none behind any more"), entries.Close())
	}
	return c.s.eachOf(ctx, saved.behind.coins, entries, f)
}

// Behind is the coin set that proves the snapshot which the chain's own began
// with, and the snapshot's base; ok is false when there is nothing to prove.
func (s *Store) Behind() (behind chain.Coins, base chain.Base, ok bool) {
	if s.behind == nil {
		return nil, base, false
	}
	return s.behind, s.saved.behind.base, true
}

// stageBatch is how many bytes of coins are written at once.
const stageBatch = 4 << 20

// stage is a coin set in the making.
type stage struct {
	s     *Store
	space coinSpace
	batch ds.Batch
	bytes int64 // in batch
	count int64 // once EachCoin has ended
}

// Stage begins a coin set that nothing refers to until Adopt. Its methods are
// for one goroutine, which may be any. There is one at a time, and none while a set behind
// proves another.
func (s *Store) Stage(ctx context.Context) (chain.Stage, error) {
	s.mu.RLock()
	space, behind := s.set.kv.space.other(), s.behind
	s.mu.RUnlock()
	if behind != nil {
		return nil, errors.New("there is a second set of coins already")
	}
	if err := s.clear(ctx, space); err != nil {
		return nil, err
	}
	return &stage{s: s, space: space}, nil
}

// Put adds a coin; of two at one outpoint the later one stays.
func (g *stage) Put(ctx context.Context, op wire.Outpoint, coin *consensus.Coin) (err error) {
	if g.batch == nil {
		if g.batch, err = g.s.kv.sizedBatch(ctx, stageBatch); err != nil {
			return err
		}
	}
	value := coins.Append(nil, coin)
	if err := g.batch.Put(ctx, g.space.key(op), value); err != nil {
		return err
	}
	if g.bytes += int64(len(value) + coinKeySize); g.bytes < stageBatch {
		return nil
	}
	return g.commit(ctx)
}

func (g *stage) commit(ctx context.Context) error {
	if g.batch == nil {
		return nil
	}
	if err := g.s.kvDisk.require(flushFactor * g.bytes); err != nil {
		return err
	}
	failpoint.Hit(failpoint.BeforeStage)
	if err := g.batch.Commit(ctx); err != nil {
		return fmt.Errorf("write coins of a snapshot: %w", err)
	}
	failpoint.Hit(failpoint.AfterStage)
	g.batch, g.bytes = nil, 0
	return nil
}

// EachCoin calls f for each coin put, in the order of (txid bytes, index).
func (g *stage) EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) error {
	if err := g.commit(ctx); err != nil {
		return err
	}
	entries, err := g.s.inOrder(ctx, g.space)
	if err != nil {
		return err
	}
	g.count, err = eachCoin(ctx, entries, f)
	return err
}

// Discard removes what was put.
func (g *stage) Discard(ctx context.Context) error {
	g.batch = nil
	return g.s.clear(ctx, g.space)
}

// Adopt makes what was staged the chain's coins, at base, and what was the
// chain's the coins behind. The caller has flushed, and called EachCoin of the stage.
func (s *Store) Adopt(ctx context.Context, staged chain.Stage, base chain.Base) error {
	g, ok := staged.(*stage)
	if !ok || g.s != s || g.bytes > 0 || s.behind != nil {
		return errors.New("the snapshot is not one that this store has staged")
	}
	next := &saved{
		savedSet: savedSet{base.ID, g.count}, headers: s.saved.headers, space: g.space,
		behind: &savedBehind{s.saved.savedSet, base},
	}
	// What was staged is durable before anything refers to it: writes to the
	// database are in order.
	failpoint.Hit(failpoint.BeforeAdopt)
	if err := s.become(ctx, next, nil); err != nil {
		return fmt.Errorf("take over a snapshot: %w", err)
	}
	failpoint.Hit(failpoint.AfterAdopt)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind, s.set = s.set, s.newCoinSet(g.space, next.savedSet, 2)
	s.resize()
	return nil
}

// resize shares the memory for coins between the sets. mu is held.
func (s *Store) resize() {
	sets := s.sets()
	for _, c := range sets {
		c.cache.Resize(s.shares.coins/int64(len(sets)), s.shares.changes/int64(len(sets)))
	}
}

// Prove ends the set behind: the chain's coins are those that it would have come
// to. No flush is under way.
func (s *Store) Prove(ctx context.Context) error {
	next := s.saved
	next.behind = nil
	failpoint.Hit(failpoint.BeforeProof)
	err := s.become(ctx, &next, func(b ds.Batch) error { return b.Delete(ctx, behindKey) })
	if err != nil {
		return fmt.Errorf("end of a snapshot's proof: %w", err)
	}
	failpoint.Hit(failpoint.AfterProof)
	s.mu.Lock()
	s.behind = nil
	s.resize()
	s.mu.Unlock()
	return s.clear(ctx, next.space.other())
}

// Disprove makes the set behind the chain's again, and forgets what the blocks in
// undo spent, which came from the other. The caller has flushed. Nothing can be changed after it:
// the next start goes on from there.
func (s *Store) Disprove(ctx context.Context, undo []wire.Hash) error {
	next := &saved{savedSet: s.saved.behind.savedSet, headers: s.saved.headers, space: s.saved.space.other()}
	failpoint.Hit(failpoint.BeforeProof)
	err := s.become(ctx, next, func(b ds.Batch) error {
		for _, id := range undo {
			if err := s.parts[1].Forget(ctx, b, blocks.Key(id)); err != nil {
				return err
			}
		}
		return b.Delete(ctx, behindKey)
	})
	if err == nil {
		failpoint.Hit(failpoint.AfterProof)
		err = errors.New("the snapshot was given up")
	}
	return s.fail(err)
}

// become makes the records of a state durable, with what else f puts into their batch.
func (s *Store) become(ctx context.Context, next *saved, f func(ds.Batch) error) error {
	s.mu.RLock()
	broken, frozen := s.broken, s.frozen
	s.mu.RUnlock()
	switch {
	case broken != nil:
		return broken
	case frozen != nil:
		return errors.New("a flush is under way")
	}
	batch, err := s.kv.Batch(ctx)
	if err != nil {
		return err
	}
	if f != nil {
		if err := f(batch); err != nil {
			return err
		}
	}
	if err := next.put(ctx, batch); err != nil {
		return err
	}
	if err := s.commit(ctx, batch, *next); err != nil {
		return s.fail(err)
	}
	if err := s.kv.Sync(ctx, ds.NewKey("/")); err != nil {
		return s.fail(err)
	}
	return nil
}

// clear removes all coins of a space that no record refers to, if there are any.
func (s *Store) clear(ctx context.Context, space coinSpace) error {
	there := false
	for _, err := range entriesOf(ctx, s.kv, space.prefix(), true) {
		if err != nil {
			return fmt.Errorf("look for coins that are of no use: %w", err)
		}
		there = true
		break
	}
	if !there {
		return nil
	}
	if err := s.kv.deleteUnder(ctx, space.prefix()); err != nil {
		return fmt.Errorf("remove coins that are of no use: %w", err)
	}
	return nil
}
