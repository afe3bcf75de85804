package fees

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/leaktest"
	"github.com/quernnet/quern/node/mempool"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// feed is a pool and a chain that say what a test wants.
type feed struct {
	mu      sync.Mutex // guards es, height and changed
	es      []mempool.Event
	lost    uint64 // events up to this one are no longer kept
	height  uint32
	changed chan struct{}
	tip     consensus.State
	ahead   uint32 // headers beyond the tip
}

func (f *feed) EventsSince(seq uint64) ([]mempool.Event, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if seq < f.lost {
		return nil, false
	}
	return slices.Clone(f.es[seq:]), true
}
func (f *feed) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}
func (f *feed) Stats() mempool.Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return mempool.Stats{Height: f.height, Sequence: uint64(len(f.es))}
}
func (f *feed) Tip() consensus.State { return f.tip }
func (f *feed) BestHeader() consensus.State {
	s := f.tip
	s.Height += f.ahead
	return s
}

func (f *feed) push(e mempool.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.Sequence = uint64(len(f.es) + 1)
	f.es = append(f.es, e)
}

// add is a payment that enters at the present height.
func (f *feed) add(n byte) wire.Hash {
	t := (&wire.Tx{Version: 2, LockTime: uint32(n)}).Seal()
	f.push(mempool.Event{Added: t, Fee: 1000, Size: 100, Height: f.height, Alone: true})
	return t.ID()
}

func (f *feed) mine(height uint32, block byte, ids ...wire.Hash) {
	f.mu.Lock()
	f.height = height
	f.mu.Unlock()
	for _, id := range ids {
		f.push(mempool.Event{Removed: id, Reason: "block", Height: height, Block: wire.Hash{block}})
	}
}

func (f *feed) leave(id wire.Hash, reason string, height uint32) {
	f.push(mempool.Event{Removed: id, Reason: reason, Height: height})
}

var noon = time.Unix(1_700_000_000, 0)

func newFeed(height uint32) *feed {
	f := &feed{height: height, changed: make(chan struct{})}
	for i := range f.tip.Times {
		f.tip.Times[i] = uint32(noon.Unix())
	}
	return f
}

