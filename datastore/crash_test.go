package datastore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
)

// fault is what a store does wrong: wrappers around its database and the file
// system of its block files, nil for none.
type fault struct {
	kv func(ds.Batching) ds.Batching
	fs func(vfs.FS) vfs.FS
}

// onDisk is a store's configuration on a file system that can lose its power.
func onDisk(t testing.TB, fs vfs.FS, f fault) Config {
	name := fmt.Sprintf("crash-%p", fs)
	backends.Lock()
	backends.byName[name] = Backend{Open: func(dir string, memory int64, log *slog.Logger) (ds.Batching, error) {
		kv, err := openPebbleOn(fs, dir, memory, log)
		if err == nil && f.kv != nil {
			kv = f.kv(kv)
		}
		return kv, err
	}}
	backends.Unlock()
	t.Cleanup(func() {
		backends.Lock()
		defer backends.Unlock()
		delete(backends.byName, name)
	})
	c := Config{
		Dir: "/data", Params: testParams(t), Backend: name, Cache: 60_000, fs: fs,
		FreeSpace: func(string) (uint64, error) { return 1 << 40, nil },
	}
	if f.fs != nil {
		c.fs = f.fs(fs)
	}
	return c
}

// reopen opens a store on another file system than the one that its manifest
// knows by name.
func reopen(t testing.TB, fs vfs.FS, name string, f fault) (*Store, error) {
	c := onDisk(t, fs, f)
	b, err := backend(c.Backend)
	if err != nil {
		return nil, err
	}
	backends.Lock()
	backends.byName[name] = b
	backends.Unlock()
	c.Backend = name
	return Open(c)
}

// milestone is what a flush acknowledged.
type milestone struct {
	tip     wire.Hash
	coins   coinset.Stats
	headers int
}

func milestoneOf(t testing.TB, s *Store, l *ledger) milestone {
	sum, err := coinset.Sum(context.Background(), l.each, coinset.Multiset)
	if err != nil {
		t.Fatal(err)
	}
	return milestone{tip: l.tip().ID, coins: sum, headers: len(s.heads.numbers)}
}

// each goes through the coins that are right, in any order, which a multiset's
// hash does not mind. Txs depends on the order: it is not compared.
func (l *ledger) each(_ context.Context, f func(wire.Outpoint, consensus.Coin) error) error {
	for op, c := range l.coins {
		if err := f(op, c); err != nil {
			return err
		}
	}
	return nil
}

// examine says what is wrong with a store that was opened after a crash, given
// what its flushes had acknowledged and what one that was under way would have.
func examine(s *Store, acked milestone, under *milestone) error {
	headers, tip, err := s.Load()
	if err != nil {
		return err
	}
	known := map[wire.Hash]bool{s.c.Params.Genesis.ID(): true}
	for h, err := range headers {
		if err != nil {
			return err
		}
		if !known[h.Parent] {
			return fmt.Errorf("header %v comes before its parent", h.ID())
		}
		known[h.ID()] = true
	}
	want := acked
	// Two flushes may be at the same tip, with other headers.
	if under != nil && tip == under.tip && len(known)-1 == under.headers {
		want = *under
	}
	if tip != want.tip || len(known)-1 != want.headers || !known[tip] {
		return fmt.Errorf("tip is %v with %d headers, the last flush was at %v with %d", tip, len(known)-1, want.tip, want.headers)
	}
	sum, err := coinset.Sum(context.Background(), s.EachCoin, coinset.Multiset)
	if err != nil {
		return err
	}
	if sum.Hash != want.coins.Hash || sum.Coins != want.coins.Coins {
		return fmt.Errorf("the coins are not those at %v: %d with hash %v, want %d with %v",
			tip, sum.Coins, sum.Hash, want.coins.Coins, want.coins.Hash)
	}
	return examineBodies(s, tip)
}

