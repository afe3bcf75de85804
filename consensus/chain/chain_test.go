package chain_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a chain on a store in memory.
type fixture struct {
	*chain.Chain
	t     testing.TB
	store *chaintest.Store
	tag   uint64
}

func open(t testing.TB, s *chaintest.Store) *fixture {
	t.Helper()
	c, err := chain.Open(t.Context(), chain.Config{
		Params:  chaintest.Params(),
		Store:   s,
		Now:     func() time.Time { return time.Unix(1_800_000_000, 0) },
		Workers: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &fixture{Chain: c, t: t, store: s}
}

func fresh(t testing.TB) *fixture {
	t.Helper()
	return open(t, chaintest.NewStore(chaintest.Params()))
}

// reopen closes the chain and opens it again on what its store kept.
func (f *fixture) reopen() *fixture {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatal(err)
	}
	return open(f.t, f.store.Crash())
}

func (f *fixture) add(bs ...*wire.Block) {
	f.t.Helper()
	for _, b := range bs {
		if err := f.AddBlock(f.t.Context(), b); err != nil {
			f.t.Fatalf("add %v: %v", b.ID(), err)
		}
	}
}

// branch makes n blocks after s that no other branch has.
func (f *fixture) branch(s consensus.State, n int) []*wire.Block {
	f.tag++
	var bs []*wire.Block
	for range n {
		b := chaintest.Block(s, f.tag, 0)
		bs, s = append(bs, b), chaintest.Next(s, b)
	}
	return bs
}

// grow adds n blocks to the tip.
func (f *fixture) grow(n int) []*wire.Block {
	f.t.Helper()
	bs := f.branch(f.Tip(), n)
	f.add(bs...)
	return bs
}

func (f *fixture) after(b *wire.Block) consensus.State {
	f.t.Helper()
	s, ok := f.StateAt(b.ID())
	if !ok {
		f.t.Fatalf("header %v is unknown", b.ID())
	}
	return s
}

func (f *fixture) wantTip(b *wire.Block) {
	f.t.Helper()
	if got := f.Tip(); got.ID != b.ID() {
		f.t.Fatalf("tip is %v at height %d, want %v", got.ID, got.Height, b.ID())
	}
	f.wantCoins()
}

// wantCoins compares the coins with those of a naive replay of the active
// branch.
func (f *fixture) wantCoins() {
	f.t.Helper()
	coins := make(map[wire.Outpoint]consensus.Coin)
	s, err := f.EachCoin(f.t.Context(), func(op wire.Outpoint, c consensus.Coin) error {
		coins[op] = c
		return nil
	})
	if err != nil || s != f.Tip() {
		f.t.Fatalf("coins are after %v, the tip is %v: %v", s.ID, f.Tip().ID, err)
	}
	if err := sameCoins(coins, f.replay()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) replay() map[wire.Outpoint]consensus.Coin {
	f.t.Helper()
	coins := make(map[wire.Outpoint]consensus.Coin)
	for h := uint32(1); h <= f.Tip().Height; h++ {
		info, ok := f.ActiveAt(h)
		if !ok {
			f.t.Fatalf("nothing at height %d of %d", h, f.Tip().Height)
		}
		b, err := f.Block(info.ID)
		if err != nil {
			f.t.Fatal(err)
		}
		chaintest.ApplyCoins(coins, consensus.Update{Block: b, Next: consensus.State{Height: h}})
	}
	return coins
}

func sameCoins(got, want map[wire.Outpoint]consensus.Coin) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d coins, want %d", len(got), len(want))
	}
	for op, w := range want {
		if g := got[op]; !sameCoin(g, w) {
			return fmt.Errorf("coin %v is %+v, want %+v", op, g, w)
		}
	}
	return nil
}

func sameCoin(a, b consensus.Coin) bool {
	return a.Value == b.Value && string(a.Script) == string(b.Script) && a.Height == b.Height &&
		a.Coinbase == b.Coinbase && a.Missing == b.Missing
}

func wantRule(t testing.TB, err error, rule consensus.Rule) {
	t.Helper()
	if got := consensus.RuleOf(err); got != rule {
		t.Fatalf("error is %v, want rule %q", err, rule)
	}
}

