package index

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/index/gcs"
	"github.com/quernnet/quern/node/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// fixture is a chain with all indexes. The chain's store may crash; what the
// indexes have written stays, as after a process was killed.
type fixture struct {
	t     *testing.T
	kept  *datastore.Store // of the indexes
	store *chaintest.Store
	chain *chain.Chain
	set   *Set
}

func newFixture(t *testing.T) *fixture {
	kept, err := datastore.Open(datastore.Config{Params: chaintest.Params(), Backend: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, kept: kept, store: chaintest.NewStore(chaintest.Params())}
	t.Cleanup(func() {
		f.stop()
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	f.start()
	return f
}

func (f *fixture) start() {
	f.t.Helper()
	var err error
	if f.chain, err = chain.Open(f.t.Context(), chain.Config{Params: chaintest.Params(), Store: f.store, Now: func() time.Time { return time.Unix(1<<32-1, 0) }}); err != nil {
		f.t.Fatal(err)
	}
	f.open(f.config())
}

func (f *fixture) config() Config {
	return Config{
		Chain: f.chain, Params: chaintest.Params(), Space: f.kept.Space,
		Rand: rand.Reader, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Tx: true, Filters: true, Coins: true, Spenders: true,
	}
}

func (f *fixture) open(c Config) {
	f.t.Helper()
	var err error
	if f.set, err = New(f.t.Context(), c); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) stop() {
	f.t.Helper()
	if err := f.chain.Close(); err != nil {
		f.t.Error(err)
	}
}

// crash is a process that is killed: the chain is back at its last flush.
func (f *fixture) crash() {
	f.t.Helper()
	next := f.store.Crash()
	f.stop()
	f.store = next
	f.start()
}

// follow brings the indexes to the tip.
func (f *fixture) follow() {
	f.t.Helper()
	if err := f.set.Follow(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	for _, name := range Names() {
		if ok, err := f.set.Wait(f.t.Context(), name); err != nil || !ok {
			f.t.Fatalf("index %s is at the tip: %v, %v", name, ok, err)
		}
	}
}

// during runs the indexes beside do.
func (f *fixture) during(do func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.set.Run(ctx) }()
	do()
	cancel()
	if err := <-ended; err != nil {
		f.t.Error(err)
	}
}

// give hands a trace's step to the chain.
func (f *fixture) give(s chaintest.Step) {
	f.t.Helper()
	var err error
	if s.Header {
		_, err = f.chain.AddHeaders(f.t.Context(), []wire.Header{s.Block.Header})
	} else {
		err = f.chain.AddBlock(f.t.Context(), s.Block)
	}
	if rule := consensus.RuleOf(err); err != nil && !errors.Is(err, chain.ErrDuplicate) && rule == "" {
		f.t.Fatal(err)
	}
}

// active is the active branch, genesis first.
func (f *fixture) active() (bs []*wire.Block) {
	f.t.Helper()
	for height := range f.chain.Tip().Height + 1 {
		h, _ := f.chain.ActiveAt(height)
		b, err := f.chain.Block(h.ID)
		if err != nil {
			f.t.Fatal(err)
		}
		bs = append(bs, b)
	}
	return bs
}

// seeds is how many traces are tried: fewer where each takes long, as with the race
// detector.
func seeds() uint64 {
	if testing.Short() {
		return 2
	}
	return 6
}

func trace(seed uint64) *chaintest.Trace {
	return chaintest.NewTrace(chaintest.TraceConfig{Seed: seed, Deep: 3 + int(seed%20), Grow: 125 + int(seed%20), Rest: 20 + int(seed%30), Pads: 1})
}

// check holds every answer against the blocks themselves.
func (f *fixture) check(tr *chaintest.Trace) {
	f.t.Helper()
	bs := f.active()
	spent := make(map[wire.Outpoint]bool)
	for height, b := range bs {
		f.checkBlock(uint32(height), b, tr)
		for i, t := range b.Txs {
			if got, err := f.set.Tx.Find(f.t.Context(), t.ID()); height > 0 && (err != nil || got == nil || got.Block != b.ID() || string(got.Tx.Append(nil)) != string(t.Append(nil))) {
				f.t.Fatalf("transaction %v at height %d: %+v, %v", t.ID(), height, got, err)
			}
			for j := range t.Ins {
				if i == 0 {
					break
				}
				op := t.Ins[j].Prev
				spent[op] = true
				if got, err := f.set.Spenders.Find(f.t.Context(), op); err != nil || got == nil || got.Block != b.ID() || got.Tx.ID() != t.ID() {
					f.t.Fatalf("spender of %v: %+v, %v", op, got, err)
				}
			}
		}
	}
	for _, b := range bs {
		for _, t := range b.Txs {
			for i := range t.Outs {
				if op := t.Outpoint(i); !spent[op] {
					if got, err := f.set.Spenders.Find(f.t.Context(), op); err != nil || got != nil {
						f.t.Fatalf("nobody spent %v: %+v, %v", op, got, err)
					}
				}
			}
		}
	}
}

// checkBlock looks at what is kept of one block.
func (f *fixture) checkBlock(height uint32, b *wire.Block, tr *chaintest.Trace) {
	f.t.Helper()
	ctx, id := f.t.Context(), b.ID()
	spent, err := f.chain.Spent(id)
	if err != nil {
		f.t.Fatal(err)
	}
	want := gcs.Basic(b, spent)
	if got, ok, err := f.set.Filters.Filter(ctx, height, id); err != nil || !ok || string(got) != string(want) {
		f.t.Fatalf("filter at height %d: %x, %v, %v, want %x", height, []byte(got), ok, err, []byte(want))
	}
	var prev wire.Hash
	if height > 0 {
		if prev, _, err = f.set.Filters.Header(ctx, height-1, b.Header.Parent); err != nil {
			f.t.Fatal(err)
		}
	}
	if got, ok, err := f.set.Filters.Header(ctx, height, id); err != nil || !ok || got != want.Header(prev) {
		f.t.Fatalf("filter header at height %d: %v, %v, %v, want %v", height, got, ok, err, want.Header(prev))
	}
	sums, hash, ok, err := f.set.Coins.At(ctx, height, id)
	if err != nil || !ok || hash != tr.After[id].MuHash || sums.Outs != tr.After[id].Coins {
		f.t.Fatalf("coins at height %d: %+v, %v, %v, %v, want %+v", height, sums, hash, ok, err, tr.After[id])
	}
	if all := sums.Amount + sums.Unspendable(); all != sums.Subsidy {
		f.t.Fatalf("at height %d coins and what is lost come to %d, the subsidies to %d", height, all, sums.Subsidy)
	}
}

// Indexes that run beside a chain of forks and reorganisations answer as the
// blocks say, and so do indexes that are built afterwards.
func TestIndexesAreThoseOfTheChain(t *testing.T) {
	for seed := range seeds() {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			tr := trace(seed)
			f := newFixture(t)
			f.during(func() {
				for _, s := range tr.Steps {
					f.give(s)
				}
			})
			f.follow()
			f.check(tr)
			f.checkStale(tr)

			for _, name := range Names() {
				if err := f.kept.Clear(t.Context(), Space(name)); err != nil {
					t.Fatal(err)
				}
			}
			f.open(f.config())
			f.follow()
			f.check(tr)
		})
	}
}

// checkStale looks for what is in blocks that left the chain: their filters and
// sums are kept, and so are transactions that no other block has.
func (f *fixture) checkStale(tr *chaintest.Trace) {
	f.t.Helper()
	active := make(map[wire.Hash]bool)
	for _, b := range f.active() {
		for _, t := range b.Txs {
			active[t.ID()] = true
		}
	}
	stale := 0
	for _, s := range tr.Steps {
		h, ok := f.chain.Header(s.Block.ID())
		if !ok || h.Active || s.Header || s.Rule != "" {
			continue
		}
		_, _, was, err := f.set.Coins.At(f.t.Context(), h.Height, h.ID)
		if err != nil {
			f.t.Fatal(err)
		}
		if !was {
			continue // it was never the tip while the indexes looked
		}
		stale++
		f.checkBlock(h.Height, s.Block, tr)
		for _, t := range s.Block.Txs {
			if got, err := f.set.Tx.Find(f.t.Context(), t.ID()); !active[t.ID()] && (err != nil || got == nil || string(got.Tx.Append(nil)) != string(t.Append(nil))) {
				f.t.Fatalf("transaction %v of a block that left the chain: %+v, %v", t.ID(), got, err)
			}
		}
	}
	f.t.Logf("%d blocks left the chain after they were indexed", stale)
}

// Where a crash takes the chain back behind the indexes, also to another branch,
// they come to answer as the blocks say.
func TestIndexesSurviveACrashOfTheChain(t *testing.T) {
	for seed := range seeds() {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			tr := trace(seed)
			f := newFixture(t)
			for i, s := range tr.Steps {
				f.give(s)
				if i%7 == 0 {
					f.follow()
				}
				switch i % 40 {
				case 11:
					if err := f.chain.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
				case 39:
					f.crash()
					if i%80 == 39 {
						f.follow()
					}
					for _, again := range tr.Steps[:i+1] { // peers give it all again
						f.give(again)
					}
				}
			}
			f.follow()
			f.check(tr)
		})
	}
}

