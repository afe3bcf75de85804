package mempool

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

func TestBlocksTakeAndConflict(t *testing.T) {
	g := newGround(t, 2, nil)
	mined, coin := pay(coinValue, 1_000, 1, g.take()), g.take()
	child := pay(mined.Outs[0].Value, 1_000, 1, mined.Outpoint(0))
	loser := pay(coinValue, 1_000, 1, coin)
	after := pay(loser.Outs[0].Value, 1_000, 1, loser.Outpoint(0))
	for _, tx := range []*wire.Tx{mined, child, loser, after} {
		g.add(tx)
	}
	g.mine(g.chain.Tip(), mined, pay(coinValue, 2_000, 1, coin))
	g.sync()
	g.has(mined, false)
	g.has(loser, false)
	g.has(after, false)
	if e, ok := g.pool.Get(child.ID()); !ok || e.AncestorCount != 1 || len(e.Parents) != 0 {
		t.Fatalf("the child of a mined transaction: %+v", e)
	}
	g.sound()
}

// TestReorgGivesBack reverts two blocks of dependent payments, one of which
// the other branch spends otherwise.
func TestReorgGivesBack(t *testing.T) {
	g := newGround(t, 3, nil)
	fork := g.chain.Tip()
	a := pay(coinValue, 1_000, 1, g.take())
	b := pay(a.Outs[0].Value, 1_000, 1, a.Outpoint(0))
	coin := g.take()
	lost := pay(coinValue, 1_000, 1, coin)
	lostChild := pay(lost.Outs[0].Value, 1_000, 1, lost.Outpoint(0))
	unpaid := pay(coinValue, 0, 1, g.take())
	g.mine(g.chain.Tip(), a, lost)
	g.mine(g.chain.Tip(), b, unpaid)
	g.sync()
	c := pay(b.Outs[0].Value, 1_000, 1, b.Outpoint(0))
	g.add(c)
	g.add(lostChild)

	g.branch(fork, 3, pay(coinValue, 5_000, 1, coin))
	g.sync()
	for _, tx := range []*wire.Tx{a, b, c, unpaid} {
		g.has(tx, true)
	}
	g.has(lost, false)
	g.has(lostChild, false)
	if e, _ := g.pool.Get(c.ID()); e.AncestorCount != 3 || e.AncestorFees != 3_000 {
		t.Fatalf("entry %+v", e)
	}
	g.sound()
}

// branch adds n blocks on s, the first with txs.
func (g *ground) branch(s consensus.State, n int, txs ...*wire.Tx) {
	g.Helper()
	for i := range n {
		b := g.block(s, txs...)
		txs = nil
		if err := g.chain.AddBlock(g.Context(), b); err != nil {
			g.Fatal(err)
		}
		var ok bool
		if s, ok = g.chain.StateAt(b.ID()); !ok {
			g.Fatalf("block %d of the branch is unknown", i)
		}
	}
}

// TestReorgMakesPremature shortens the chain under a coinbase's spend, a lock
// time and a sequence lock. The other branch has the same work but in fewer
// blocks only by invalidating.
func TestReorgMakesPremature(t *testing.T) {
	g := newGround(t, 3, nil)
	tip := g.mine(g.chain.Tip()).ID()
	height := g.chain.Tip().Height
	young := pay(coinValue, 1_000, 1, g.take())
	root := g.spare[1]
	locked := change(pay(coinValue, 1_000, 1, root), func(t *wire.Tx) { t.LockTime = height })
	always := pay(coinValue, 1_000, 1, g.spare[0])
	// The oldest coin matured long ago, the youngest with this very tip.
	h, _ := g.chain.ActiveAt(height - g.params.Maturity + 1)
	b, err := g.chain.Block(h.ID)
	if err != nil {
		t.Fatal(err)
	}
	matured := pay(coinValue, 1_000, 1, b.Txs[0].Outpoint(0))
	for _, tx := range []*wire.Tx{young, locked, always, matured} {
		g.add(tx)
	}
	if err := g.chain.Invalidate(t.Context(), tip); err != nil {
		t.Fatal(err)
	}
	g.sync()
	g.has(young, true)
	g.has(always, true)
	g.has(matured, false)
	g.has(locked, false)
	g.sound()
}

// TestFarBehind lets the chain run ahead while the pool holds something.
func TestFarBehind(t *testing.T) {
	g := newGround(t, 3, nil)
	mined, stays := pay(coinValue, 1_000, 1, g.take()), pay(coinValue, 1_000, 1, g.take())
	g.add(mined)
	g.add(stays)
	g.mine(g.chain.Tip(), mined)
	for range farBehind {
		g.mine(g.chain.Tip())
	}
	g.sync()
	g.has(mined, false)
	g.has(stays, true)
	if at, _ := g.pool.Entries(); at != g.chain.Tip().ID {
		t.Fatal("the pool is not at the tip")
	}
}