// examineBodies reads every block back to genesis, with its undo data.
func examineBodies(s *Store, id wire.Hash) error {
	for id != s.c.Params.Genesis.ID() {
		if !s.HasBlock(id) {
			return fmt.Errorf("body of %v is gone", id)
		}
		b, err := s.Block(id)
		if err != nil {
			return err
		}
		spent, err := s.Undo(id)
		if err != nil {
			return err
		}
		if b.ID() != id || len(spent) != b.Spends() {
			return fmt.Errorf("block %v comes back as %v, with %d of %d coins", id, b.ID(), len(spent), b.Spends())
		}
		id = b.Header.Parent
	}
	return nil
}

// faultFound is what is wrong after a crash.
type faultFound struct{ error }

// live runs a store through forks and flushes, and cuts the power at random
// moments, also in the midst of a flush. It returns the first thing that is
// wrong after one.
func live(t testing.TB, seed uint64, crashes int, f fault) error {
	rng := rand.New(rand.NewPCG(seed, 2))
	cut := &breaker{mem: vfs.NewCrashableMem()}
	c := onDisk(t, watch(cut.mem, cut.look), f)
	name := c.Backend
	s, err := Open(c)
	if err != nil {
		return err
	}
	l := newLedger(c.Params, seed)
	acked := milestoneOf(t, s, l)
	for range crashes {
		for range rng.IntN(30) {
			if err := step(t, s, l, rng); err != nil {
				return err
			}
			if rng.IntN(6) == 0 {
				if err := flush(s, l.tip().ID); err != nil {
					return err
				}
				acked = milestoneOf(t, s, l)
			}
		}
		cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng}
		var clone *vfs.MemFS
		var under *milestone
		if rng.IntN(2) == 0 {
			clone = cut.mem.CrashClone(cfg)
		} else {
			next := milestoneOf(t, s, l)
			under = &next
			if clone, err = crashAmidst(t, cut, cfg, s, l, rng); err != nil {
				return err
			}
		}
		if err := s.Close(); err != nil {
			return err
		}
		cut = &breaker{mem: clone}
		if s, err = reopen(t, watch(cut.mem, cut.look), name, f); err != nil {
			return &faultFound{err}
		}
		if err := examine(s, acked, under); err != nil {
			return &faultFound{err}
		}
		acked = l.rewind(t, s)
	}
	return s.Close()
}

// breaker cuts the power at a moment amidst what is done to a disk: it takes
// what would then be left.
type breaker struct {
	mem *vfs.MemFS

	mu   sync.Mutex // guards what follows
	wait int        // moments until then
	cfg  *vfs.CrashCloneCfg
	left *vfs.MemFS
}

// look is called at each moment, see watch.
func (b *breaker) look() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cfg == nil || b.left != nil {
		return
	}
	if b.wait--; b.wait < 0 {
		b.left = b.mem.CrashClone(*b.cfg)
	}
}

// arm has the power cut after so many moments.
func (b *breaker) arm(wait int, cfg vfs.CrashCloneCfg) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wait, b.cfg = wait, &cfg
}

// off returns what is left, at the latest now.
func (b *breaker) off() *vfs.MemFS {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left == nil {
		b.left = b.mem.CrashClone(*b.cfg)
	}
	return b.left
}

// crashAmidst cuts the power during a flush beside which the store goes on,
// wherever both may be.
func crashAmidst(t testing.TB, cut *breaker, cfg vfs.CrashCloneCfg, s *Store, l *ledger, rng *rand.Rand) (*vfs.MemFS, error) {
	if err := s.Freeze(l.tip().ID); err != nil {
		return nil, err
	}
	wait, steps := rng.IntN(momentsOfAFlush), rand.New(rand.NewPCG(rng.Uint64(), 3)) // cfg has the other one
	cut.arm(wait, cfg)
	flushed := make(chan error, 1)
	go func() { flushed <- s.Flush() }()
	var err error
	for range steps.IntN(10) {
		if err = step(t, s, l, steps); err != nil {
			break
		}
	}
	err = errors.Join(err, <-flushed)
	return cut.off(), err
}

// momentsOfAFlush is about how many looks a flush takes, with what is stored
// beside it.
const momentsOfAFlush = 60

func step(t testing.TB, s *Store, l *ledger, rng *rand.Rand) error {
	if rng.IntN(4) > 0 {
		add(t, s, l.grow(8))
		return nil
	}
	for range rng.IntN(6) {
		u, ok := l.shrink()
		if !ok {
			return nil
		}
		if err := s.Revert(u); err != nil {
			return err
		}
	}
	return nil
}

