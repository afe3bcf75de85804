package mining

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/leaktest"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/work"
	"github.com/quernnet/quern/work/miner"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// Anyone can spend a P2WSH of OP_TRUE: standard, and no keys are needed.
var (
	trueScript = []byte{0x51}
	payTrue    = func() []byte {
		h := sha256.Sum256(trueScript)
		return append([]byte{0, 32}, h[:]...)
	}()
)

// ground is a chain with a pool and an assembler on it.
type ground struct {
	testing.TB
	params *consensus.Params
	chain  *chain.Chain
	pool   *mempool.Pool
	a      *Assembler
	spare  []wire.Outpoint // coins of 50 coins each that are mature
}

func regtest(t testing.TB) *consensus.Params {
	t.Helper()
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newGround(t testing.TB, p *consensus.Params, mature int) *ground {
	t.Helper()
	g := &ground{TB: t, params: p}
	store, err := datastore.Open(datastore.Config{Params: p, Backend: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	if g.chain, err = chain.Open(t.Context(), chain.Config{Params: p, Store: store, Workers: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(g.chain.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	if g.pool, err = mempool.New(mempool.Config{Chain: g.chain}); err != nil {
		t.Fatal(err)
	}
	g.a = g.assembler(0)
	if mature > 0 {
		for _, id := range g.generate(mature + int(p.Maturity))[:mature] {
			b, err := g.chain.Block(id)
			if err != nil {
				t.Fatal(err)
			}
			g.spare = append(g.spare, b.Txs[0].Outpoint(0))
		}
	}
	return g
}

func (g *ground) assembler(maxWeight int) *Assembler {
	g.Helper()
	a, err := New(Config{Chain: g.chain, Pool: g.pool, MaxWeight: maxWeight})
	if err != nil {
		g.Fatal(err)
	}
	return a
}

func (g *ground) generate(n int) []wire.Hash {
	g.Helper()
	ids, err := g.a.Generate(g.Context(), n, payTrue, 0)
	if err != nil || len(ids) != n {
		g.Fatalf("%d of %d blocks, %v", len(ids), n, err)
	}
	return ids
}

func (g *ground) take() wire.Outpoint {
	op := g.spare[0]
	g.spare = g.spare[1:]
	return op
}

const coinValue = 50 * consensus.Coins

// pay spends coins worth in, in equal parts to n outputs, with a fee.
func pay(in, fee int64, n int, ops ...wire.Outpoint) *wire.Tx {
	t := &wire.Tx{Version: 2}
	for _, op := range ops {
		t.Ins = append(t.Ins, wire.In{Prev: op, Sequence: 0xfffffffd, Witness: [][]byte{trueScript}})
	}
	for range n {
		t.Outs = append(t.Outs, wire.Out{Value: (in - fee) / int64(n), Script: payTrue})
	}
	t.Outs[0].Value += in - fee - int64(n)*t.Outs[0].Value
	return t.Seal()
}

func (g *ground) add(t *wire.Tx) *wire.Tx {
	g.Helper()
	if _, err := g.pool.Add(t, ""); err != nil {
		g.Fatal(err)
	}
	return t
}

func (g *ground) build(a *Assembler, txs []*wire.Tx) *Template {
	g.Helper()
	t, err := a.Build(g.Context(), payTrue, 7, txs)
	if err != nil {
		g.Fatal(err)
	}
	return t
}

// finish solves a template and gives it to the chain.
func (g *ground) finish(t *Template) *wire.Block {
	g.Helper()
	b, err := Solve(g.Context(), t, 0)
	if err != nil {
		g.Fatal(err)
	}
	if err := g.chain.AddBlock(g.Context(), b); err != nil {
		g.Fatal(err)
	}
	if tip := g.chain.Tip().ID; tip != b.ID() {
		g.Fatalf("the tip is %v, not the block", tip)
	}
	return b
}

func index(b *wire.Block, t *wire.Tx) int {
	for i := range b.Txs {
		if b.Txs[i].ID() == t.ID() {
			return i
		}
	}
	return -1
}

// TestTemplate looks at every part of a block with a few payments.
func TestTemplate(t *testing.T) {
	g := newGround(t, regtest(t), 4)
	poor := g.add(pay(coinValue, 500, 2, g.take()))
	child := g.add(pay(poor.Outs[0].Value, 90_000, 1, poor.Outpoint(0)))
	middle := g.add(pay(coinValue, 10_000, 1, g.take()))
	cheap := g.add(pay(coinValue, 600, 1, g.take()))

	s := g.chain.Tip()
	tm := g.build(g.a, nil)
	b := tm.Block
	order := []*wire.Tx{poor, child, middle, cheap}
	for i, tx := range order {
		if index(b, tx) != i+1 {
			t.Errorf("transaction %d is at %d", i+1, index(b, tx))
		}
	}
	wantFees := []int64{-101_100, 500, 90_000, 10_000, 600}
	for i, want := range wantFees {
		if tm.Fees[i] != want {
			t.Errorf("fee %d is %d, want %d", i, tm.Fees[i], want)
		}
	}
	cb := b.Txs[0]
	if cb.Outs[0].Value != g.params.Subsidy(s.Height+1)+101_100 {
		t.Errorf("the coinbase pays %d", cb.Outs[0].Value)
	}
	if len(cb.Ins[0].Witness) != 1 || len(cb.Ins[0].Witness[0]) != 32 || len(cb.Outs) != 2 || cb.Outs[1].Value != 0 {
		t.Errorf("witness commitment: %+v", cb)
	}
	want := consensus.WitnessCommitment(consensus.WitnessRoot(b), [32]byte{})
	if string(cb.Outs[1].Script) != string(want) {
		t.Errorf("commits to %x, want %x", cb.Outs[1].Script, want)
	}
	if b.Header.Version != 0x20000000 || b.Header.Nonce != 0 || b.Header.Time < tm.MinTime || tm.MinTime != s.MedianTimePast()+1 {
		t.Errorf("header %+v, least time %d", b.Header, tm.MinTime)
	}
	if other, err := g.a.Build(t.Context(), payTrue, 8, nil); err != nil || other.Block.Txs[0].ID() == cb.ID() {
		t.Errorf("the extranonce does not vary the coinbase (%v)", err)
	}
	g.finish(tm)
	if err := g.pool.Sync(t.Context()); err != nil || g.pool.Stats().Count != 0 {
		t.Errorf("%d still wait, %v", g.pool.Stats().Count, err)
	}
}

// TestHeights mines over the heights at which the coinbase's script number changes its length.
func TestHeights(t *testing.T) {
	g := newGround(t, regtest(t), 0)
	g.generate(258)
	if h := g.chain.Tip().Height; h != 258 {
		t.Fatalf("height %d", h)
	}
	for h, want := range map[uint32]string{1: "\x51", 16: "\x60", 17: "\x01\x11", 127: "\x01\x7f", 128: "\x02\x80\x00", 32768: "\x03\x00\x80\x00"} {
		if got := string(pushHeight(h)); got != want {
			t.Errorf("height %d is pushed as %x, want %x", h, got, want)
		}
	}
}

// TestCoinbaseScript compares the coinbase's script with bitcoind's, which has an extranonce in the first blocks alone.
func TestCoinbaseScript(t *testing.T) {
	for _, c := range []struct {
		height uint32
		extra  uint64
		want   string
	}{
		{1, 0, "\x51\x00"}, {16, 0, "\x60\x00"}, {17, 0, "\x01\x11"}, {299, 0, "\x02\x2b\x01"},
		{1, 2, "\x51\x08\x02\x00\x00\x00\x00\x00\x00\x00"}, {17, 258, "\x01\x11\x08\x02\x01\x00\x00\x00\x00\x00\x00"},
	} {
		if got := string(coinbaseScript(c.height, c.extra)); got != c.want {
			t.Errorf("height %d, extranonce %d: %x, want %x", c.height, c.extra, got, c.want)
		}
	}
}

// TestFillsUp has more to take than a small block holds.
func TestFillsUp(t *testing.T) {
	g := newGround(t, regtest(t), 1)
	root := g.add(pay(coinValue, 100_000, 60, g.take()))
	g.generate(1)
	var txs []*wire.Tx
	for i := range 60 {
		txs = append(txs, g.add(pay(root.Outs[i].Value, int64(1000+10*i), 1, root.Outpoint(i))))
	}
	a := g.assembler(20_000)
	tm := g.build(a, nil)
	weight := txs[0].Weight()
	room := 20_000 - minReserve
	if got := len(tm.Block.Txs) - 1; got != room/weight {
		t.Errorf("%d of %d that fit", got, room/weight)
	}
	if tm.Block.Weight() > 20_000 {
		t.Errorf("weight %d", tm.Block.Weight())
	}
	for i := range room / weight {
		if index(tm.Block, txs[59-i]) != i+1 {
			t.Errorf("the payment of feerate rank %d is at %d", i, index(tm.Block, txs[59-i]))
		}
	}
	g.finish(tm)
}

// TestGivenTransactions mines exactly what was given.
func TestGivenTransactions(t *testing.T) {
	g := newGround(t, regtest(t), 3)
	waits := g.add(pay(coinValue, 10_000, 1, g.take()))
	a := pay(coinValue, 0, 1, g.take())
	b := pay(a.Outs[0].Value, 700, 1, a.Outpoint(0))
	tm := g.build(g.a, []*wire.Tx{a, b})
	if len(tm.Block.Txs) != 3 || tm.Fees[1] != 0 || tm.Fees[2] != 700 || index(tm.Block, waits) >= 0 {
		t.Fatalf("fees %v", tm.Fees)
	}
	if got, subsidy := tm.Block.Txs[0].Outs[0].Value, tm.Prev.Params.Subsidy(tm.Height()); got != subsidy || tm.Fees[0] != 0 {
		t.Errorf("the coinbase pays %d, not the bare subsidy of %d; its fee is %d", got, subsidy, tm.Fees[0])
	}
	if _, err := g.a.Build(t.Context(), payTrue, 0, []*wire.Tx{b, a}); consensus.RuleOf(err) != consensus.InputsMissing {
		t.Errorf("a child before its parent: %v", err)
	}
	if _, err := g.a.Build(t.Context(), payTrue, 0, []*wire.Tx{pay(coinValue, -1, 1, g.take())}); consensus.RuleOf(err) != consensus.InBelowOut {
		t.Errorf("more out than in: %v", err)
	}
	block, err := g.a.GenerateBlock(t.Context(), payTrue, []*wire.Tx{a, b}, true)
	if err != nil || g.chain.Tip().ID != block.ID() {
		t.Fatal(err)
	}
	if empty, err := g.a.GenerateBlock(t.Context(), payTrue, nil, false); err != nil || len(empty.Txs) != 1 || g.chain.Tip().ID != block.ID() {
		t.Fatalf("an empty block that is not submitted: %v", err)
	}
}

// TestRefusedTransactionIsLeftOut has a pool take what the chain refuses.
func TestRefusedTransactionIsLeftOut(t *testing.T) {
	g := newGround(t, regtest(t), 2)
	bad, good := g.add(pay(coinValue, 90_000, 1, g.take())), g.add(pay(coinValue, 1000, 1, g.take()))
	a, err := New(Config{Chain: strictChain{g.chain, bad.ID()}, Pool: g.pool})
	if err != nil {
		t.Fatal(err)
	}
	tm := g.build(a, nil)
	if len(tm.Block.Txs) != 2 || index(tm.Block, good) != 1 {
		t.Fatalf("%d transactions", len(tm.Block.Txs))
	}
	g.finish(tm)
}

// strictChain refuses a transaction.
type strictChain struct {
	Chain
	bad wire.Hash
}

func (c strictChain) TestBlock(ctx context.Context, b *wire.Block, draft bool) error {
	for i, t := range b.Txs {
		if t.ID() == c.bad {
			return &consensus.RuleError{Rule: consensus.InBelowOut, Tx: i}
		}
	}
	return c.Chain.TestBlock(ctx, b, draft)
}

func TestTries(t *testing.T) {
	g := newGround(t, regtest(t), 0)
	tm := g.build(g.a, nil)
	tm.Block.Header.Bits = 0x1000ffff // no nonce will do, however long it takes until the time is up
	if _, err := Solve(t.Context(), tm, 10_000); !errors.Is(err, ErrTries) {
		t.Errorf("after 10000 tries: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Solve(ctx, tm, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the context's end: %v", err)
	}
	tm.Block.Header.Bits = 0
	if _, err := Solve(t.Context(), tm, 0); err == nil {
		t.Error("no target was met")
	}
}

func TestRoll(t *testing.T) {
	g := newGround(t, regtest(t), 0)
	tm := g.build(g.a, nil)
	rolled := tm.roll()
	if rolled.Block.Header.Merkle == tm.Block.Header.Merkle || rolled.Block.ID() == tm.Block.ID() {
		t.Fatal("rolling changes nothing")
	}
	g.finish(rolled)
}

func TestSignetNeedsItsSigners(t *testing.T) {
	base, err := consensus.Chain("signet")
	if err != nil {
		t.Fatal(err)
	}
	p, err := base.With(consensus.Override{SignetChallenge: append(append([]byte{33, 2}, make([]byte, 32)...), 0xac)})
	if err != nil {
		t.Fatal(err)
	}
	g := newGround(t, p, 0)
	tm := g.build(g.a, nil)
	if _, err := Solve(t.Context(), tm, 0); !errors.Is(err, ErrSigned) {
		t.Fatalf("got %v", err)
	}
}

// TestMinTime heeds BIP94's rule at a period's first block.
func TestMinTime(t *testing.T) {
	p := *regtest(t)
	p.Name, p.Period = "other", 12
	s := consensus.State{Params: &p, Height: 10}
	for i := range s.Times {
		s.Times[i] = 1000
	}
	s.Times[10] = 5000
	if got := MinTime(&s); got != 1001 {
		t.Errorf("within a period %d", got)
	}
	s.Height, s.Times[0] = 11, 5000
	if got := MinTime(&s); got != 5000-maxTimeWarp {
		t.Errorf("at a period's first block %d", got)
	}
}

// TestMiner mines by itself, takes in a payment, stops and goes on when told to.
func TestMiner(t *testing.T) {
	g := newGround(t, regtest(t), 1)
	var asked atomic.Int64
	m, err := NewMiner(MinerConfig{
		Assembler: g.a, Workers: 2, Every: 5 * time.Millisecond, Refresh: time.Millisecond,
		Script: func(context.Context) ([]byte, error) {
			asked.Add(1)
			return payTrue, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	payment := g.add(pay(coinValue, 1000, 1, g.take()))
	for {
		moved := g.chain.Changed()
		_, coins, err := g.chain.Coins([]wire.Outpoint{payment.Outpoint(0)})
		if err != nil {
			t.Fatal(err)
		}
		if !coins[0].Missing {
			break
		}
		<-moved
	}
	for m.Stats().Found < 3 { // the chain knows of a block a moment before the miner counts it
		<-g.chain.Changed()
	}
	m.SetWorkers(0)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	s := m.Stats()
	if s.Found < 3 || s.Hashes == 0 || s.Err != "" || s.Workers != 0 || asked.Load() < int64(s.Found) {
		t.Errorf("stats %+v, %d scripts asked for", s, asked.Load())
	}
	last, _ := g.chain.Header(s.Last)
	if tip := g.chain.Tip(); !last.Active || tip.Height-last.Height > 1 { // the last block may come when nobody counts any more
		t.Errorf("the last block is said to be %v at height %d, the tip is at %d", s.Last, last.Height, tip.Height)
	}
}

// TestMinerSwitches lets the miner search a block that it cannot find, and moves the tip.
func TestMinerSwitches(t *testing.T) {
	g := newGround(t, regtest(t), 0)
	m, err := NewMiner(MinerConfig{Assembler: g.a, Refresh: time.Hour, Script: func(context.Context) ([]byte, error) { return payTrue, nil }})
	if err != nil {
		t.Fatal(err)
	}
	other := g.build(g.assembler(0), nil)
	hard := &hardChain{Chain: g.chain, built: make(chan wire.Hash, 4)}
	m.a.chain = hard
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	m.SetWorkers(1)
	first := <-hard.built
	g.finish(other)
	if second := <-hard.built; second == first {
		t.Error("the miner stayed on the old tip")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if m.Stats().Found != 0 {
		t.Error("the impossible was found")
	}
}

// When the tip moves, the search of the old template is told at once, and the next
// one is of a block on the new tip. How long a search goes on when told is
// package miner's business: a batch of each worker.
func TestMinerDropsStaleWork(t *testing.T) {
	g := newGround(t, regtest(t), 0)
	m, err := NewMiner(MinerConfig{Assembler: g.a, Workers: 1, Refresh: time.Hour, Script: func(context.Context) ([]byte, error) { return payTrue, nil }})
	if err != nil {
		t.Fatal(err)
	}
	searched := make(chan wire.Hash, 10)
	var told atomic.Int64
	m.look = func(ctx context.Context, _ int, header [miner.HeaderSize]byte, _ work.Bits, _ uint32, _ uint64) (uint32, bool, uint64) {
		searched <- wire.Hash(header[4:36])
		<-ctx.Done()
		told.Add(1)
		return 0, false, 1
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	const moves = 5
	for i := range moves {
		if at, tip := <-searched, g.chain.Tip().ID; at != tip {
			t.Errorf("search %d is of a block on %v, the tip is %v", i, at, tip)
		}
		if n := told.Load(); n != int64(i) {
			t.Errorf("%d searches of %d have ended", n, i)
		}
		g.finish(g.build(g.assembler(0), nil))
	}
	<-searched
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n := m.Stats().Hashes; n != moves+1 || len(searched) > 0 {
		t.Errorf("%d batches in %d searches after %d moves of the tip", n, len(searched)+moves+1, moves)
	}
}

// hardChain says that the next block needs more work than a test has time for, and reports on what
// templates are built.
type hardChain struct {
	Chain
	built chan wire.Hash
}

func (c *hardChain) Tip() consensus.State {
	s := c.Chain.Tip()
	p := *s.Params
	p.Schedule = hardSchedule{p.Schedule}
	s.Params = &p
	return s
}

func (c *hardChain) TestBlock(_ context.Context, b *wire.Block, _ bool) error {
	c.built <- b.Header.Parent
	return nil
}

func ptr[T any](v T) *T { return &v }

// TestBeforeSegwit mines on a chain where witnesses do not count yet.
func TestBeforeSegwit(t *testing.T) {
	p, err := regtest(t).With(consensus.Override{Segwit: ptr(uint32(10_000))})
	if err != nil {
		t.Fatal(err)
	}
	g := newGround(t, p, 1)
	root := pay(coinValue, 1000, 1, g.take())
	g.add(root)
	tm := g.build(g.a, nil)
	if len(tm.Block.Txs) != 1 || len(tm.Block.Txs[0].Outs) != 1 || tm.Block.Txs[0].HasWitness() {
		t.Fatalf("%d transactions, coinbase %+v", len(tm.Block.Txs), tm.Block.Txs[0])
	}
	g.finish(tm)
}

// TestGivenVersion: regtest's blocks have the version that was asked for.
func TestGivenVersion(t *testing.T) {
	g := newGround(t, regtest(t), 2)
	a, err := New(Config{Chain: g.chain, Pool: g.pool, Version: 1337})
	if err != nil {
		t.Fatal(err)
	}
	if tm := g.build(a, nil); tm.Block.Header.Version != 1337 {
		t.Errorf("version %d", tm.Block.Header.Version)
	}
}
