package datastore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
)

// story is a chain with payments, whose coins after one of its blocks are a
// snapshot.
type story struct {
	params *consensus.Params // that know the snapshot
	blocks []*wire.Block     // from height 1 on
	base   int               // height
	coins  map[wire.Outpoint]consensus.Coin
	after  map[wire.Outpoint]consensus.Coin // at the last block
}

// tell makes a story. forge, if not nil, changes the snapshot, whose hash is
// then known to be what it comes to.
func tell(t testing.TB, base, length int, forge func(map[wire.Outpoint]consensus.Coin)) *story {
	t.Helper()
	st := &story{base: base}
	store := chaintest.NewStore(chaintest.Params())
	c, err := chain.Open(t.Context(), chain.Config{Params: chaintest.Params(), Store: store, Now: storyTime})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	txs := uint64(1)
	for h := 1; h <= length; h++ {
		var pays []*wire.Tx
		if h > 101 {
			from := st.blocks[h-102].Txs[0]
			pays = append(pays, chaintest.Spend(chaintest.Anyone, from.Outs[0].Value, from.Outpoint(0)).Seal())
		}
		b := chaintest.Block(c.Tip(), 1, 0, pays...)
		if err := c.AddBlock(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		st.blocks = append(st.blocks, b)
		if h <= base {
			txs += uint64(len(b.Txs))
		}
		if h == base {
			st.coins = store.Coins()
		}
	}
	st.after = store.Coins()
	if forge != nil {
		forge(st.coins)
	}
	sum, err := coinset.Sum(t.Context(), st.each, coinset.Serialized)
	if err != nil {
		t.Fatal(err)
	}
	st.params = chaintest.Params().AssumingCoins(consensus.AssumedCoins{
		Height: uint32(base), Block: st.blocks[base-1].ID(), Coins: sum.Hash, Txs: txs,
	})
	return st
}

func storyTime() time.Time { return time.Unix(1_800_000_000, 0) }

// each goes through the snapshot in order.
func (st *story) each(_ context.Context, f func(wire.Outpoint, consensus.Coin) error) error {
	ops := slices.SortedFunc(maps.Keys(st.coins), func(a, b wire.Outpoint) int {
		return slices.Compare([]byte(coinSpace(0).key(a).String()), []byte(coinSpace(0).key(b).String()))
	})
	for _, op := range ops {
		if err := f(op, st.coins[op]); err != nil {
			return err
		}
	}
	return nil
}

func (st *story) snapshot() chain.Snapshot {
	return chain.Snapshot{Base: st.blocks[st.base-1].ID(), Each: func(f func(wire.Outpoint, *consensus.Coin) error) error {
		return st.each(context.Background(), func(op wire.Outpoint, c consensus.Coin) error { return f(op, &c) })
	}}
}

// reader is a node of a story: it knows the headers, begins with the snapshot where it has not,
// and reads the blocks in the order given.
type reader struct {
	*story
	store *Store
	chain *chain.Chain
}

func (st *story) open(ctx context.Context, s *Store, prune int64) (*reader, error) {
	c, err := chain.Open(ctx, chain.Config{Params: st.params, Store: s, Now: storyTime, Workers: 2, Prune: prune})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &reader{st, s, c}, nil
}

func (r *reader) headers(ctx context.Context) error {
	hs := make([]wire.Header, len(r.blocks))
	for i, b := range r.blocks {
		hs[i] = b.Header
	}
	_, err := r.chain.AddHeaders(ctx, hs)
	return err
}

// feed gives blocks by height, from and to included.
func (r *reader) feed(ctx context.Context, from, to int) error {
	for _, b := range r.blocks[from-1 : to] {
		if err := r.chain.AddBlock(ctx, b); err != nil && !errors.Is(err, chain.ErrDuplicate) {
			return err
		}
	}
	return nil
}

// proven waits until there is nothing to prove any more.
func (r *reader) proven(ctx context.Context) error {
	for {
		changed := r.chain.Changed()
		if _, proving := r.chain.Background(); !proving {
			return nil
		}
		select {
		case <-changed:
		case <-r.chain.Failed():
			return r.chain.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *reader) close() error { return errors.Join(r.chain.Close(), r.store.Close()) }

// whole checks that the node has come to the story's end.
func (r *reader) whole(ctx context.Context) error {
	if tip := r.chain.Tip(); int(tip.Height) != len(r.blocks) {
		return fmt.Errorf("tip is at height %d", tip.Height)
	}
	got := make(map[wire.Outpoint]consensus.Coin)
	_, err := r.chain.EachCoin(ctx, func(op wire.Outpoint, c consensus.Coin) error {
		got[op] = c
		return nil
	})
	if err != nil {
		return err
	}
	if len(got) != len(r.after) {
		return fmt.Errorf("%d coins, want %d", len(got), len(r.after))
	}
	for op, c := range r.after {
		if !sameCoin(got[op], c) {
			return fmt.Errorf("coin %v is %+v, want %+v", op, got[op], c)
		}
	}
	txs := uint64(1)
	for i, b := range r.blocks {
		txs += uint64(len(b.Txs))
		h, _ := r.chain.ActiveAt(uint32(i + 1))
		if h.ID != b.ID() || h.ChainTxs != txs {
			return fmt.Errorf("at height %d is %v with %d transactions, want %v with %d", i+1, h.ID, h.ChainTxs, b.ID(), txs)
		}
		switch spent, err := r.chain.Spent(b.ID()); {
		case err != nil:
			return fmt.Errorf("what the block at height %d spent: %w", i+1, err)
		case len(spent) != b.Spends():
			return fmt.Errorf("the block at height %d spent %d coins, want %d", i+1, len(spent), b.Spends())
		}
	}
	return nil
}

func TestSnapshotIsBegunWithAndProven(t *testing.T) {
	st := tell(t, 110, 120, nil)
	for name, backend := range map[string]string{"memory": "memory", "pebble": "pebble"} {
		t.Run(name, func(t *testing.T) {
			c := Config{Dir: t.TempDir(), Params: st.params, Backend: backend}
			s, err := Open(c)
			if err != nil {
				t.Fatal(err)
			}
			r, err := st.open(t.Context(), s, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.close() }()
			// Its tip has left the way to the base.
			if _, err := chaintest.Extend(r.chain, r.chain.Tip(), 5, 77); err != nil {
				t.Fatal(err)
			}
			if err := r.headers(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := r.chain.LoadSnapshot(t.Context(), st.snapshot()); err != nil {
				t.Fatal(err)
			}
			if tip := r.chain.Tip(); int(tip.Height) != st.base || tip.ID != st.blocks[st.base-1].ID() {
				t.Fatalf("tip is %v at height %d", tip.ID, tip.Height)
			}
			if b, ok := r.chain.Background(); !ok || b.Base.ID != r.chain.Tip().ID || b.At.Height > 5 {
				t.Errorf("the proof is at %+v, %v", b.At, ok)
			}
			if _, err := r.chain.LoadSnapshot(t.Context(), st.snapshot()); !errors.Is(err, error(errTwiceOf(t, r))) && err == nil {
				t.Error("a second snapshot is taken")
			}
			if err := r.chain.Invalidate(t.Context(), st.blocks[50].ID()); err == nil {
				t.Error("a block below the base can be set aside")
			}
			want := r.chain.Wanted(1000)
			if len(want) != len(st.blocks) || int(want[0].Height) != st.base+1 || want[len(st.blocks)-st.base].Height != 1 {
				t.Errorf("%d bodies are wanted, from height %d on", len(want), want[0].Height)
			}
			if err := errors.Join(r.feed(t.Context(), st.base+1, len(st.blocks)), r.feed(t.Context(), 50, st.base)); err != nil {
				t.Fatal(err)
			}
			if tip := r.chain.Tip(); int(tip.Height) != len(st.blocks) {
				t.Errorf("tip is at height %d", tip.Height)
			}
			if err := errors.Join(r.feed(t.Context(), 1, 49), r.proven(t.Context()), r.whole(t.Context())); err != nil {
				t.Fatal(err)
			}
			if backend == "memory" {
				return
			}
			if err := r.close(); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(c); err != nil {
				t.Fatal(err)
			}
			if r, err = st.open(t.Context(), s, 0); err != nil {
				t.Fatal(err)
			}
			if _, proving := r.chain.Background(); proving {
				t.Error("it is to be proven again")
			}
			if err := r.whole(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// errTwiceOf is how a second snapshot is refused.
func errTwiceOf(t *testing.T, r *reader) *chain.SnapshotError {
	t.Helper()
	_, err := r.chain.LoadSnapshot(t.Context(), r.snapshot())
	var e *chain.SnapshotError
	if !errors.As(err, &e) {
		t.Errorf("a second snapshot is refused with: %v", err)
	}
	return e
}

// A snapshot whose hash was known wrongly is found out, and what was built on it
// given up at the next start.
func TestForgedSnapshotIsGivenUp(t *testing.T) {
	st := tell(t, 110, 120, func(coins map[wire.Outpoint]consensus.Coin) {
		for op, c := range coins {
			if c.Height == 50 {
				c.Value++
				coins[op] = c
			}
		}
	})
	c := Config{Dir: t.TempDir(), Params: st.params}
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := st.open(t.Context(), s, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.chain.LoadSnapshot(t.Context(), st.snapshot())
	var e *chain.SnapshotError
	if !errors.As(err, &e) {
		t.Fatalf("without its header: %v", err)
	}
	if err := r.headers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.chain.LoadSnapshot(t.Context(), st.snapshot()); err != nil {
		t.Fatal(err)
	}
	if err := r.feed(t.Context(), st.base+1, len(st.blocks)); err != nil {
		t.Fatal(err)
	}
	// The last of these is what the proof waits for, so that it may stop the chain at once.
	_ = r.feed(t.Context(), 1, st.base)
	if err := r.proven(t.Context()); err == nil {
		t.Fatal("it is proven")
	}
	if err := r.close(); err == nil {
		t.Error("the chain did not stop")
	}
	if s, err = Open(c); err != nil {
		t.Fatal(err)
	}
	if r, err = st.open(t.Context(), s, 0); err != nil {
		t.Fatal(err)
	}
	if _, proving := r.chain.Background(); proving {
		t.Error("it is to be proven again")
	}
	if err := errors.Join(r.whole(t.Context()), r.close()); err != nil {
		t.Error(err)
	}
}

// Wherever the power goes, from the first coin written to the last removed, the node comes to
// the same end.
func TestPowerLossWhileASnapshotIsProven(t *testing.T) {
	st := tell(t, 110, 120, nil)
	for seed := range shortened(12, 2) {
		rng := rand.New(rand.NewPCG(seed, 9))
		if err := st.survive(t, rng); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

func (st *story) survive(t *testing.T, rng *rand.Rand) error {
	mem := vfs.NewCrashableMem()
	c := onDisk(t, mem, fault{})
	c.Params = st.params
	name := c.Backend
	s, err := Open(c)
	if err != nil {
		return err
	}
	for {
		ctx, cancel := context.WithCancel(t.Context())
		clones := make(chan *vfs.MemFS, 1)
		cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rand.New(rand.NewPCG(rng.Uint64(), 1))}
		wait := rng.IntN(6000)
		done := make(chan struct{})
		go func() {
			for range wait {
				select {
				case <-done:
				default:
					_, _ = mem.Stat("/data") // takes the lock that all work on files takes
				}
			}
			clones <- mem.CrashClone(cfg)
			cancel()
		}()
		err := st.read(ctx, s)
		close(done)
		ended := err == nil
		mem = <-clones
		cancel()
		if ended {
			return nil
		}
		if !errors.Is(err, context.Canceled) && !errors.Is(err, chain.ErrClosed) {
			return err
		}
		if s, err = st.reopen(t, mem, name); err != nil {
			return fmt.Errorf("after a crash: %w", err)
		}
	}
}

func (st *story) reopen(t *testing.T, mem *vfs.MemFS, name string) (*Store, error) {
	c := onDisk(t, mem, fault{})
	b, err := backend(c.Backend)
	if err != nil {
		return nil, err
	}
	backends.Lock()
	backends.byName[name] = b
	backends.Unlock()
	c.Backend, c.Params = name, st.params
	return Open(c)
}

// read has a node do all that is left to do for the story's end.
func (st *story) read(ctx context.Context, s *Store) (err error) {
	r, err := st.open(ctx, s, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.headers(ctx); err != nil {
		return err
	}
	if r.chain.Tip().Height < uint32(st.base) {
		if _, err := r.chain.LoadSnapshot(ctx, st.snapshot()); err != nil {
			return err
		}
	}
	if err := r.feed(ctx, st.base+1, len(st.blocks)); err != nil {
		return err
	}
	if err := r.chain.Flush(ctx); err != nil {
		return err
	}
	for h := 1; h <= st.base; h += 10 {
		if err := errors.Join(r.feed(ctx, h, min(h+9, st.base)), r.chain.Flush(ctx)); err != nil {
			return err
		}
	}
	return errors.Join(r.proven(ctx), r.whole(ctx))
}