func TestGrow(t *testing.T) {
	f := fresh(t)
	changed := f.Changed()
	bs := f.grow(120)
	select {
	case <-changed:
	default:
		t.Error("Changed did not fire")
	}
	f.wantTip(bs[119])
	if got := f.BestHeader(); got.ID != bs[119].ID() {
		t.Errorf("best header is %v", got.ID)
	}
	info, ok := f.ActiveAt(5)
	if !ok || info.ID != bs[4].ID() || info.Next != bs[5].ID() || !info.Active || !info.HasBody || info.Txs != 1 {
		t.Errorf("height 5 is %+v", info)
	}
	f = f.reopen()
	f.wantTip(bs[119])
}

func TestStateAtIsWhatApplyHeaderGives(t *testing.T) {
	f := fresh(t)
	s := f.Tip()
	for _, b := range f.grow(30) {
		s = chaintest.Next(s, b)
		if got := f.after(b); got != s {
			t.Fatalf("state at height %d is %+v, want %+v", s.Height, got, s)
		}
	}
}

func TestSpends(t *testing.T) {
	f := fresh(t)
	key := chaintest.NewKey(7)
	first := chaintest.Mine(f.Tip(), chaintest.Coinbase(f.Tip(), key.Script(), 0, 1))
	f.add(first)
	f.grow(100)
	coinbase := first.Txs[0]
	tx := chaintest.Spend(chaintest.Anyone, coinbase.Outs[0].Value-1000, coinbase.Outpoint(0))
	key.Sign(tx, 0, coinbase.Outs[0].Value)
	good := chaintest.Block(f.Tip(), 1, 1000, tx)

	forged := chaintest.Spend(chaintest.Anyone, coinbase.Outs[0].Value-999, coinbase.Outpoint(0))
	forged.Ins[0].Witness = tx.Ins[0].Witness
	bad := chaintest.Block(f.Tip(), 1, 999, forged)
	err := f.AddBlock(t.Context(), bad)
	wantRule(t, err, "block-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top stack element)")
	var rule *consensus.RuleError
	if errors.As(err, &rule); rule.Tx != 1 || rule.In != 0 {
		t.Errorf("fault is in transaction %d input %d", rule.Tx, rule.In)
	}
	wantRule(t, f.AddBlock(t.Context(), bad), "duplicate-invalid")
	wantRule(t, f.AddBlock(t.Context(), chaintest.Block(chaintest.Next(f.Tip(), bad), 1, 0)), "bad-prevblk")

	f.add(good)
	f.wantTip(good)
	if err := f.AddBlock(t.Context(), good); !errors.Is(err, chain.ErrDuplicate) {
		t.Errorf("adding it again gives %v", err)
	}
	_, coins, err := f.Coins([]wire.Outpoint{coinbase.Outpoint(0), tx.Outpoint(0)})
	if err != nil || !coins[0].Missing || coins[1].Value != tx.Outs[0].Value || coins[1].TimePast == 0 {
		t.Errorf("coins are %+v, %v", coins, err)
	}
	spent, err := f.Spent(good.ID())
	if err != nil || len(spent) != 1 || !spent[0].Coinbase {
		t.Errorf("spent is %+v, %v", spent, err)
	}
}

func TestReorgs(t *testing.T) {
	for _, depth := range []int{1, 2, 10, 63, 64, 65, 150} {
		t.Run(fmt.Sprint(depth), func(t *testing.T) {
			f := fresh(t)
			base := f.grow(3)[2]
			old := f.branch(f.after(base), depth)
			f.add(old...)
			fork := f.branch(f.after(base), depth+1)
			f.add(fork[:depth]...)
			f.wantTip(old[depth-1])
			f.add(fork[depth])
			f.wantTip(fork[depth])
			list := f.Branches()
			if len(list) != 2 || list[0].Status != "active" || list[1].Status != "valid-fork" || int(list[1].Length) != depth {
				t.Errorf("branches are %+v", list)
			}
			f.store.FlushAfter(20)
			f.add(f.branch(f.after(old[depth-1]), 2)...)
			f.wantCoins()
			if got := f.Tip().Height; int(got) != depth+5 {
				t.Errorf("height is %d", got)
			}
			f = f.reopen()
			f.wantCoins()
		})
	}
}

