package chain_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// Many bring three branches at once, in any order, while others read all there
// is to read; a follower sees every change.
func TestManyAtOnce(t *testing.T) {
	f := fresh(t)
	base := f.grow(5)[4]
	var all []*wire.Block
	for _, n := range []int{40, 60, 50} {
		bs := f.branch(f.after(base), n)
		all = append(all, bs...)
		var hs []wire.Header
		for _, b := range bs {
			hs = append(hs, b.Header)
		}
		if _, err := f.AddHeaders(t.Context(), hs); err != nil {
			t.Fatal(err)
		}
	}
	best := all[99]
	f.store.FlushAfter(25)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })

	var bring, read sync.WaitGroup
	for i := range 6 {
		bring.Go(func() {
			for k, b := range all {
				if k%3 != i%3 {
					continue
				}
				if err := f.AddBlock(t.Context(), b); err != nil && !errors.Is(err, chain.ErrDuplicate) {
					t.Errorf("add: %v", err)
				}
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	for range 2 {
		read.Go(func() {
			for ctx.Err() == nil {
				f.readAll(ctx)
			}
		})
	}
	follower := make(map[wire.Outpoint]consensus.Coin)
	at := chaintest.Params().Genesis.ID()
	for at != best.ID() {
		changed := f.Changed()
		back, forth, err := f.UpdatesSince(at, 7)
		if err != nil {
			t.Fatal(err)
		}
		at = followCoins(t, follower, at, back, forth)
		if len(back)+len(forth) == 0 {
			<-changed
		}
	}
	bring.Wait()
	stop()
	read.Wait()
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantTip(best)
	if err := sameCoins(follower, f.store.Coins()); err != nil {
		t.Error(err)
	}
}

// readAll calls everything that reads, and checks that coins fit their tip.
func (f *fixture) readAll(ctx context.Context) {
	tip, head := f.Tip(), f.BestHeader()
	b, err := f.Block(tip.ID)
	if err != nil {
		f.t.Errorf("tip's block: %v", err)
		return
	}
	s, coins, err := f.Coins([]wire.Outpoint{b.Txs[0].Outpoint(0)})
	if err != nil || s.ID == tip.ID && tip.Height > 0 && (coins[0].Missing || coins[0].Height != tip.Height) {
		f.t.Errorf("coin of the tip at %d: %+v, %v", tip.Height, coins, err)
	}
	f.Header(tip.ID)
	f.ActiveAt(tip.Height / 2)
	f.HeadersAfter(f.Locator(head.ID), 10)
	f.Wanted(5)
	f.Branches()
	if err := f.TestBlock(ctx, chaintest.Block(s, 77, 0), true); err != nil && ctx.Err() == nil && !errors.Is(err, chain.ErrNotNext) {
		f.t.Errorf("test block: %v", err)
	}
	n := 0
	s, err = f.EachCoin(ctx, func(wire.Outpoint, consensus.Coin) error { n++; return nil })
	if err == nil && n != int(s.Height) {
		f.t.Errorf("%d coins at height %d", n, s.Height)
	}
}

// Coins and the tip belong together while blocks are applied ahead of it, and
// when a script fails all that were are taken back.
func TestCoinsWhileScriptsAreChecked(t *testing.T) {
	const blocks, payments, bad = 5, 100, 3
	bs := signedChain(t, blocks, payments)
	old, bs := bs[:101], bs[101:]
	f := fresh(t)
	f.add(old...)
	ops := []wire.Outpoint{old[0].Txs[0].Outpoint(0)}
	for i, b := range bs {
		ops = append(ops, b.Txs[payments].Outpoint(0))
		if i == bad {
			b.Txs[payments].Ins[0].Witness[0][20] ^= 1 // from here on all is in vain
		}
	}
	bs = reseal(t, f.Tip(), bs)
	errs := make([]error, len(bs))
	var queued sync.WaitGroup
	for i, b := range bs {
		queued.Add(1)
		if err := f.QueueBlock(t.Context(), b, func(err error) { errs[i] = err; queued.Done() }); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() { queued.Wait(); close(done) }()
	for looking := true; looking; {
		select {
		case <-done:
			looking = false
		default:
		}
		tip, coins, err := f.Coins(ops)
		if err != nil {
			t.Fatal(err)
		}
		for k, c := range coins {
			if want := 101+k == int(tip.Height); c.Missing == want {
				t.Fatalf("at height %d coin %d is missing: %v", tip.Height, k, c.Missing)
			}
		}
	}
	for i, err := range errs {
		switch got := consensus.RuleOf(err); {
		case i < bad && err != nil, i == bad && got == "", i > bad && got != "bad-prevblk":
			t.Errorf("block %d gives %v", i, err)
		}
	}
	f.wantTip(bs[bad-1])
}

// reseal mines blocks anew whose transactions' witnesses were changed.
func reseal(t *testing.T, s consensus.State, bs []*wire.Block) (mined []*wire.Block) {
	t.Helper()
	for _, b := range bs {
		n := chaintest.Block(s, 1, 0, b.Txs[1:]...)
		mined, s = append(mined, n), chaintest.Next(s, n)
	}
	return mined
}

func TestFlushesAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fresh(t)
		b := f.grow(3)[2]
		n := f.store.Flushes()
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if tip, _ := f.store.Durable(); tip != b.ID() || f.store.Flushes() != n+1 {
			t.Errorf("flushed at %v, %d times", tip, f.store.Flushes()-n)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if f.store.Flushes() != n+1 {
			t.Error("flushed without need")
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// Close does not wait for those who wait for blocks.
func TestCloseUnderLoad(t *testing.T) {
	f := fresh(t)
	bs := f.branch(f.Tip(), 60)
	var wg sync.WaitGroup
	for _, b := range bs {
		wg.Add(1)
		err := f.QueueBlock(context.Background(), b, func(err error) {
			if err != nil && !errors.Is(err, chain.ErrClosed) {
				t.Errorf("queued block: %v", err)
			}
			wg.Done()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	open(t, f.store.Crash()).wantCoins()
}
