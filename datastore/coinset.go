package datastore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
	"golang.org/x/sync/errgroup"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/coins"
	"github.com/quernnet/quern/datastore/failpoint"
)

// coinSet is one set of coins: a cache over a space of the database, and the
// block that it is at. A store has one, and a second one while it proves a snapshot.
//
// The owner's goroutine changes it; Store.mu lets others read beside it.
type coinSet struct {
	s     *Store
	kv    flushed
	tip   wire.Hash
	count int64 // coins at tip
	cache *coins.Cache
}

// newCoinSet is a set as a flush left it. It holds a share of the memory for coins.
func (s *Store) newCoinSet(space coinSpace, at savedSet, part int64) *coinSet {
	kv := flushed{s.kv, space}
	return &coinSet{
		s: s, kv: kv, tip: at.tip, count: at.coins,
		cache: coins.New(kv, s.shares.coins/part, s.shares.changes/part),
	}
}

// flushed reads the coins of a space as of the last flush.
type flushed struct {
	kv    ds.Read
	space coinSpace
}

func (f flushed) Coin(op wire.Outpoint) ([]byte, error) {
	b, err := f.kv.Get(context.Background(), f.space.key(op))
	if errors.Is(err, ds.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read coin %v: %w", op, err)
	}
	return b, nil
}

// Coin returns the unspent coin at op, Missing when there is none.
//
// The lock is not held while the disk is read. What is read is still a coin
// that was current during the call: the cache did not know op, so that the disk
// has the truth until a flush brings it a newer one.
func (s *Store) Coin(op wire.Outpoint) (consensus.Coin, error) {
	a := new(coins.Arena)
	s.mu.RLock()
	set := s.set
	coin, known, err := set.cache.Peek(op, a)
	s.mu.RUnlock()
	if known || err != nil {
		return coin, err
	}
	b, err := set.kv.Coin(op)
	if err != nil {
		return consensus.Coin{}, err
	}
	return coins.DecodeAt(op, b, a)
}

// coinsOnce is how many coins are looked up while the lock is held: the owner need not wait long.
const coinsOnce = 256

// CoinsAt is Coin for many. What only the disk knows is read by several goroutines.
func (s *Store) CoinsAt(ops []wire.Outpoint, dst []consensus.Coin) ([]consensus.Coin, error) {
	dst = slices.Grow(dst, len(ops))
	a := new(coins.Arena)
	var unknown []wanted
	s.mu.RLock()
	set := s.set
	s.mu.RUnlock()
	for some := range slices.Chunk(ops, coinsOnce) {
		var err error
		s.mu.RLock()
		dst, unknown, err = set.peek(some, dst, unknown, a)
		s.mu.RUnlock()
		if err != nil {
			return nil, err
		}
	}
	return dst, set.read(unknown, dst, a)
}

// peek appends the coins that the cache knows, and lists those that it does not.
func (c *coinSet) peek(ops []wire.Outpoint, dst []consensus.Coin, unknown []wanted, a *coins.Arena) ([]consensus.Coin, []wanted, error) {
	for _, op := range ops {
		coin, known, err := c.cache.Peek(op, a)
		if err != nil {
			return nil, nil, err
		}
		if !known {
			unknown = append(unknown, wanted{op: op, at: len(dst)})
		}
		dst = append(dst, coin)
	}
	return dst, unknown, nil
}

// read puts the coins that only the disk knows in their places.
func (c *coinSet) read(unknown []wanted, dst []consensus.Coin, a *coins.Arena) error {
	if err := c.kv.read(unknown); err != nil {
		return err
	}
	for i := range unknown {
		coin, err := coins.DecodeAt(unknown[i].op, unknown[i].value, a)
		if err != nil {
			return err
		}
		dst[unknown[i].at] = coin
	}
	return nil
}

