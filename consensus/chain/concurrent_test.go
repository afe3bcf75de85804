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

// Coins and the tip belong together while blocks are applied ahead of it.
func TestCoinsWhileScriptsAreChecked(t *testing.T) {
	f := fresh(t)
	key := chaintest.NewKey(1)
	first := chaintest.Mine(f.Tip(), chaintest.Coinbase(f.Tip(), key.Script(), 0, 1))
	f.add(first)
	f.grow(100)
	coin, value := first.Txs[0].Outpoint(0), first.Txs[0].Outs[0].Value
	s := f.Tip()
	var bs []*wire.Block
	for i := range 20 {
		tx := chaintest.Spend(key.Script(), value, coin)
		key.Sign(tx, 0, value)
		if i == 12 {
			tx.Ins[0].Witness[0][20] ^= 1 // from here on all is in vain
		}
		b := chaintest.Block(s, 3, 0, tx)
		bs, s, coin = append(bs, b), chaintest.Next(s, b), tx.Outpoint(0)
	}
	ops := make([]wire.Outpoint, len(bs))
	for i, b := range bs {
		ops[i] = b.Txs[1].Outpoint(0)
	}
	errs := make([]error, len(bs))
	var done sync.WaitGroup
	for i, b := range bs {
		done.Add(1)
		if err := f.QueueBlock(t.Context(), b, func(err error) { errs[i] = err; done.Done() }); err != nil {
			t.Fatal(err)
		}
		tip, coins, err := f.Coins(ops)
		if err != nil {
			t.Fatal(err)
		}
		for k, c := range coins {
			if want := 102+k == int(tip.Height); c.Missing == want {
				t.Fatalf("at height %d coin %d is missing: %v", tip.Height, k, c.Missing)
			}
		}
	}
	done.Wait()
	for i, err := range errs {
		switch got := consensus.RuleOf(err); {
		case i < 12 && err != nil, i == 12 && got == "", i > 12 && got != "bad-prevblk":
			t.Errorf("block %d gives %v", i, err)
		}
	}
	f.wantTip(bs[11])
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