func TestFirstSeenWinsTies(t *testing.T) {
	f := fresh(t)
	a, b := f.branch(f.Tip(), 1)[0], f.branch(f.Tip(), 1)[0]
	if _, err := f.AddHeaders(t.Context(), []wire.Header{b.Header}); err != nil {
		t.Fatal(err)
	}
	f.add(a, b)
	f.wantTip(a) // whose body came first
	if err := f.Invalidate(t.Context(), a.ID()); err != nil {
		t.Fatal(err)
	}
	f.wantTip(b)
	if err := f.Reconsider(t.Context(), a.ID()); err != nil {
		t.Fatal(err)
	}
	f.wantTip(a)
	f = f.reopen()
	f.wantTip(a)
}

func TestBodiesInAnyOrder(t *testing.T) {
	f := fresh(t)
	base := f.Tip()
	bs := f.branch(base, 40)
	if err := f.AddBlock(t.Context(), bs[1]); !errors.Is(err, chain.ErrNoParent) {
		t.Fatalf("a block without a parent gives %v", err)
	}
	var hs []wire.Header
	for _, b := range bs {
		hs = append(hs, b.Header)
	}
	s, err := f.AddHeaders(t.Context(), hs)
	if err != nil || s.ID != bs[39].ID() || f.BestHeader().ID != s.ID {
		t.Fatalf("headers end at %v, %v", s.ID, err)
	}
	if w := f.Wanted(5); len(w) != 5 || w[0].ID != bs[0].ID() || w[4].Height != 5 {
		t.Fatalf("wanted: %+v", w)
	}
	for i := 39; i > 0; i-- {
		f.add(bs[i])
		if f.Tip().Height != 0 {
			t.Fatal("the tip moved without its parents")
		}
	}
	if w := f.Wanted(5); len(w) != 1 || w[0].ID != bs[0].ID() {
		t.Fatalf("wanted: %+v", w)
	}
	f = f.reopen()
	f.add(bs[0])
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The rest follows from the store, behind AddBlock's back.
	for f.Tip().Height < 40 {
		<-f.Changed()
	}
	f.wantTip(bs[39])
}

func TestCrashFallsBackToTheLastFlush(t *testing.T) {
	f := fresh(t)
	a := f.grow(10)
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := f.grow(10)
	g := open(t, f.store.Crash())
	g.wantTip(a[9])
	g.add(b...)
	g.wantTip(b[9])
}

func TestOpenReplaysStoredBlocks(t *testing.T) {
	f := fresh(t)
	bs := f.grow(20)
	if err := f.Invalidate(t.Context(), bs[10].ID()); err != nil {
		t.Fatal(err)
	}
	s := f.reopen().store
	// What was flushed with marks is opened as one without.
	loaded, _, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	var hs []chain.StoredHeader
	for h := range loaded {
		h.Mark = 0
		hs = append(hs, h)
	}
	s = s.Crash()
	if err := s.AddHeaders(hs); err != nil {
		t.Fatal(err)
	}
	open(t, s).wantTip(bs[19])

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := chain.Open(ctx, chain.Config{Params: chaintest.Params(), Store: s.Crash()}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open with a cancelled context gives %v", err)
	}
}

func TestLostBodiesAreWantedAgain(t *testing.T) {
	f := fresh(t)
	base := f.grow(3)[2]
	fork := f.branch(f.after(base), 3)
	f.grow(2)
	f.add(fork[:2]...)
	f.store.DropBlock(fork[1].ID())
	f.add(fork[2])
	if got := f.Tip().Height; got != 5 {
		t.Fatalf("height is %d", got)
	}
	if w := f.Wanted(9); len(w) != 1 || w[0].ID != fork[1].ID() {
		t.Fatalf("wanted: %+v", w)
	}
	if f.store.HasBlock(fork[1].ID()) {
		t.Fatal("the store still says that it has the body")
	}
	f.add(fork[1])
	if err := f.Invalidate(t.Context(), f.branch(f.Tip(), 1)[0].ID()); !errors.Is(err, chain.ErrUnknown) {
		t.Fatal(err)
	}
	for f.Tip().Height < 6 {
		<-f.Changed()
	}
	f.wantTip(fork[2])
}

