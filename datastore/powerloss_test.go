package datastore

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
)

var losses = flag.Int("losses", 24, "how often the power goes, in tests of that")

// watched is a file system that calls look before and after everything that
// changes it or makes a change durable. Calls of look come from whatever
// goroutine does that.
type watched struct {
	vfs.FS
	look func()

	syncs, writes, reuses *atomic.Int64 // how often each was done
}

func watch(fs vfs.FS, look func()) *watched {
	return &watched{fs, look, new(atomic.Int64), new(atomic.Int64), new(atomic.Int64)}
}

func (w *watched) file(f vfs.File, err error) (vfs.File, error) {
	w.look()
	if err != nil {
		return nil, err
	}
	return &watchedFile{f, w}, nil
}

func (w *watched) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	w.look()
	return w.file(w.FS.Create(name, c))
}

func (w *watched) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	w.look()
	return w.file(w.FS.OpenReadWrite(name, c, o...))
}

func (w *watched) OpenDir(name string) (vfs.File, error) { return w.file(w.FS.OpenDir(name)) }

// ReuseForWrite is what Pebble takes old logs for new ones by. Its own errorfs
// gives out a file that is not watched.
func (w *watched) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	w.look()
	w.reuses.Add(1)
	return w.file(w.FS.ReuseForWrite(old, name, c))
}

func (w *watched) around(f func() error) error {
	w.look()
	defer w.look()
	return f()
}

func (w *watched) Link(a, b string) error {
	return w.around(func() error { return w.FS.Link(a, b) })
}

func (w *watched) Remove(name string) error {
	return w.around(func() error { return w.FS.Remove(name) })
}

func (w *watched) RemoveAll(name string) error {
	return w.around(func() error { return w.FS.RemoveAll(name) })
}

func (w *watched) Rename(a, b string) error {
	return w.around(func() error { return w.FS.Rename(a, b) })
}

type watchedFile struct {
	vfs.File
	w *watched
}

func (f *watchedFile) wrote(n int, err error) (int, error) {
	f.w.writes.Add(1)
	f.w.look()
	return n, err
}

func (f *watchedFile) Write(b []byte) (int, error) { f.w.look(); return f.wrote(f.File.Write(b)) }

func (f *watchedFile) WriteAt(b []byte, at int64) (int, error) {
	f.w.look()
	return f.wrote(f.File.WriteAt(b, at))
}

func (f *watchedFile) synced(err error) error {
	f.w.syncs.Add(1)
	f.w.look()
	return err
}

func (f *watchedFile) Sync() error     { f.w.look(); return f.synced(f.File.Sync()) }
func (f *watchedFile) SyncData() error { f.w.look(); return f.synced(f.File.SyncData()) }

func (f *watchedFile) SyncTo(n int64) (bool, error) {
	f.w.look()
	full, err := f.File.SyncTo(n)
	return full, f.synced(err)
}

// smallLogs is how much Pebble writes before it begins a new log here: little,
// so that logs are used again.
const smallLogs = 256 << 10

// atop is a store's configuration on a file system, whatever that is. The
// backend's name is in the folder's manifest: it is the same for all.
func atop(t testing.TB, fs vfs.FS, f fault) Config {
	name := "atop-" + t.Name()
	backends.Lock()
	defer backends.Unlock()
	backends.byName[name] = Backend{Open: func(dir string, memory int64, log *slog.Logger) (ds.Batching, error) {
		o := pebbleOptions(fs, log, tuned(memory))
		o.MemTableSize = smallLogs
		kv, err := openPebbleWith(o, dir, memory)
		if err == nil && f.kv != nil {
			kv = f.kv(kv)
		}
		return kv, err
	}}
	t.Cleanup(func() {
		backends.Lock()
		defer backends.Unlock()
		delete(backends.byName, name)
	})
	c := Config{
		Dir: "/data", Params: chaintest.Params(), Backend: name, Cache: 60_000, fs: fs,
		FreeSpace: func(string) (uint64, error) { return 1 << 40, nil },
	}
	if f.fs != nil {
		c.fs = f.fs(fs)
	}
	return c
}

// loss is what was on the disk at a moment when the power might have gone, and
// what had been said and done by then.
type loss struct {
	mem          *vfs.MemFS
	acked, given int // steps of the trace
	height       uint32
}

// camera takes losses of a file system while a store is at work on it.
type camera struct {
	mem  *vfs.MemFS
	odds int // one moment in so many is looked at

	mu     sync.Mutex // guards what follows
	rng    *rand.Rand
	taken  []loss
	most   int
	acked  atomic.Int64
	given  atomic.Int64
	height atomic.Uint32
}