// rewind takes the ledger to where the store is after a crash. Blocks that were
// taken off since then come back, so that what the ledger was is remembered.
func (l *ledger) rewind(t testing.TB, s *Store) milestone {
	_, tip, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	l.coins = make(map[wire.Outpoint]consensus.Coin)
	l.ops = nil
	err = s.EachCoin(context.Background(), func(op wire.Outpoint, c consensus.Coin) error {
		l.coins[op] = c
		l.ops = append(l.ops, op)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	genesis := consensus.State{Params: s.c.Params, ID: s.c.Params.Genesis.ID()}
	l.past = nil
	for id := tip; id != genesis.ID; {
		b, err := s.Block(id)
		if err != nil {
			t.Fatal(err)
		}
		spent, err := s.Undo(id)
		if err != nil {
			t.Fatal(err)
		}
		l.past = append(l.past, consensus.Update{Block: b, Spent: spent, Next: consensus.State{Params: s.c.Params, ID: id, Height: b.Header.Time}})
		id = b.Header.Parent
	}
	l.states = []consensus.State{genesis}
	for i, j := 0, len(l.past)-1; i < j; i, j = i+1, j-1 {
		l.past[i], l.past[j] = l.past[j], l.past[i]
	}
	for i := range l.past {
		l.past[i].Prev = l.tip()
		l.states = append(l.states, l.past[i].Next)
	}
	return milestoneOf(t, s, l)
}

// Whenever the power goes, the store comes back in the state of its last flush,
// or of the one under way, whole.
func TestPowerLossLeavesTheStateOfAFlush(t *testing.T) {
	for seed := range shortened(12, 3) {
		if err := live(t, seed, 12, fault{}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// shortened is n, or fewer in a short run.
func shortened(n, few uint64) uint64 {
	if testing.Short() {
		return few
	}
	return n
}

// A store that did one of these things wrong would have to fail the test above:
// here it does them wrong, and must.
func TestPowerLossFindsFaults(t *testing.T) {
	for name, f := range map[string]fault{
		"the batch is split":       {kv: func(kv ds.Batching) ds.Batching { return splitting{kv} }},
		"the batch is not synced":  {kv: func(kv ds.Batching) ds.Batching { return unsynced{kv} }},
		"the files are not synced": {fs: func(fs vfs.FS) vfs.FS { return lazyFS{fs} }},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(200) {
				err := live(t, seed, 12, f)
				var fault *faultFound
				if errors.As(err, &fault) {
					t.Logf("seed %d: %v", seed, err)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			t.Error("no crash brings the fault to light")
		})
	}
}

// splitting commits each batch in two halves, the state record first.
type splitting struct{ ds.Batching }

func (s splitting) Batch(ctx context.Context) (ds.Batch, error) {
	first, err := s.Batching.Batch(ctx)
	if err != nil {
		return nil, err
	}
	second, err := s.Batching.Batch(ctx)
	return &halves{Batch: second, first: first, kv: s}, err
}

type halves struct {
	ds.Batch
	first ds.Batch
	kv    splitting
}

func (h *halves) Put(ctx context.Context, k ds.Key, v []byte) error {
	if k == stateKey {
		return h.first.Put(ctx, k, v)
	}
	return h.Batch.Put(ctx, k, v)
}

func (h *halves) Commit(ctx context.Context) error {
	if err := h.first.Commit(ctx); err != nil {
		return err
	}
	if err := h.kv.Sync(ctx, ds.NewKey("/")); err != nil {
		return err
	}
	return h.Batch.Commit(ctx)
}

// unsynced acknowledges what may still be lost.
type unsynced struct{ ds.Batching }

func (unsynced) Sync(context.Context, ds.Key) error { return nil }

// lazyFS has block files that are never synced.
type lazyFS struct{ vfs.FS }

func (l lazyFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	f, err := l.FS.OpenReadWrite(name, c, o...)
	return lazyFile{f}, err
}

type lazyFile struct{ vfs.File }

func (lazyFile) Sync() error { return nil }