// Resolve appends to dst one coin for each input of b but the coinbase's;
// Missing where the set has none. What it reads from disk does not enter the
// cache: b is about to spend it.
func (s *Store) Resolve(b *wire.Block, dst []consensus.Coin) ([]consensus.Coin, error) {
	return s.set.Resolve(b, dst)
}

// Apply makes the coin set the one after u and keeps u.Spent for Undo.
func (s *Store) Apply(u consensus.Update) error { return s.set.Apply(u) }

// Revert makes the coin set the one before u, whose block is the tip.
func (s *Store) Revert(u consensus.Update) error { return s.set.Revert(u) }

// Resolve is Store.Resolve of this set.
func (c *coinSet) Resolve(b *wire.Block, dst []consensus.Coin) ([]consensus.Coin, error) {
	ops := make([]wire.Outpoint, 0, b.Spends())
	for i, t := range b.Txs {
		for j := range t.Ins {
			if i == 0 {
				break
			}
			ops = append(ops, t.Ins[j].Prev)
		}
	}
	a := new(coins.Arena)
	// The owner needs no lock to read.
	dst, unknown, err := c.peek(ops, slices.Grow(dst, len(ops)), nil, a)
	if err != nil {
		return nil, err
	}
	return dst, c.read(unknown, dst, a)
}

// wanted is a coin that only the disk knows.
type wanted struct {
	op    wire.Outpoint
	at    int    // its place in Resolve's result
	value []byte // once read; nil: there is none
}

// Coins are read by several goroutines at once, each of which takes a few at a
// time: a lookup is part waiting for the disk and part work.
const (
	readers    = 8
	readerTake = 16
)

// read fills in the values.
func (f flushed) read(all []wanted) error {
	var next atomic.Int64
	var g errgroup.Group
	for range min(readers, (len(all)+readerTake-1)/readerTake) {
		g.Go(func() error {
			for {
				end := int(next.Add(readerTake))
				from := end - readerTake
				if from >= len(all) {
					return nil
				}
				for i := from; i < min(end, len(all)); i++ {
					var err error
					if all[i].value, err = f.Coin(all[i].op); err != nil {
						next.Store(int64(len(all))) // the others need not go on
						return err
					}
				}
			}
		})
	}
	return g.Wait()
}

// Apply is Store.Apply of this set.
func (c *coinSet) Apply(u consensus.Update) error {
	id := u.Next.ID
	if err := c.fits(u, u.Prev.ID); err != nil {
		return fmt.Errorf("apply block %v: %w", id, err)
	}
	if err := c.s.putUndo(id, u.Spent); err != nil {
		return err
	}
	failpoint.Hit(failpoint.BeforeApply)
	defer failpoint.Hit(failpoint.AfterApply)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for i, t := range u.Block.Txs {
		if i > 0 {
			for j := range t.Ins {
				if err := c.cache.Spend(t.Ins[j].Prev); err != nil {
					return c.s.failed(fmt.Errorf("apply block %v: %w", id, err))
				}
				c.count--
			}
		}
		if err := c.create(t, u.Next.Height, i == 0); err != nil {
			return c.s.failed(fmt.Errorf("apply block %v: %w", id, err))
		}
	}
	c.tip = id
	return nil
}

// create adds t's outputs to the coin set. Only a coinbase can have the id of
// an earlier transaction (BIP30), and then it replaces that one's coins.
func (c *coinSet) create(t *wire.Tx, height uint32, coinbase bool) error {
	op := wire.Outpoint{TxID: t.ID()}
	for i := range t.Outs {
		if script.IsUnspendable(t.Outs[i].Script) {
			continue
		}
		op.Index = uint32(i)
		coin := consensus.Coin{Out: t.Outs[i], Height: height, Coinbase: coinbase}
		var replaced bool
		var err error
		if coinbase {
			replaced, err = c.cache.Replace(op, &coin)
		} else {
			err = c.cache.Add(op, &coin)
		}
		if err != nil {
			return err
		}
		if !replaced {
			c.count++
		}
	}
	return nil
}

