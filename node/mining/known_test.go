package mining

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// weather is a chain and a pool to which anything happens, beside a keeper that knows coins ahead.
type weather struct {
	*ground
	k      *Keeper
	random *rand.Rand
	loose  []loose

	taken, timed, refused, rivals, turns int // what happened
}

// loose is an output that may be spent, or be gone.
type loose struct {
	op    wire.Outpoint
	value int64
}

// TestTemplatesHoldWhateverHappens has payments with and without locks come, alone and on top of others, coinbases be spent
// as soon as they may, blocks come that were expected, that spend the same coins otherwise and that
// begin another branch, over the activation of CSV: the chain, which looks up every coin, finds each template good, and there
// is no other that pays more.
func TestTemplatesHoldWhateverHappens(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := regtest(t)
			if seed%2 == 1 {
				var err error
				if p, err = p.With(consensus.Override{CSV: ptr(uint32(150))}); err != nil {
					t.Fatal(err)
				}
			}
			w := &weather{ground: newGround(t, p, 20), random: rand.New(rand.NewPCG(seed, 1))}
			w.k, _ = w.keep()
			for _, op := range w.spare {
				w.loose = append(w.loose, loose{op, coinValue})
			}
			const steps = 2000
			known := 0
			for step := range steps {
				w.change()
				known += w.look(step)
			}
			t.Logf("%d payments, %d with locks, %d refused; %d rivals, %d turns, %d templates of known coins, height %d",
				w.taken, w.timed, w.refused, w.rivals, w.turns, known, w.chain.Tip().Height)
			if min(w.taken, known) < steps/10 || min(w.timed, w.refused, w.rivals, w.turns) < steps/100 {
				t.Error("too little happened")
			}
		})
	}
}

// change has something happen.
func (w *weather) change() {
	switch n := w.random.IntN(20); {
	case n < 12:
		w.pay()
	case n < 14:
		w.mined(w.latest(w.k).Template)
	case n < 15:
		w.rival()
	case n < 16:
		w.turn()
	default:
		w.k.stockUp(w.Context(), w.latest(w.k))
	}
}

// look judges the present template by what the chain has.
func (w *weather) look(step int) (known int) {
	w.k.held.Store(nil)
	r := w.latest(w.k)
	if err := w.chain.TestBlock(w.Context(), r.Block, true); err != nil {
		w.Fatalf("step %d: the template at height %d is wrong: %v", step, r.Height(), err)
	}
	want, err := w.k.a.Build(w.Context(), anyone, 0, nil)
	if err != nil {
		w.Fatal(err)
	}
	if !slices.Equal(r.Block.TxIDs()[1:], want.Block.TxIDs()[1:]) || !slices.Equal(r.Fees, want.Fees) || !slices.Equal(r.Sigops, want.Sigops) {
		w.Fatalf("step %d: the template at height %d is another than without what was known", step, r.Height())
	}
	if r.known {
		return 1
	}
	return 0
}

// pay offers the pool a payment that it may refuse.
func (w *weather) pay() {
	from := w.loose[w.random.IntN(len(w.loose))]
	tx := pay(from.value, int64(1000+w.random.IntN(20_000)), 1+w.random.IntN(2), from.op)
	height := w.chain.Tip().Height
	switch w.random.IntN(4) {
	case 0:
		tx.LockTime = height + uint32(w.random.IntN(3)) - 1
	case 1:
		tx.Ins[0].Sequence = uint32(w.random.IntN(4)) // blocks
	case 2:
		tx.Ins[0].Sequence = 1<<22 | uint32(w.random.IntN(2)) // units of 512 s
	}
	tx.Seal()
	if _, err := w.pool.Add(tx, ""); err != nil {
		w.refused++
		return
	}
	if w.taken++; tx.LockTime > 0 || tx.Ins[0].Sequence < 1<<31 {
		w.timed++
	}
	w.made(tx)
}

func (w *weather) made(tx *wire.Tx) {
	for i := range tx.Outs {
		if tx.Outs[i].Value > 100_000 {
			w.loose = append(w.loose, loose{tx.Outpoint(i), tx.Outs[i].Value})
		}
	}
}

func (w *weather) mined(t *Template) {
	w.finish(t)
	if at, _ := w.chain.ActiveAt(t.Height() - w.params.Maturity); at.Height > 0 {
		if old, err := w.chain.Block(at.ID); err == nil {
			w.made(old.Txs[0])
		}
	}
}