func TestOrphans(t *testing.T) {
	g := newGround(t, 2, nil)
	parent := pay(coinValue, 1_000, 1, g.take())
	child := pay(parent.Outs[0].Value, 1_000, 1, parent.Outpoint(0))
	grand := pay(child.Outs[0].Value, 1_000, 1, child.Outpoint(0))
	for _, tx := range []*wire.Tx{grand, child} {
		if _, err := g.pool.Add(tx, "peer"); !errors.Is(err, ErrOrphan) {
			t.Fatalf("got %v", err)
		}
	}
	if n := g.pool.Stats().Orphans; n != 2 {
		t.Fatalf("%d orphans", n)
	}
	g.add(parent)
	g.sync()
	g.has(child, true)
	g.has(grand, true)

	// Or the parent comes in a block.
	coin := g.take()
	parent = pay(coinValue, 1_000, 1, coin)
	child = pay(parent.Outs[0].Value, 1_000, 1, parent.Outpoint(0))
	if _, err := g.pool.Add(child, "peer"); !errors.Is(err, ErrOrphan) {
		t.Fatalf("got %v", err)
	}
	g.mine(g.chain.Tip(), parent)
	g.sync()
	g.has(child, true)
	if n := g.pool.Stats().Orphans; n != 0 {
		t.Fatalf("%d orphans left", n)
	}

	// Or the orphan itself does.
	if _, err := g.pool.Add(lost(), "peer"); !errors.Is(err, ErrOrphan) {
		t.Fatalf("got %v", err)
	}
	parent = pay(child.Outs[0].Value, 1_000, 1, child.Outpoint(0))
	next := pay(parent.Outs[0].Value, 1_000, 1, parent.Outpoint(0))
	if _, err := g.pool.Add(next, "peer"); !errors.Is(err, ErrOrphan) {
		t.Fatalf("got %v", err)
	}
	g.mine(g.chain.Tip(), child, parent, next)
	g.sync()
	if n := g.pool.Stats().Orphans; n != 1 {
		t.Fatalf("%d orphans left beside the one without parents", n)
	}
}

// TestOrphanPaysForParent has a parent come that pays too little alone, again and again.
func TestOrphanPaysForParent(t *testing.T) {
	g := newGround(t, 1, nil)
	parent := pay(coinValue, 0, 2, g.take())
	poor := pay(parent.Outs[0].Value, 1, 1, parent.Outpoint(0))
	rich := pay(parent.Outs[1].Value, 5_000, 1, parent.Outpoint(1))
	alone := func(tx *wire.Tx) {
		t.Helper()
		var bad *Error
		if _, err := g.pool.Add(tx, "peer"); !errors.As(err, &bad) || !bad.Reconsider || bad.Reason == missingInputs {
			t.Fatalf("got %v", err)
		}
	}
	alone(parent)
	for _, tx := range []*wire.Tx{rich, poor} {
		if _, err := g.pool.Add(tx, "peer"); !errors.Is(err, ErrOrphan) {
			t.Fatalf("got %v", err)
		}
	}
	if r, err := g.pool.Add(parent, "peer"); err != nil || r.Entry.Tx.ID() != parent.ID() {
		t.Fatalf("%+v, %v", r, err)
	}
	g.sync()
	g.has(parent, true)
	g.has(rich, true)
}

// lost is an orphan whose parents never come.
func lost() *wire.Tx { return pay(1000, 0, 1, wire.Outpoint{TxID: wire.Hash{1}}) }

// TestOrphansAreBounded floods the orphanage from one peer, then from many.
func TestOrphansAreBounded(t *testing.T) {
	o, now := newOrphanage(20), time.Unix(1e9, 0)
	n := 0
	next := func(size int) *wire.Tx {
		n++
		op := wire.Outpoint{TxID: wire.Hash{byte(n), byte(n >> 8), 7}}
		return change(pay(1000, 0, 1, op), func(t *wire.Tx) { t.Outs[0].Script = make([]byte, size) })
	}
	add := func(t *wire.Tx, from string) bool { return o.add(t, from, prevs(t), now) }
	honest := next(10)
	add(honest, "honest")
	for range 100 {
		add(next(10), "flood")
	}
	if o.count("flood") != 5 || o.byWitness[honest.WitnessID()] == nil {
		t.Fatalf("one peer holds %d of 20", o.count("flood"))
	}
	for i := range 100 {
		add(next(10), string(rune('a'+i%8)))
	}
	if o.len() != 20 {
		t.Fatalf("%d held", o.len())
	}
	if add(next(maxOrphanUsage), "big") {
		t.Fatal("an orphan may be of any size")
	}
	for i := range 100 {
		add(next(maxOrphanUsage-2000), string(rune('a'+i%8)))
	}
	if o.usage > orphanBytes {
		t.Fatalf("%d bytes held", o.usage)
	}
	now = now.Add(orphanExpiry + time.Second)
	o.expire(now)
	if o.len() != 0 || o.usage != 0 || len(o.waiting) != 0 || len(o.byWitness) != 0 {
		t.Fatalf("%d left after their time, %d bytes, %d parents", o.len(), o.usage, len(o.waiting))
	}
}

