package mining

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// keep builds a keeper on g whose clock the test moves.
func (g *ground) keep() (*Keeper, *atomic.Int64) {
	g.Helper()
	clock := &atomic.Int64{}
	clock.Store(time.Now().Unix())
	a, err := New(Config{Chain: g.chain, Pool: g.pool, Now: func() time.Time { return time.Unix(clock.Load(), 0) }})
	if err != nil {
		g.Fatal(err)
	}
	k, err := NewKeeper(KeeperConfig{Assembler: a, Show: func(t *Template) []byte { return []byte{byte(len(t.Block.Txs))} }})
	if err != nil {
		g.Fatal(err)
	}
	return k, clock
}

func (g *ground) latest(k *Keeper) *Ready {
	g.Helper()
	r, err := k.Latest(g.Context())
	if err != nil {
		g.Fatal(err)
	}
	return r
}

func TestLatest(t *testing.T) {
	g := newGround(t, regtest(t), 3)
	k, clock := g.keep()
	if _, ok := k.a.Last(); ok {
		t.Error("a template was built before anybody asked")
	}
	g.add(pay(coinValue, 1000, 1, g.take()))
	first := g.latest(k)
	if last, ok := k.a.Last(); !ok || last.Txs != 1 || last.Weight != minReserve+first.Block.Txs[1].Weight() || first.Shown[0] != 2 {
		t.Errorf("last built %+v, shown %v", last, first.Shown)
	}
	second := g.add(pay(coinValue, 1000, 1, g.take()))
	if g.latest(k) != first {
		t.Error("a template is not given out for a while")
	}
	clock.Add(6)
	r := g.latest(k)
	if r == first || index(r.Block, second) < 0 || r.Sequence != g.pool.Stats().Sequence {
		t.Error("an old template is given out")
	}
	clock.Add(1000)
	if g.latest(k) != r {
		t.Error("a template is built anew though nothing has changed")
	}
	g.finish(r.Template)
	if n := g.latest(k); n.Prev.ID != g.chain.Tip().ID || len(n.Block.Txs) != 1 {
		t.Error("the template is not on the tip")
	}
}

// TestBuildsAhead waits for templates that nobody asks for.
func TestBuildsAhead(t *testing.T) {
	g := newGround(t, regtest(t), 2)
	k, _ := g.keep()
	shown := make(chan *Template, 10)
	k.show = func(t *Template) []byte { shown <- t; return nil }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- k.Run(ctx) }()
	g.latest(k)
	tm := <-shown
	g.finish(tm)
	for tip := g.chain.Tip().ID; tm.Prev.ID != tip; {
		tm = <-shown
	}
	tx := g.add(pay(coinValue, 1000, 1, g.take()))
	for index(tm.Block, tx) < 0 {
		tm = <-shown
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestLatestIsShared has many ask at once, of whom one gives up.
func TestLatestIsShared(t *testing.T) {
	g := newGround(t, regtest(t), 1)
	k, _ := g.keep()
	k.building <- struct{}{} // as if somebody built
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := k.Latest(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever gave up gets %v", err)
	}
	got := make(chan *Ready, 8)
	for range cap(got) {
		go func() {
			r, err := k.Latest(t.Context())
			if err != nil {
				t.Error(err)
			}
			got <- r
		}()
	}
	<-k.building
	first := <-got
	for range cap(got) - 1 {
		if <-got != first {
			t.Error("two templates were built")
		}
	}
}