// rival has somebody else find a block that spends what a waiting transaction spends.
func (w *weather) rival() {
	txs := w.latest(w.k).Block.Txs[1:]
	if len(txs) == 0 {
		return
	}
	in := txs[w.random.IntN(len(txs))].Ins[0].Prev
	at := slices.IndexFunc(w.loose, func(l loose) bool { return l.op == in })
	tx := pay(w.loose[at].value, 777, 1, in)
	t, err := w.k.a.Build(w.Context(), payTrue, w.random.Uint64(), []*wire.Tx{tx})
	if err != nil {
		return // it spends what waits itself
	}
	w.made(tx)
	w.mined(t)
	w.rivals++
}

// turn has the chain leave some blocks and go on otherwise.
func (w *weather) turn() {
	n := uint32(1 + w.random.IntN(3))
	at, _ := w.chain.ActiveAt(w.chain.Tip().Height - n + 1)
	if err := w.chain.Invalidate(w.Context(), at.ID); err != nil {
		w.Fatal(err)
	}
	for range n + uint32(w.random.IntN(2)) {
		var txs []*wire.Tx // what the pool chooses, or nothing
		if w.random.IntN(2) == 0 {
			txs = []*wire.Tx{}
		}
		t, err := w.k.a.Build(w.Context(), payTrue, w.random.Uint64(), txs)
		if err != nil {
			w.Fatal(err)
		}
		w.mined(t)
	}
	w.turns++
}

// TestOtherBranchKnowsNothing moves the tip on, which leaves coins known, and to another branch, which does not.
func TestOtherBranchKnowsNothing(t *testing.T) {
	g := newGround(t, regtest(t), 3)
	k, _ := g.keep()
	g.add(pay(coinValue, 1000, 1, g.take()))
	k.stockUp(t.Context(), g.latest(k))
	next := func(want bool, when string) {
		t.Helper()
		k.held.Store(nil)
		if r := g.latest(k); r.known != want || len(r.Block.Txs) != 2 {
			t.Errorf("%s: coins are known: %v; %d transactions", when, r.known, len(r.Block.Txs))
		}
	}
	empty := func() *wire.Block { return g.finish(g.build(g.a, []*wire.Tx{})) }
	next(true, "on the same tip")
	left := empty()
	next(true, "a block later")
	k.stockUp(t.Context(), g.latest(k))
	if err := g.chain.Invalidate(t.Context(), left.ID()); err != nil {
		t.Fatal(err)
	}
	next(false, "on the block before")
	g.finish(func() *Template { tm, _ := g.a.Build(t.Context(), payTrue, 99, []*wire.Tx{}); return tm }())
	next(false, "on another branch")
	k.stockUp(t.Context(), g.latest(k))
	next(true, "looked up again")
	for range furthest {
		empty()
	}
	next(false, "many blocks later")
}

// doubtingChain refuses a transaction only to whoever has every coin looked up.
type doubtingChain struct {
	Chain
	mu  sync.Mutex
	bad wire.Hash
}

func (c *doubtingChain) TestBlock(ctx context.Context, b *wire.Block, draft bool) error {
	c.mu.Lock()
	bad := c.bad
	c.mu.Unlock()
	return strictChain{c.Chain, bad}.TestBlock(ctx, b, draft)
}

// TestWrongTemplateIsWithdrawn has Run find out that a template which has been given out is wrong: the next one is right,
// and nothing is taken as known any more.
func TestWrongTemplateIsWithdrawn(t *testing.T) {
	g := newGround(t, regtest(t), 2)
	bad, good := g.add(pay(coinValue, 90_000, 1, g.take())), g.add(pay(coinValue, 1000, 1, g.take()))
	c := &doubtingChain{Chain: g.chain}
	a, err := New(Config{Chain: c, Pool: g.pool})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	shown := make(chan *Template, 8)
	k, err := NewKeeper(KeeperConfig{
		Assembler: a, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Show: func(t *Template, _ [][]byte) [][]byte { shown <- t; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	k.stockUp(t.Context(), g.latest(k))
	<-shown
	c.bad = bad.ID()
	k.held.Store(nil)
	if r := g.latest(k); !r.known || index(r.Block, bad) < 0 {
		t.Fatal("no wrong template is given out")
	}
	<-shown
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- k.Run(ctx) }()
	tm := <-shown
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if tm.known || index(tm.Block, bad) >= 0 || index(tm.Block, good) < 0 {
		t.Errorf("the template after it: known %v, %d transactions", tm.known, len(tm.Block.Txs))
	}
	if !strings.Contains(log.String(), "level=ERROR") {
		t.Error("nobody is told: " + log.String())
	}
	k.stockUp(t.Context(), g.latest(k))
	k.held.Store(nil)
	if g.latest(k).known {
		t.Error("coins are taken as known again")
	}
}