// TestRunFollows runs the pool while blocks and payments come from several
// sides at once.
func TestRunFollows(t *testing.T) {
	g := newGround(t, 40, nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.pool.Run(ctx) }()
	payments := make(chan *wire.Tx, 40)
	for range 40 {
		payments <- pay(coinValue, 1_000, 2, g.take())
	}
	close(payments)
	added := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { added <- struct{}{} }()
			for tx := range payments {
				if _, err := g.pool.Add(tx, "peer"); err != nil {
					t.Error(err)
				}
				child := pay(tx.Outs[0].Value, 500, 1, tx.Outpoint(0))
				if _, err := g.pool.Add(child, "peer"); err != nil {
					var e *Error
					if !errors.As(err, &e) {
						t.Error(err)
					}
				}
				g.pool.Entries()
				g.pool.Stats()
			}
		}()
	}
	for range 10 {
		at, es := g.pool.Entries()
		var txs []*wire.Tx
		for _, e := range es {
			if e.AncestorCount == 1 && len(txs) < 5 {
				txs = append(txs, e.Tx)
			}
		}
		if s := g.chain.Tip(); s.ID == at {
			g.mine(s, txs...)
		} else {
			g.mine(s)
		}
		g.sync()
	}
	for range 4 {
		<-added
	}
	g.sync()
	g.sound()
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// TestDeepReorgLosesNothing rewrites a hundred blocks. One chain of payments goes
// through all of them, which is more than may wait in one cluster; the rest are
// more bytes than Bitcoin Core keeps while blocks are being reverted.
func TestDeepReorgLosesNothing(t *testing.T) {
	const blocks, each, data = 100, 3, 90_000
	g := newGround(t, 1+blocks*each, func(c *Config) { c.NonStandard = true })
	fork := g.chain.Tip()
	head, value := g.take(), int64(coinValue/16)
	var paid, twice []*wire.Tx
	for n := range blocks {
		link := pay(value, 10_000, 1, head)
		head, value = link.Outpoint(0), link.Outs[0].Value
		txs := []*wire.Tx{link}
		for range each {
			txs = append(txs, change(pay(coinValue/16, 10_000, 1, g.take()), func(t *wire.Tx) {
				t.Outs = append(t.Outs, wire.Out{Script: append([]byte{opReturn}, make([]byte, data)...)})
			}))
		}
		g.mine(g.chain.Tip(), txs...)
		paid = append(paid, txs...)
		if n < 2 {
			twice = append(twice, txs...) // the other branch has these as well
		}
	}
	g.sync()
	g.branch(fork, blocks+1, twice...)
	g.sync()
	for _, tx := range twice {
		g.has(tx, false)
	}
	waiting := len(paid) - len(twice) - (blocks - 2 - maxCluster)
	if got := g.pool.Stats().Count; got != waiting {
		t.Fatalf("%d payments wait again, want %d", got, waiting)
	}
	if at, _ := g.pool.Entries(); at != g.chain.Tip().ID {
		t.Fatal("the pool is not at the tip")
	}

	// What waits is mined, a few a block, and what found no place comes back.
	mined := make(map[wire.Hash]bool)
	for g.pool.Stats().Count > 0 {
		_, es := g.pool.Entries()
		var txs []*wire.Tx
		for _, e := range es[:min(len(es), 10)] {
			txs = append(txs, e.Tx)
			mined[e.Tx.ID()] = true
		}
		g.mine(g.chain.Tip(), txs...)
		g.sync()
	}
	for i, tx := range paid[len(twice):] {
		if !mined[tx.ID()] {
			t.Errorf("payment %d of %d was never mined again", i, len(paid)-len(twice))
		}
	}
	if n := g.pool.Stats().Count; n != 0 || len(g.pool.owed) != 0 {
		t.Fatalf("%d payments wait, %d blocks are owed after all were mined", n, len(g.pool.owed))
	}
}

// TestDeepReorgFillsThePool gives back more than the pool may hold: the best
// paid stay.
func TestDeepReorgFillsThePool(t *testing.T) {
	const blocks, data = 60, 100_000
	g := newGround(t, blocks, func(c *Config) { c.NonStandard, c.MaxSize = true, 20*data })
	fork := g.chain.Tip()
	var paid []*wire.Tx
	for i := range blocks {
		tx := change(pay(coinValue, int64(1_000_000-10_000*i), 1, g.take()), func(t *wire.Tx) {
			t.Outs = append(t.Outs, wire.Out{Script: append([]byte{opReturn}, make([]byte, data)...)})
		})
		paid = append(paid, tx)
		g.mine(g.chain.Tip(), tx)
	}
	g.sync()
	g.branch(fork, blocks+1)
	g.sync()
	n := g.pool.Stats().Count
	if n < 15 || g.pool.Stats().Usage > 20*data {
		t.Fatalf("%d wait in %d bytes", n, g.pool.Stats().Usage)
	}
	for i, tx := range paid {
		g.has(tx, i < n)
	}
	g.sound()
}
