package alarm

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
	qstore "github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/leaktest"
	"github.com/quernnet/quern/node/mempool"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// ground is a real chain with a real mempool, and coins to spend.
type ground struct {
	*testing.T
	chain *chain.Chain
	pool  *mempool.Pool
	kept  datastore.Datastore
	log   bytes.Buffer
	clock time.Time
	coins []wire.Outpoint // mature
	tag   uint64
}

func newGround(t *testing.T, mature int) *ground {
	t.Helper()
	p := chaintest.Params()
	g := &ground{T: t, kept: dssync.MutexWrap(datastore.NewMapDatastore()), clock: time.Unix(int64(p.Genesis.Header.Time), 0).Add(1000 * time.Hour)}
	now := func() time.Time { return g.clock }
	store, err := qstore.Open(qstore.Config{Params: p, Backend: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	if g.chain, err = chain.Open(t.Context(), chain.Config{Params: p, Store: store, Now: now, Workers: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(g.chain.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	for _, b := range g.extend(g.chain.Tip(), mature+int(p.Maturity))[:mature] {
		g.coins = append(g.coins, b.Txs[0].Outpoint(0))
	}
	if g.pool, err = mempool.New(mempool.Config{Chain: g.chain, Now: now, NonStandard: true, MinFee: -1}); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *ground) watch() *Watch {
	g.Helper()
	w, err := New(Config{
		Chain: g.chain, Pool: g.pool, Store: g.kept, Depth: 6, Show: time.Hour,
		Now: func() time.Time { return g.clock }, Log: slog.New(slog.NewTextHandler(&g.log, nil)),
	})
	if err != nil {
		g.Fatal(err)
	}
	return w
}

// extend adds empty blocks after s.
func (g *ground) extend(s consensus.State, n int) []*wire.Block {
	g.Helper()
	g.tag++
	bs, err := chaintest.Extend(g.chain, s, n, g.tag)
	if err != nil {
		g.Fatal(err)
	}
	return bs
}

// mine adds a block with transactions after s.
func (g *ground) mine(s consensus.State, txs ...*wire.Tx) consensus.State {
	g.Helper()
	g.tag++
	b := chaintest.Block(s, g.tag, 0, txs...)
	if err := g.chain.AddBlock(g.Context(), b); err != nil {
		g.Fatal(err)
	}
	return chaintest.Next(s, b)
}

// payment spends the next coin of 50; value makes it another.
func (g *ground) payment(value int64) *wire.Tx {
	t := chaintest.Spend(chaintest.NewKey(1).Script(), value, g.coins[0])
	g.coins = g.coins[1:]
	return t.Seal()
}

// TestRewrite has a majority rewrite a hundred blocks, each with a payment. One
// of those is in the other branch as well, another's coin is spent otherwise.
func TestRewrite(t *testing.T) {
	const blocks, value = 100, 7
	g := newGround(t, blocks)
	w := g.watch()
	fork := g.chain.Tip()
	var paid []*wire.Tx
	for range blocks {
		paid = append(paid, g.payment(value))
		g.mine(g.chain.Tip(), paid[len(paid)-1])
	}
	old := g.chain.Tip()
	if err := g.pool.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.look(t.Context())
	if len(w.Shown()) != 0 {
		t.Fatal("an alarm for nothing")
	}
	theft := chaintest.Spend(chaintest.NewKey(1).Script(), 2*value, paid[3].Ins[0].Prev).Seal()
	g.extend(g.mine(fork, paid[0], theft), blocks)
	w.look(t.Context())

	list := w.Shown()
	if len(list) != 1 {
		t.Fatalf("%d alarms", len(list))
	}
	tip := g.chain.Tip()
	want := Reorg{
		Time: g.clock, Fork: fork.Height, From: Block{old.ID, old.Height}, To: Block{tip.ID, tip.Height}, Counted: true,
		Txs: blocks - 1, Value: (blocks - 1) * value, Waiting: blocks - 2, Spent: 1, SpentVal: value, Rewards: list[0].Rewards,
	}
	if list[0] != want || want.Depth() != blocks {
		t.Errorf("alarm %+v\nwant  %+v", list[0], want)
	}
	var rewards int64
	for h := fork.Height + 1; h <= old.Height; h++ {
		rewards += chaintest.Params().Subsidy(h)
	}
	if list[0].Rewards != rewards {
		t.Errorf("rewards %d, want %d", list[0].Rewards, rewards)
	}
	for _, part := range []string{"level=ERROR", "blocks=100", "fork_height=200", "old_tip=" + old.ID.String(), "new_tip=" + tip.ID.String(), "unconfirmed=99", "value=0.00000693", "spent_otherwise=1"} {
		if !strings.Contains(g.log.String(), part) {
			t.Errorf("the log has no %s:\n%s", part, g.log.String())
		}
	}
	if words := list[0].Words(); !strings.Contains(words, "100 blocks after height 200 were replaced") || !strings.Contains(words, "99 transactions worth 0.00000693 are unconfirmed") {
		t.Errorf("words: %s", words)
	}
	for i, tx := range paid {
		if _, waits := g.pool.Get(tx.ID()); waits != (i != 0 && i != 3) {
			t.Errorf("payment %d waits: %v", i, waits)
		}
	}

	// It is shown for its time, also after a restart, and then no more.
	again := g.watch()
	if list := again.Shown(); len(list) != 1 || list[0].From != want.From || list[0].Value != want.Value {
		t.Errorf("after a restart: %+v", list)
	}
	again.look(t.Context())
	g.clock = g.clock.Add(time.Hour)
	if len(again.Shown()) != 0 {
		t.Error("shown for ever")
	}
	if all, deep := w.Counts(); all != 1 || deep != 1 {
		t.Errorf("counts %d, %d", all, deep)
	}
	if all, _ := again.Counts(); all != 0 {
		t.Errorf("the same reorganisation was noticed again")
	}
}

// TestRunning lets the watch run while a hundred blocks go: tips of less work
// show on the way, and there is one alarm.
func TestRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGround(t, 0)
		w := g.watch()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = w.Run(ctx) }()
		fork := g.chain.Tip()
		old := g.extend(fork, 100)
		synctest.Wait() // a branch that it never saw is none that went
		g.extend(fork, 101)
		synctest.Wait()
		list := w.Shown()
		if len(list) != 1 || !list[0].Counted || list[0].Depth() != 100 || list[0].From.ID != old[99].ID() {
			t.Errorf("alarms %+v", list)
		}
		cancel()
		<-ended
		if all, deep := w.Counts(); all != 1 || deep != 1 {
			t.Errorf("counts %d, %d", all, deep)
		}
	})
}

func TestNoAlarm(t *testing.T) {
	g := newGround(t, 0)
	w := g.watch()
	fork := g.chain.Tip()
	g.extend(fork, 5)
	w.look(t.Context())
	g.extend(fork, 6)
	w.look(t.Context())
	if all, deep := w.Counts(); all != 1 || deep != 0 || len(w.Shown()) != 0 {
		t.Errorf("five blocks: counts %d, %d, alarms %+v", all, deep, w.Shown())
	}

	// What the operator sets aside is no reorganisation by others.
	first, _ := g.chain.ActiveAt(fork.Height - 20)
	if err := g.chain.Invalidate(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	w.look(t.Context())
	g.extend(g.chain.Tip(), 40)
	w.look(t.Context())
	if all, _ := w.Counts(); all != 1 || len(w.Shown()) != 0 {
		t.Errorf("an operator's order: %+v", w.Shown())
	}
}

// TestWhileAway has the chain reorganised while nobody watched, from a tip that
// the watch had not seen.
func TestWhileAway(t *testing.T) {
	g := newGround(t, 0)
	fork := g.chain.Tip()
	w := g.watch()
	g.extend(fork, 4)
	w.look(t.Context())
	w.save()
	old := g.extend(g.chain.Tip(), 3)
	g.extend(fork, 8)
	again := g.watch()
	again.look(t.Context())
	if list := again.Shown(); len(list) != 1 || list[0].Depth() != 7 || list[0].From.ID != old[2].ID() {
		t.Errorf("alarms %+v, want one of 7 blocks", list)
	}
}