// Revert is Store.Revert of this set.
func (c *coinSet) Revert(u consensus.Update) error {
	id := u.Next.ID
	if err := c.fits(u, id); err != nil {
		return fmt.Errorf("revert block %v: %w", id, err)
	}
	failpoint.Hit(failpoint.BeforeRevert)
	defer failpoint.Hit(failpoint.AfterRevert)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	spent := u.Spent
	for i, t := range slices.Backward(u.Block.Txs) {
		op := wire.Outpoint{TxID: t.ID()}
		for j := range t.Outs {
			if script.IsUnspendable(t.Outs[j].Script) {
				continue
			}
			op.Index = uint32(j)
			if err := c.cache.Spend(op); err != nil {
				return c.s.failed(fmt.Errorf("revert block %v: %w", id, err))
			}
			c.count--
		}
		if i == 0 {
			break
		}
		for j := range slices.Backward(t.Ins) {
			last := len(spent) - 1
			if err := c.cache.Add(t.Ins[j].Prev, &spent[last]); err != nil {
				return c.s.failed(fmt.Errorf("revert block %v: %w", id, err))
			}
			c.count++
			spent = spent[:last]
		}
	}
	c.tip = u.Prev.ID
	return nil
}

// fits checks, before anything is changed, that u starts or ends at the tip and
// is whole.
func (c *coinSet) fits(u consensus.Update, tip wire.Hash) error {
	c.s.mu.RLock()
	broken := c.s.broken
	c.s.mu.RUnlock()
	if broken != nil {
		return broken
	}
	if c.tip != tip {
		return fmt.Errorf("the coins are at block %v", c.tip)
	}
	if n := u.Block.Spends(); n != len(u.Spent) {
		return fmt.Errorf("it spends %d coins, %d were given", n, len(u.Spent))
	}
	for i := range u.Spent {
		if u.Spent[i].Missing {
			return fmt.Errorf("coin %d that it spends is missing", i)
		}
	}
	return nil
}

// fail remembers that what is in memory or in the database is not known to be
// whole, so that it is never flushed: the next start has the last whole state.
func (s *Store) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed(err)
}

// failed is fail with mu held.
func (s *Store) failed(err error) error {
	if s.broken == nil {
		s.broken = fmt.Errorf("the coin set in memory is unusable since an earlier error (%w): start again", err)
	}
	return err
}

// EachCoin calls f for each coin at the last Flush, in the order of (txid
// bytes, index), until f fails or ctx ends. Changes made after the call began
// are not seen.
func (s *Store) EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) error {
	want, entries, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	return s.eachOf(ctx, want, entries, f)
}

// eachOf goes through coins of which there must be so many.
func (s *Store) eachOf(ctx context.Context, want int64, entries query.Results, f func(wire.Outpoint, consensus.Coin) error) error {
	count, err := eachCoin(ctx, entries, f)
	// Iterators end early without a word when a file cannot be read.
	if err == nil && count != want {
		return fmt.Errorf("the database has %d coins where %d were written: the disk may be failing: %s", count, want, Advice)
	}
	return err
}

// eachCoin goes through coins, counts them, and closes the iterator.
func eachCoin(ctx context.Context, entries query.Results, f func(wire.Outpoint, consensus.Coin) error) (count int64, err error) {
	defer entries.Close()
	a := new(coins.Arena)
	for {
		r, ok := entries.NextSync()
		if !ok {
			return count, ctx.Err()
		}
		if err := errors.Join(r.Error, ctx.Err()); err != nil {
			return count, fmt.Errorf("read coins: %w", err)
		}
		op, err := parseCoinKey(r.Key)
		if err != nil {
			return count, err
		}
		coin, err := coins.DecodeAt(op, r.Value, a)
		if err != nil {
			return count, err
		}
		if err := f(op, coin); err != nil {
			return count, err
		}
		count++
	}
}