// A batch that the datastore refuses, or a process that ends between two, leaves
// each index at a block of its own.
func TestIndexesThatStandApartComeTogether(t *testing.T) {
	tr := trace(2)
	f := newFixture(t)
	for _, s := range tr.Steps {
		f.give(s)
	}
	for _, one := range []func(*Config){
		func(c *Config) { c.Filters, c.Coins = false, false },
		func(c *Config) { c.Coins, c.Spenders = false, false },
	} {
		c := f.config()
		one(&c)
		f.open(c)
		for range 3 {
			if _, err := f.set.step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		f.set.forget()
	}
	f.open(f.config())
	f.follow()
	f.check(tr)
}

func TestWhereAnIndexStandsIsChecked(t *testing.T) {
	f := newFixture(t)
	f.follow()
	for name, damaged := range map[string][]byte{
		"another format": {2, 1, 2, 3},
		"cut off":        {1, 2, 3},
		"memory cut off": append([]byte{1}, make([]byte, 40)...),
	} {
		if err := f.kept.Space(Space(CoinsName)).Put(t.Context(), placeKey, damaged); err != nil {
			t.Fatal(err)
		}
		if _, err := New(t.Context(), f.config()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestStatus(t *testing.T) {
	f := newFixture(t)
	if _, err := chaintest.Extend(f.chain, f.chain.Tip(), 3, 0); err != nil {
		t.Fatal(err)
	}
	if ok, err := f.set.Wait(t.Context(), TxName); ok || err != nil {
		t.Errorf("an index that was not built is waited for: %v, %v", ok, err)
	}
	f.follow()
	for i, st := range f.set.Status() {
		if st.Name != Names()[i] || !st.Synced || st.Height != 3 || st.Block != f.chain.Tip().ID {
			t.Errorf("status is %+v", st)
		}
	}
}

func TestSpotsAreReadBack(t *testing.T) {
	id := wire.Hash{1, 2}
	for _, s := range []spot{{}, {height: 1<<32 - 1, offset: 1<<32 - 1}, {height: 7, offset: 81, stale: &id}} {
		got, err := decodeSpot(s.encode())
		if err != nil || got.height != s.height || got.offset != s.offset || (got.stale == nil) != (s.stale == nil) || s.stale != nil && *got.stale != id {
			t.Errorf("%+v is read back as %+v, %v", s, got, err)
		}
	}
	for _, b := range [][]byte{nil, {0x80}, {1}, {1, 0x80}, {1, 2, 3}, append([]byte{1, 2}, make([]byte, 33)...)} {
		if _, err := decodeSpot(b); err == nil {
			t.Errorf("%x is a place", b)
		}
	}
}

func TestUnclaimedRewardsAndScriptsThatNobodyMeets(t *testing.T) {
	f := newFixture(t)
	prev := f.chain.Tip()
	coinbase := chaintest.Coinbase(prev, chaintest.Anyone, -1234, 1)
	coinbase.Outs = append(coinbase.Outs, wire.Out{Value: 1000, Script: []byte{0x6a}})
	coinbase.Outs[0].Value -= 1000
	b := chaintest.Mine(prev, coinbase)
	if !script.IsUnspendable(b.Txs[0].Outs[1].Script) {
		t.Fatal("the output can be spent")
	}
	if err := f.chain.AddBlock(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	f.follow()
	sums, _, ok, err := f.set.Coins.At(t.Context(), 1, b.ID())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	want := Sums{
		Outs: 1, Bogosize: 51, Amount: 50*consensus.Coins - 2234, Subsidy: 100 * consensus.Coins, Coinbase: 50*consensus.Coins - 2234,
		Genesis: 50 * consensus.Coins, Scripts: 1000, Unclaimed: 1234,
	}
	if sums != want {
		t.Errorf("sums are %+v, want %+v", sums, want)
	}
}

// holding is a chain that notes what is held from pruning.
type holding struct {
	*chain.Chain
	from map[string]uint32
}

func (h holding) HoldPruning(name string, from uint32) { h.from[name] = from }
func (h holding) Prunes() bool                         { return true }

func TestBlocksThatAreYetToBeReadAreHeldFromPruning(t *testing.T) {
	f := newFixture(t)
	if _, err := chaintest.Extend(f.chain, f.chain.Tip(), 3, 0); err != nil {
		t.Fatal(err)
	}
	h := holding{f.chain, make(map[string]uint32)}
	c := f.config()
	c.Chain = h
	if _, err := New(t.Context(), c); err == nil {
		t.Error("where transactions are is remembered of blocks that go")
	}
	c.Tx, c.Spenders = false, false
	f.open(c)
	want := func(height uint32) {
		t.Helper()
		if len(h.from) != 2 || h.from[Space(FiltersName)] != height || h.from[Space(CoinsName)] != height {
			t.Errorf("held are %v, want both from %d", h.from, height)
		}
	}
	want(0)
	if err := f.set.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(4)
}