func TestStoreFailureStopsTheChain(t *testing.T) {
	disk := errors.New("disk on fire")
	for _, call := range []string{"AddHeaders", "PutBlock", "Resolve", "Coin", "Apply", "Revert", "Flush", "Block", "Undo"} {
		t.Run(call, func(t *testing.T) {
			late := uint32(1000) // so that coins are looked up one by one, for BIP30
			p, err := chaintest.Params().With(consensus.Override{BIP34: &late})
			if err != nil {
				t.Fatal(err)
			}
			f := openWith(t, p, chaintest.NewStore(p), nil)
			bs := f.grow(3)
			f.add(f.branch(f.after(bs[1]), 1)...)
			f.store.FailWith(func(c string) error {
				if c == call {
					return disk
				}
				return nil
			})
			b := f.branch(f.after(bs[1]), 3)
			err = errors.Join(f.AddBlock(t.Context(), b[0]), f.AddBlock(t.Context(), b[1]), f.Flush(t.Context()))
			if call == "Undo" {
				// What is needed to revert is still in memory.
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, disk) || consensus.RuleOf(err) != "" {
				t.Fatalf("error is %v", err)
			}
			<-f.Failed()
			if err := f.AddBlock(t.Context(), b[2]); !errors.Is(err, disk) {
				t.Errorf("a later block gives %v", err)
			}
			if _, err := f.AddHeaders(t.Context(), []wire.Header{b[2].Header}); !errors.Is(err, disk) {
				t.Errorf("a later header gives %v", err)
			}
			if err := f.Close(); !errors.Is(err, disk) {
				t.Errorf("Close gives %v", err)
			}
			g := open(t, f.store.Crash())
			for _, x := range append(bs, b...) {
				if i, ok := g.Header(x.ID()); ok && i.Invalid {
					t.Errorf("block %v is blamed", x.ID())
				}
			}
		})
	}
}

func TestTestBlock(t *testing.T) {
	f := fresh(t)
	f.grow(3)
	ctx := t.Context()
	before := maps.Clone(f.store.Coins())
	good := chaintest.Block(f.Tip(), 5, 0)
	h := good.Header
	h.Merkle = wire.Hash{1}
	for h.ID()[31] < 0x80 {
		h.Nonce++
	}
	draft := wire.NewBlock(h, good.Txs)
	if err := f.TestBlock(ctx, good, false); err != nil {
		t.Error(err)
	}
	if err := f.TestBlock(ctx, draft, true); err != nil {
		t.Error(err)
	}
	wantRule(t, f.TestBlock(ctx, draft, false), consensus.HighHash)
	wantRule(t, f.TestBlock(ctx, chaintest.Block(f.Tip(), 5, 1), true), consensus.CoinbaseTooMuch)
	if err := sameCoins(f.store.Coins(), before); err != nil {
		t.Error(err)
	}
	f.grow(1)
	if err := f.TestBlock(ctx, good, false); !errors.Is(err, chain.ErrNotNext) {
		t.Errorf("a block after another gives %v", err)
	}
}

