package chain_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// gate holds up flushes.
type gate struct {
	begun chan struct{} // has an entry for each flush that has begun
	open  chan error    // what the next one comes to
}

func holdFlushes(f *fixture) *gate {
	g := &gate{begun: make(chan struct{}, 100), open: make(chan error, 100)}
	f.store.FailWith(func(call string) error {
		if call != "Flush" {
			return nil
		}
		g.begun <- struct{}{}
		return <-g.open
	})
	return g
}

// The chain moves on while a flush is written, and that flush has the state at
// which it was begun.
func TestChainGoesOnBesideAFlush(t *testing.T) {
	f := fresh(t)
	b := f.grow(2)[1]
	bs := f.branch(f.Tip(), 20)
	g := holdFlushes(f)
	f.store.FlushAfter(1)
	var first sync.WaitGroup
	first.Go(func() { f.add(bs[0]) }) // when its header is stored, the flush begins
	<-g.begun
	f.store.FlushAfter(0)
	f.add(bs[1:]...)
	first.Wait()
	last := bs[19]
	if got := f.Chain.Flushed(); got == last.ID() {
		t.Errorf("flushed is %v before it is", got)
	}
	g.open <- nil
	g.open <- nil
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.Chain.Flushed(); got != last.ID() {
		t.Errorf("flushed is %v, want %v", got, last.ID())
	}
	history := f.store.Flushed()
	if n := len(history); n < 2 || history[n-2] != b.ID() || history[n-1] != last.ID() {
		t.Errorf("the flushes were at %v, want %v and %v at the end", history, b.ID(), last.ID())
	}
	f.store.FailWith(nil)
	f.wantTip(last)
}

// Only when the store is full again before its flush has ended, blocks wait.
func TestBlocksWaitForASecondFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fresh(t)
		g := holdFlushes(f)
		f.store.FlushAfter(40)
		bs := f.branch(f.Tip(), 100)
		var added sync.WaitGroup
		added.Go(func() {
			for _, b := range bs {
				if err := f.AddBlock(t.Context(), b); err != nil {
					t.Error(err)
				}
			}
		})
		for range 3 {
			<-g.begun
			synctest.Wait()
			stood := f.Tip().Height
			time.Sleep(10 * time.Minute) // nor does the clock bring a second one
			synctest.Wait()
			if len(g.begun) > 0 || f.Tip().Height != stood {
				t.Errorf("%d more flushes, and the tip went from %d to %d", len(g.begun), stood, f.Tip().Height)
			}
			g.open <- nil
		}
		for range 100 {
			g.open <- nil
		}
		added.Wait()
		if f.Tip().Height != 100 {
			t.Errorf("height %d", f.Tip().Height)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A flush may be begun at a block that then turns out not to hold. It is never
// written.
func TestInvalidBlockIsNeverFlushed(t *testing.T) {
	const blocks, payments = 6, 30
	signed := signedChain(t, blocks, payments)
	for bad := range blocks {
		for limit := range 4 {
			f := fresh(t)
			f.add(signed[:101]...)
			witness := signed[101+bad].Txs[payments].Ins[0].Witness[0]
			witness[20] ^= 1
			mined := reseal(t, f.Tip(), signed[101:]) // of the same transactions
			f.store.FlushAfter(limit + 1)
			var queued sync.WaitGroup
			for i, b := range mined {
				queued.Add(1)
				err := f.QueueBlock(t.Context(), b, func(err error) {
					defer queued.Done()
					if (i < bad) != (err == nil) {
						t.Errorf("block %d of which %d is bad: %v", i, bad, err)
					}
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			queued.Wait()
			if err := f.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			valid := map[wire.Hash]bool{chaintest.Params().Genesis.ID(): true}
			for _, b := range append(signed[:101:101], mined[:bad]...) {
				valid[b.ID()] = true
			}
			for _, id := range f.store.Flushed() {
				if !valid[id] {
					t.Errorf("a flush was at block %v, which was never verified", id)
				}
			}
			if bad > 0 {
				f.wantTip(mined[bad-1])
			}
			open(t, f.store.Crash()).wantCoins()
			if err := f.Close(); err != nil { // from then on nobody reads it
				t.Error(err)
			}
			witness[20] ^= 1
		}
	}
}

// An error of a flush that nobody waits for stops the chain.
func TestErrorOfABackgroundFlushStopsTheChain(t *testing.T) {
	disk := errors.New("disk on fire")
	f := fresh(t)
	bs := f.grow(5)
	g := holdFlushes(f)
	f.store.FlushAfter(1)
	if _, err := f.AddHeaders(t.Context(), []wire.Header{f.branch(f.after(bs[4]), 1)[0].Header}); err != nil {
		t.Fatal(err)
	}
	<-g.begun
	g.open <- disk
	<-f.Failed()
	if err := f.Err(); !errors.Is(err, disk) {
		t.Errorf("error is %v", err)
	}
	if err := f.AddBlock(t.Context(), f.branch(f.Tip(), 1)[0]); !errors.Is(err, disk) {
		t.Errorf("a later block gives %v", err)
	}
	if err := f.Close(); !errors.Is(err, disk) {
		t.Errorf("close gives %v", err)
	}
	open(t, f.store.Crash()).wantCoins()
}

// Close waits for the flush under way, and makes one more.
func TestCloseAwaitsTheFlushUnderWay(t *testing.T) {
	f := fresh(t)
	bs := f.branch(f.Tip(), 4)
	g := holdFlushes(f)
	f.store.FlushAfter(1)
	var first sync.WaitGroup
	first.Go(func() { f.add(bs[0]) })
	<-g.begun
	f.store.FlushAfter(0)
	f.add(bs[1:]...)
	first.Wait()
	closed := make(chan error)
	go func() { closed <- f.Close() }()
	select {
	case err := <-closed:
		t.Fatalf("closed before the flush has ended: %v", err)
	case g.open <- nil:
	}
	<-g.begun
	g.open <- nil
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if tip, _ := f.store.Durable(); tip != bs[3].ID() {
		t.Errorf("durable is %v, want %v", tip, bs[3].ID())
	}
}