func (f *feed) follow(t *testing.T) *Follower {
	t.Helper()
	w, err := Follow(Config{Pool: f, Chain: f, Now: func() time.Time { return noon.Add(time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestFollow(t *testing.T) {
	f := newFeed(100)
	w := f.follow(t)
	early := f.add(1)
	w.Sync()
	if len(w.e.tracked) != 0 || w.e.Best() != 0 {
		t.Error("something is tracked before the first block")
	}
	f.mine(101, 1, early)
	a, b, c := f.add(2), f.add(3), f.add(4)
	f.height = 102 // an empty block
	d := f.add(5)
	w.Sync()
	if w.e.Best() != 102 || len(w.e.tracked) != 4 {
		t.Errorf("%d tracked at %d", len(w.e.tracked), w.e.Best())
	}
	// b is double-spent by a transaction of the block that has a and d.
	f.push(mempool.Event{Removed: a, Reason: "block", Height: 103, Block: wire.Hash{3}})
	f.leave(b, "conflict", 102)
	f.mine(103, 3, d)
	f.leave(c, "replaced", 103)
	w.Sync()
	if w.e.Best() != 103 || len(w.e.tracked) != 0 || w.e.first != 103 {
		t.Errorf("%d tracked at %d, first %d", len(w.e.tracked), w.e.Best(), w.e.first)
	}
	s := w.e.stats[Short]
	bucket := slices.IndexFunc(s.seen, func(n float64) bool { return n > 0 })
	if s.seen[bucket] != 2 || s.mined[0][bucket] != 1 || s.mined[1][bucket] != 2 {
		t.Errorf("%v mined, %v at once, %v within 2", s.seen[bucket], s.mined[0][bucket], s.mined[1][bucket])
	}
	// b waited for 1 block, of which the average has faded since, and c for 2.
	if s.failed[0][bucket] != 1*.962+1 || s.failed[1][bucket] != 1 || s.failed[2][bucket] != 0 {
		t.Errorf("failed %v %v %v", s.failed[0][bucket], s.failed[1][bucket], s.failed[2][bucket])
	}
}

// TestReorganisation gives two blocks of one height in one go.
func TestReorganisation(t *testing.T) {
	f := newFeed(0)
	f.mine(1, 1, wire.Hash{9})
	w := f.follow(t)
	f.mine(2, 2, wire.Hash{9})
	a, b := f.add(1), f.add(2)
	f.mine(3, 3, a)
	f.push(mempool.Event{Added: (&wire.Tx{Version: 2, LockTime: 1}).Seal(), Fee: 1000, Size: 100, Height: 2}) // a comes back
	f.mine(3, 33, a, b)
	f.mine(4, 4)
	w.Sync()
	if w.e.Best() != 4 || len(w.e.tracked) != 1 {
		t.Errorf("%d tracked at %d", len(w.e.tracked), w.e.Best())
	}
}

func TestNotCaughtUp(t *testing.T) {
	for name, spoil := range map[string]func(*feed){
		"old tip":       func(f *feed) { clear(f.tip.Times[:]) },
		"blocks missed": func(f *feed) { f.ahead = 2 },
	} {
		f := newFeed(0)
		w := f.follow(t)
		f.mine(1, 1, wire.Hash{9})
		w.Sync()
		spoil(f)
		f.add(1)
		w.Sync()
		if len(w.e.tracked) != 0 {
			t.Errorf("%s: it is tracked", name)
		}
	}
}

// TestLosesTrack misses events, and then blocks.
func TestLosesTrack(t *testing.T) {
	f := newFeed(0)
	w := f.follow(t)
	f.mine(1, 1, wire.Hash{9})
	f.add(1)
	w.Sync()
	f.add(2)
	f.lost = uint64(len(f.es))
	w.Sync()
	if len(w.e.tracked) != 0 {
		t.Error("what was missed is tracked")
	}
	id := f.add(3)
	w.Sync()
	f.leave(id, "reorg", 500)
	f.height = 500
	w.Sync()
	if w.e.Best() != 500 || len(w.e.tracked) != 0 {
		t.Errorf("%d tracked at %d", len(w.e.tracked), w.e.Best())
	}
	for _, s := range w.e.stats {
		for _, row := range s.failed {
			if slices.Max(row) > 0 {
				t.Fatal("what happened to it unseen counts as a failure")
			}
		}
	}
}

// TestSaves runs a follower over some hours and reads what it left.
func TestSaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(0)
		dir := t.TempDir()
		log := &bytes.Buffer{}
		c := Config{Pool: f, Chain: f, File: filepath.Join(dir, "fee_estimates.dat"), Now: time.Now, Log: slog.New(slog.NewTextHandler(log, nil))}
		open := func() *Follower {
			w, err := Follow(c)
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
		w := open()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()
		synctest.Wait()
		f.mine(1, 1, wire.Hash{9})
		f.mu.Lock()
		close(f.changed)
		f.changed = make(chan struct{})
		f.mu.Unlock()
		time.Sleep(time.Hour + time.Second)
		if e, err := read(c.File, time.Now()); err != nil || e.Best() != 1 {
			t.Errorf("after an hour: %v", err)
		}
		f.mine(2, 2, wire.Hash{9})
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if e := open().e; e.Best() != 2 || log.Len() == 0 {
			t.Errorf("at %d; %s", e.Best(), log)
		}
		if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
			t.Errorf("files %v", names)
		}
		check := func(want string) {
			t.Helper()
			log.Reset()
			if e := open().e; e.Best() != 0 || !strings.Contains(log.String(), want) {
				t.Errorf("at %d; %s", e.Best(), log)
			}
		}
		old := time.Now().Add(-maxAge - time.Hour)
		if err := os.Chtimes(c.File, old, old); err != nil {
			t.Fatal(err)
		}
		check("61h0m0s old")
		if err := os.WriteFile(c.File, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
		check("another version")
		c.File = filepath.Join(dir, "no", "folder")
		w = open()
		w.save()
		if !strings.Contains(log.String(), "not saved") {
			t.Errorf("%s", log)
		}
	})
}