// TestTestBlockLooksUpWhatIsSpent counts coins that are asked for. What a block creates is looked for
// only when it is refused, for the reason.
func TestTestBlockLooksUpWhatIsSpent(t *testing.T) {
	f := fresh(t)
	bs := f.grow(101)
	pay := chaintest.Spend(chaintest.Anyone, 100, bs[0].Txs[0].Outpoint(0))
	var asked atomic.Int64
	f.store.FailWith(func(call string) error {
		if call == "Coin" {
			asked.Add(1)
		}
		return nil
	})
	b := chaintest.Block(f.Tip(), 1, 0, pay)
	if err := f.TestBlock(t.Context(), b, false); err != nil {
		t.Fatal(err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d coins were asked for, the block spends 1", n)
	}
	f.add(b)
	wantRule(t, f.TestBlock(t.Context(), chaintest.Block(f.Tip(), 2, 0, pay), false), consensus.Overwrites)
	if err := f.TestBlock(t.Context(), wire.NewBlock(b.Header, nil), true); err == nil {
		t.Error("a block of nothing passes")
	}
}

// TestTestDraftLooksUpWhatIsMissing has some coins known, by what an earlier tip said of them: all rules are
// applied to them, and no others are asked for.
func TestTestDraftLooksUpWhatIsMissing(t *testing.T) {
	f := fresh(t)
	bs := f.grow(102)
	old := chaintest.Spend(chaintest.Anyone, 100, bs[0].Txs[0].Outpoint(0))
	other := chaintest.Spend(chaintest.Anyone, 100, bs[1].Txs[0].Outpoint(0))
	child := chaintest.Spend(chaintest.Anyone, 50, other.Outpoint(0))
	_, known, err := f.Spends([]*wire.Tx{old, child})
	if err != nil || len(known) != 2 || known[0].Missing || !known[1].Missing {
		t.Fatalf("%+v, %v", known, err)
	}
	f.add(chaintest.Block(f.Tip(), 1, 0))
	var asked atomic.Int64
	f.store.FailWith(func(call string) error {
		if call == "Coin" {
			asked.Add(1)
		}
		return nil
	})
	none := consensus.Coin{Missing: true}
	test := func(coins []consensus.Coin, txs ...*wire.Tx) error {
		return f.TestDraft(t.Context(), chaintest.Block(f.Tip(), 2, 0, txs...), coins)
	}
	if err := test([]consensus.Coin{known[0], none, none}, old, other, child); err != nil || asked.Load() != 1 {
		t.Errorf("%d coins were asked for instead of the one that is missing: %v", asked.Load(), err)
	}
	wantRule(t, test([]consensus.Coin{none, none}, child, old), consensus.InputsMissing)
	wantRule(t, test([]consensus.Coin{known[0], known[0]}, old, old), consensus.InputsMissing)
	young := known[0]
	young.Height = f.Tip().Height
	wantRule(t, test([]consensus.Coin{young}, old), consensus.Premature)
	poor := known[0]
	poor.Value = 99
	wantRule(t, test([]consensus.Coin{poor}, old), consensus.InBelowOut)
	if err := test(nil, old); err == nil {
		t.Error("a block without its coins passes")
	}
	late := chaintest.Block(f.Tip(), 3, 0)
	f.grow(1)
	if err := f.TestDraft(t.Context(), late, nil); !errors.Is(err, chain.ErrNotNext) {
		t.Errorf("a block after another gives %v", err)
	}
}

func TestEachCoin(t *testing.T) {
	f := fresh(t)
	f.grow(20)
	got := make(map[wire.Outpoint]consensus.Coin)
	s, err := f.EachCoin(t.Context(), func(op wire.Outpoint, c consensus.Coin) error {
		if len(got) == 0 {
			f.grow(1)
			if err := f.Flush(t.Context()); err != nil {
				return err
			}
		}
		got[op] = c
		return nil
	})
	if err != nil || s.Height != 20 || len(got) != 20 {
		t.Fatalf("%d coins at height %d, %v", len(got), s.Height, err)
	}
	stop := errors.New("enough")
	if _, err := f.EachCoin(t.Context(), func(wire.Outpoint, consensus.Coin) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error is %v", err)
	}
	if _, err := fresh(t).EachCoin(t.Context(), nil); err != nil {
		t.Errorf("no coins at all: %v", err)
	}
}

func TestLocatorAndHeaders(t *testing.T) {
	f := fresh(t)
	bs := f.grow(100)
	ids := f.Locator(f.Tip().ID)
	if len(ids) > 20 || ids[0] != bs[99].ID() || ids[9] != bs[90].ID() || ids[len(ids)-1] != chaintest.Params().Genesis.ID() {
		t.Errorf("locator: %v", ids)
	}
	hs := f.HeadersAfter([]wire.Hash{{1}, bs[49].ID()}, 10)
	if len(hs) != 10 || hs[0] != bs[50].Header {
		t.Errorf("headers after 50: %v", hs)
	}
	if hs := f.HeadersAfter(nil, 2000); len(hs) != 100 {
		t.Errorf("%d headers", len(hs))
	}
	if hs := f.HeadersAfter(f.Locator(bs[99].ID()), 2000); len(hs) != 0 {
		t.Errorf("%d headers after the tip", len(hs))
	}
	if f.Locator(wire.Hash{1}) != nil {
		t.Error("a locator from nowhere")
	}
}

func TestClosed(t *testing.T) {
	f := fresh(t)
	b := f.grow(2)[1]
	next := f.branch(f.Tip(), 1)[0]
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if tip, _ := f.store.Durable(); tip != b.ID() {
		t.Errorf("flushed at %v", tip)
	}
	_, _, coins := f.Coins(nil)
	_, headers := f.AddHeaders(t.Context(), []wire.Header{next.Header})
	_, each := f.EachCoin(t.Context(), nil)
	for i, err := range []error{
		f.AddBlock(t.Context(), next), f.Flush(t.Context()), f.Invalidate(t.Context(), b.ID()), coins, headers, each,
		f.QueueBlock(t.Context(), next, nil), f.TestBlock(t.Context(), next, false),
	} {
		if !errors.Is(err, chain.ErrClosed) {
			t.Errorf("call %d gives %v", i, err)
		}
	}
}