func (c *camera) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.taken) >= c.most || c.rng.IntN(c.odds) > 0 {
		return
	}
	// What was said before the disk is looked at must be on it; what is given
	// after may be.
	l := loss{acked: int(c.acked.Load()), height: c.height.Load()}
	percent := []int{0, 0, c.rng.IntN(101), 100}[c.rng.IntN(4)]
	l.mem = c.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: c.rng})
	l.given = int(c.given.Load())
	c.taken = append(c.taken, l)
}

// shortTrace is a trace that does not take long.
func shortTrace(seed uint64) *chaintest.Trace {
	return chaintest.NewTrace(chaintest.TraceConfig{Seed: seed, Deep: 3 + int(seed%8), Grow: 125, Rest: 15, Pads: 1})
}

// running is a chain on a store.
type running struct {
	*Store
	chain *chain.Chain
}

func open(c Config) (*running, error) {
	s, err := Open(c)
	if err != nil {
		return nil, err
	}
	ch, err := chain.Open(context.Background(), chain.Config{
		Params: c.Params, Store: s, Workers: 1, Now: func() time.Time { return time.Unix(2e9, 0) },
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &running{s, ch}, nil
}

func (r *running) close() error { return errors.Join(r.chain.Close(), r.Store.Close()) }

// feed gives the steps from one on, and says what was acknowledged.
func (r *running) feed(tr *chaintest.Trace, from int, c *camera) error {
	ctx := context.Background()
	for i := from; i < len(tr.Steps); i++ {
		s := tr.Steps[i]
		if c != nil {
			c.given.Store(int64(i + 1))
		}
		var err error
		if s.Header {
			_, err = r.chain.AddHeaders(ctx, []wire.Header{s.Block.Header})
		} else {
			err = r.chain.AddBlock(ctx, s.Block)
		}
		if err != nil && !errors.Is(err, chain.ErrDuplicate) && (s.Rule == "" || consensus.RuleOf(err) == "") {
			return fmt.Errorf("step %d: %w", i, err)
		}
		if c == nil || i%9 != 0 {
			continue
		}
		if err := r.chain.Flush(ctx); err != nil {
			return err
		}
		c.height.Store(s.Best)
		c.acked.Store(int64(i + 1))
	}
	return r.chain.Settle(ctx)
}

// sum is the state that the chain is in, held against the trace.
func (r *running) sum(tr *chaintest.Trace) (chaintest.After, error) {
	var at consensus.State
	st, err := coinset.Sum(context.Background(), func(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) (err error) {
		at, err = r.chain.EachCoin(ctx, f)
		return err
	}, coinset.Multiset)
	if err != nil {
		return chaintest.After{}, err
	}
	a, ok := tr.After[at.ID]
	if !ok || a.MuHash != st.Hash || a.Coins != st.Coins {
		return a, fmt.Errorf("at %v, height %d: %d coins with MuHash %v, want %d with %v", at.ID, at.Height, st.Coins, st.Hash, a.Coins, a.MuHash)
	}
	return a, nil
}

// survive opens what a loss has left, and sees that nothing is missing.
func (l *loss) survive(c Config, tr *chaintest.Trace, toEnd bool) error {
	r, err := open(c)
	if err != nil {
		return &faultFound{err}
	}
	if err := r.judge(l, tr, toEnd); err != nil {
		return errors.Join(&faultFound{err}, r.close())
	}
	return r.close()
}

func (r *running) judge(l *loss, tr *chaintest.Trace, toEnd bool) error {
	a, err := r.sum(tr)
	if err != nil {
		return err
	}
	var most uint32
	if l.given > 0 {
		most = tr.Steps[l.given-1].Best
	}
	if a.Height < l.height || a.Height > most || a.Given > l.given {
		return fmt.Errorf("it is at height %d; %d was acknowledged, %d steps to height %d were given", a.Height, l.height, l.given, most)
	}
	if !toEnd {
		return nil
	}
	if err := r.feed(tr, l.acked, nil); err != nil {
		return err
	}
	if a, err = r.sum(tr); err != nil {
		return err
	}
	if a != tr.After[tr.Tip] {
		return fmt.Errorf("fed to the end it is at height %d, want %d", a.Height, tr.After[tr.Tip].Height)
	}
	return nil
}

// cutPower runs a trace on a disk, and looks at what it would have left if the
// power had gone at moments between and amidst its writes.
func cutPower(t testing.TB, seed uint64, n int, f fault) error {
	tr := shortTrace(seed)
	c := &camera{mem: vfs.NewCrashableMem(), odds: 1 + 1300/n, most: n, rng: rand.New(rand.NewPCG(seed, 3))}
	fs := watch(c.mem, c.look)
	r, err := open(atop(t, fs, f))
	if err != nil {
		return err
	}
	if err := errors.Join(r.feed(tr, 0, c), r.close()); err != nil {
		return err
	}
	if fs.syncs.Load() == 0 || fs.writes.Load() == 0 || fs.reuses.Load() == 0 {
		return fmt.Errorf("the power did not see %d syncs, %d writes, %d logs used again", fs.syncs.Load(), fs.writes.Load(), fs.reuses.Load())
	}
	for i, l := range c.taken {
		if err := l.survive(atop(t, l.mem, f), tr, i%3 == 0); err != nil {
			return fmt.Errorf("loss %d, %d steps acknowledged, %d given: %w", i, l.acked, l.given, err)
		}
	}
	t.Logf("seed %d: %d losses, among %d writes and %d syncs; %d logs used again", seed, len(c.taken), fs.writes.Load(), fs.syncs.Load(), fs.reuses.Load())
	return nil
}

// Whenever the power goes while a chain forks and reorganises, what is left is
// a state of that chain, no older than what was acknowledged.
func TestPowerLossOfAChain(t *testing.T) {
	seeds := shortened(2, 1)
	for seed := range seeds {
		if err := cutPower(t, seed, *losses/int(seeds), fault{}); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// It must fail where a store does one of these things.
func TestPowerLossOfAChainFindsFaults(t *testing.T) {
	for name, f := range map[string]fault{
		"the batch is split":       {kv: func(kv ds.Batching) ds.Batching { return splitting{kv} }},
		"the batch is not synced":  {kv: func(kv ds.Batching) ds.Batching { return unsynced{kv} }},
		"the files are not synced": {fs: func(fs vfs.FS) vfs.FS { return lazyFS{fs} }},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(40) {
				err := cutPower(t, seed, 40, f)
				var fault *faultFound
				if errors.As(err, &fault) {
					t.Logf("seed %d: %v", seed, err)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			t.Error("no power loss brings the fault to light")
		})
	}
}

// refeed does what a node does with what a reindex has found.
func (r *running) refeed() error {
	if !r.Reindexing() {
		return nil
	}
	s, err := r.Salvage()
	if err != nil {
		return err
	}
	ctx := context.Background()
	for _, h := range s.Headers {
		if _, err := r.chain.AddHeaders(ctx, []wire.Header{h}); err != nil {
			return err
		}
	}
	left := s.Blocks
	for progress := true; progress; {
		var again []SalvagedBlock
		for _, b := range left {
			body, err := r.Block(b.ID())
			if err == nil {
				err = r.chain.AddBlock(ctx, body)
			}
			if errors.Is(err, chain.ErrNoParent) {
				again = append(again, b)
			} else if err != nil && !errors.Is(err, chain.ErrDuplicate) && consensus.RuleOf(err) == "" {
				return err
			}
		}
		progress, left = len(again) < len(left), again
	}
	return errors.Join(r.chain.Settle(ctx), r.chain.Flush(ctx), r.Reindexed())
}

// Whenever the power goes while a database is built anew, a start without a
// word goes on with that, and comes to the same state.
func TestPowerLossOfAReindex(t *testing.T) {
	for seed := range shortened(2, 1) {
		tr := shortTrace(seed)
		c := &camera{mem: vfs.NewCrashableMem(), most: *losses / 2, rng: rand.New(rand.NewPCG(seed, 4)), odds: 1 << 30}
		fs := watch(c.mem, c.look)
		r, err := open(atop(t, fs, fault{}))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(r.feed(tr, 0, c), r.close()); err != nil {
			t.Fatal(err)
		}
		whole := loss{acked: len(tr.Steps), given: len(tr.Steps), height: tr.After[tr.Tip].Height}
		c.odds = 1 + 1000/c.most
		cfg := atop(t, fs, fault{})
		cfg.Reindex = true
		if r, err = open(cfg); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(r.refeed(), r.judge(&whole, tr, false), r.close()); err != nil {
			t.Fatal(err)
		}
		for i, l := range c.taken {
			r, err := open(atop(t, l.mem, fault{}))
			if err != nil {
				t.Fatalf("seed %d, loss %d: %v", seed, i, err)
			}
			if err := errors.Join(r.refeed(), r.judge(&whole, tr, false), r.close()); err != nil {
				t.Errorf("seed %d, loss %d: %v", seed, i, err)
			}
		}
		t.Logf("seed %d: %d losses", seed, len(c.taken))
	}
}
