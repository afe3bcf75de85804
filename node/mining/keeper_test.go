package mining

import (
	"context"
	"errors"
	"slices"
	"strings"
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
	k, err := NewKeeper(KeeperConfig{Assembler: a, Show: func(t *Template, _ [][]byte) [][]byte { return [][]byte{{byte(len(t.Block.Txs))}} }})
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
	if last, ok := k.a.Last(); !ok || last.Txs != 1 || last.Weight != minReserve+first.Block.Txs[1].Weight() || first.Shown[0][0] != 2 {
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

// TestFirstQuestionIsAnsweredAsOfNow: who asks first gets what waits now, though a template was made ahead, where it
// takes no time.
func TestFirstQuestionIsAnsweredAsOfNow(t *testing.T) {
	g := newGround(t, regtest(t), 4)
	k, _ := g.keep()
	for _, quick := range []time.Duration{time.Hour, 0} {
		k.quick = quick
		if _, err := k.build(t.Context(), k.current); err != nil { // as Run does
			t.Fatal(err)
		}
		id := g.add(pay(coinValue, 1000, 1, g.take()))
		first := g.latest(k)
		if got := index(first.Block, id) > 0; got != (quick > 0) {
			t.Errorf("made in less than %v: the newest transaction is there: %v", quick, got)
		}
		g.add(pay(coinValue, 1000, 1, g.take()))
		if g.latest(k) != first {
			t.Error("a template is not given out for a while")
		}
	}
}

// TestBuildsAhead waits for templates that nobody asks for.
func TestBuildsAhead(t *testing.T) {
	g := newGround(t, regtest(t), 2)
	k, _ := g.keep()
	shown := make(chan *Template, 10)
	k.show = func(t *Template, _ [][]byte) [][]byte { shown <- t; return nil }
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

// TestSignals walks regtest's deployment through its stages: bitcoind's templates have the same versions
// at these heights.
func TestSignals(t *testing.T) {
	g := newGround(t, regtest(t), 0)
	const signalling = 0x20000000 | 1<<dummyBit
	for _, c := range []struct {
		tip     uint32
		stage   Stage
		version int32
	}{
		{142, Defined, 0x20000000}, {143, Started, signalling}, {286, Started, signalling}, {287, LockedIn, signalling},
		{430, LockedIn, signalling}, {431, Active, 0x20000000}, {432, Active, 0x20000000},
	} {
		g.generate(int(c.tip - g.chain.Tip().Height))
		s := g.chain.Tip()
		got := g.assembler(0).Signals(&s) // with nothing known yet
		if len(got) != 1 || got[0].Stage != c.stage || got[0].Name != "testdummy" || g.a.version(&s) != c.version {
			t.Errorf("after height %d: %+v, version %#x", c.tip, got, g.a.version(&s))
		}
	}
	// What getdeploymentinfo of bitcoind says of blocks in the middle of the chain.
	for _, c := range []struct {
		height, since uint32
		stage, next   Stage
		signalling    string
	}{
		{0, 0, Defined, Defined, ""}, {143, 0, Defined, Started, ""}, {146, 144, Started, Started, "###"},
		{287, 144, Started, LockedIn, strings.Repeat("#", 144)}, {288, 288, LockedIn, LockedIn, "#"},
		{431, 288, LockedIn, Active, strings.Repeat("#", 144)}, {432, 432, Active, Active, ""},
	} {
		h, _ := g.chain.ActiveAt(c.height)
		s, _ := g.chain.StateAt(h.ID)
		got := g.assembler(0).Deployments(&s)
		if len(got) != 1 || got[0].Stage != c.stage || got[0].Next != c.next || got[0].Since != c.since || got[0].Signalling != c.signalling {
			t.Errorf("at height %d: %+v", c.height, got)
		}
	}
	g.aside(t)
	other := g.chain.Tip()
	p := *other.Params
	p.Name, other.Params = "signet", &p
	if got := g.a.Signals(&other); got != nil || g.a.Deployments(&other) != nil || g.a.version(&other) != 0x20000000 {
		t.Errorf("elsewhere: %+v", got)
	}
}

// aside compares what is said of the tip and its ancestors before and after they leave the active branch.
func (g *ground) aside(t *testing.T) {
	t.Helper()
	tip := g.chain.Tip()
	before := g.a.Deployments(&tip)
	h, _ := g.chain.ActiveAt(300)
	if err := g.chain.Invalidate(t.Context(), h.ID); err != nil {
		t.Fatal(err)
	}
	if got := g.assembler(0).Deployments(&tip); !slices.Equal(got, before) {
		t.Errorf("aside: %+v instead of %+v", got, before)
	}
	if s := g.chain.Tip(); g.a.Deployments(&s)[0].Next != LockedIn {
		t.Errorf("at height %d: %+v", s.Height, g.a.Deployments(&s))
	}
}
