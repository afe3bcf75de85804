package peering

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
)

// forgedChain serves bodies that differ from what its headers promise.
type forgedChain struct{ Chain }

func (c forgedChain) Block(id wire.Hash) (*wire.Block, error) {
	b, err := c.Chain.Block(id)
	if err != nil || b.Txs[0].Outs[0].Value == 0 {
		return b, err
	}
	old := b.Txs[0]
	forged := &wire.Tx{Version: old.Version, Ins: old.Ins, Outs: append([]wire.Out{{Value: 1}}, old.Outs...), LockTime: old.LockTime}
	txs := append([]*wire.Tx{forged.Seal()}, b.Txs[1:]...)
	return wire.NewBlock(b.Header, txs), nil
}

func TestForgedBodiesBanTheirSender(t *testing.T) {
	forger := start(t, "forger", setup{chain: func(c *chain.Chain) Chain { return forgedChain{c} }})
	honest := start(t, "honest", setup{})
	forger.mine(30)
	fatal(t, honest.net.Connect(t.Context(), forger.net.Addrs()[0]))
	waitBan(t, honest, forger)
	if h := honest.chain.BestHeader().Height; h != 30 { // the headers are good
		t.Fatalf("headers at %d", h)
	}
	if h := honest.chain.Tip().Height; h != 0 {
		t.Fatalf("tip at %d with forged bodies", h)
	}
	// Another peer has the bodies as they should be.
	source := start(t, "source", setup{})
	for h := uint32(1); h <= 30; h++ {
		info, _ := forger.chain.ActiveAt(h)
		b, err := forger.chain.Block(info.ID)
		fatal(t, err)
		fatal(t, source.chain.AddBlock(t.Context(), b))
	}
	meet(t, honest, source)
	waitTip(t, source, honest)
}

// extraChain follows its chain's tip with one more block, valid or not.
type extraChain struct {
	Chain
	extra *atomic.Pointer[wire.Block]
}

func (c extraChain) Tip() consensus.State {
	tip := c.Chain.Tip()
	if b := c.extra.Load(); b != nil {
		if next, err := consensus.ApplyHeader(tip, &b.Header, b.ID()); err == nil {
			return next
		}
	}
	return tip
}

func (c extraChain) HeadersAfter(locator []wire.Hash, max int) []wire.Header {
	hs := c.Chain.HeadersAfter(locator, max)
	if b := c.extra.Load(); b != nil {
		hs = append(hs, b.Header)
	}
	return hs
}

func (c extraChain) Header(id wire.Hash) (chain.HeaderInfo, bool) {
	if b := c.extra.Load(); b != nil && b.ID() == id {
		tip := c.Tip()
		return chain.HeaderInfo{Header: b.Header, ID: id, Height: tip.Height, Active: true, HasBody: true}, true
	}
	return c.Chain.Header(id)
}

func (c extraChain) Block(id wire.Hash) (*wire.Block, error) {
	if b := c.extra.Load(); b != nil && b.ID() == id {
		return b, nil
	}
	return c.Chain.Block(id)
}

// A block that has its work and breaks a rule bans who serves it, and the rest
// of the chain goes on without it.
func TestInvalidBlocksBanTheirSender(t *testing.T) {
	var extra atomic.Pointer[wire.Block]
	liar := start(t, "liar", setup{chain: func(c *chain.Chain) Chain { return extraChain{c, &extra} }})
	honest := start(t, "honest", setup{})
	other := start(t, "other", setup{})
	liar.mine(20)
	greedy, err := liar.mill.Build(t.Context(), openScript(), 0, nil)
	fatal(t, err)
	old := greedy.Block.Txs[0]
	rich := &wire.Tx{Version: old.Version, Ins: old.Ins, Outs: append([]wire.Out(nil), old.Outs...), LockTime: old.LockTime}
	rich.Outs[0].Value++
	h := greedy.Block.Header
	h.Merkle = rich.Seal().ID()
	extra.Store(wire.NewBlock(solved(t, h), []*wire.Tx{rich}))

	fatal(t, honest.net.Connect(t.Context(), liar.net.Addrs()[0]))
	waitBan(t, honest, liar)
	if h := honest.chain.Tip().Height; h != 20 {
		t.Fatalf("tip at %d, want the 20 valid blocks", h)
	}
	if info, known := honest.chain.Header(extra.Load().ID()); !known || !info.Invalid {
		t.Errorf("the invalid block's header: %+v", info)
	}
	meet(t, honest, other)
	waitTip(t, honest, other)
	other.mine(1)
	waitTip(t, other, honest)
}

// waitBan waits until judge has banned the other.
func waitBan(t *testing.T, judge, banned *node) {
	t.Helper()
	wait(t, func() error {
		if _, is := judge.net.Bans()[banned.net.ID().String()]; !is {
			return fmt.Errorf("%s is not banned", banned.name)
		}
		return nil
	})
}

// failingChain stands for a chain whose store fails while broken is set.
type failingChain struct {
	Chain
	broken *atomic.Bool
	failed chan struct{} // buffered
}

var errDisk = errors.New("no space left on device")

func (c failingChain) QueueBlock(ctx context.Context, b *wire.Block, done func(error)) error {
	if c.broken.Load() {
		signal(c.failed)
		go done(errDisk)
		return nil
	}
	return c.Chain.QueueBlock(ctx, b, done)
}

func TestOurErrorsBlameNobody(t *testing.T) {
	log := newLines()
	var broken atomic.Bool
	broken.Store(true)
	failed := make(chan struct{}, 1)
	a := start(t, "a", setup{})
	b := start(t, "b", setup{log: log, chain: func(c *chain.Chain) Chain { return failingChain{c, &broken, failed} }})
	a.mine(20)
	meet(t, a, b)
	<-failed
	log.await(t, errDisk.Error())
	for _, p := range b.net.Peers() {
		if p.Score != 0 {
			t.Errorf("peer %v has %d points", p.ID, p.Score)
		}
	}
	if len(b.net.Bans()) > 0 || !b.knows(a) {
		t.Fatal("the peer was punished for our disk")
	}
	broken.Store(false)
	waitTip(t, a, b)
}

// An invalid header bans who gives it.
func TestInvalidHeadersBanTheirSender(t *testing.T) {
	liar := start(t, "liar", setup{chain: func(c *chain.Chain) Chain { return badHeaders{c} }})
	honest := start(t, "honest", setup{})
	liar.mine(10)
	if err := honest.net.Connect(t.Context(), liar.net.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	waitBan(t, honest, liar)
	if h := honest.chain.BestHeader().Height; h != 0 {
		t.Errorf("%d invalid headers kept", h)
	}
}

// badHeaders gives headers whose work does not meet their target.
type badHeaders struct{ Chain }

func (c badHeaders) HeadersAfter([]wire.Hash, int) []wire.Header {
	info, _ := c.Chain.Header(c.Chain.Tip().ID)
	h := info.Header
	h.Parent, _ = genesisOf(c.Chain)
	h.Bits = 0x1d00ffff
	return []wire.Header{h}
}

func genesisOf(c Chain) (wire.Hash, bool) {
	ids := c.Locator(c.Tip().ID)
	return ids[len(ids)-1], true
}

// What the operator sets aside, peers may well follow: they are not punished.
func TestSetAsideBlamesNobody(t *testing.T) {
	log := newLines()
	a, b := start(t, "a", setup{}), start(t, "b", setup{log: log})
	a.mine(10)
	meet(t, a, b)
	waitTip(t, a, b)
	info, _ := b.chain.ActiveAt(8)
	fatal(t, b.chain.Invalidate(t.Context(), info.ID))
	a.mine(2)
	look := func() { // or not, while it is looking already
		b.post(func(d *driver, now time.Time) []syncer.Action {
			return d.sched.AnnouncedUnknown(now, syncer.Peer(a.net.ID()))
		})
	}
	wait(t, func() error {
		look()
		return log.came("headers refused")
	})
	if len(b.net.Bans()) > 0 || !b.knows(a) {
		t.Fatal("the peer was punished for our operator's choice")
	}
	fatal(t, b.chain.Reconsider(t.Context(), info.ID))
	wait(t, func() error {
		look()
		if b.chain.Tip().ID != a.chain.Tip().ID {
			return fmt.Errorf("b is at height %d", b.chain.Tip().Height)
		}
		return nil
	})
}

func TestGossipVerdicts(t *testing.T) {
	a := start(t, "a", setup{})
	a.mine(101)
	waitSynced(t, a) // for its tip is young
	settled := make(chan struct{})
	a.post(func(d *driver, _ time.Time) []syncer.Action {
		d.refresh() // a tip that is new to it would have it forget what policy refused
		close(settled)
		return nil
	})
	<-settled
	from := gossip.Peer("somebody")
	check := func(name string, got, want gossip.Verdict) {
		t.Helper()
		if got != want {
			t.Errorf("%s: verdict %v, want %v", name, got, want)
		}
	}
	op, value := a.coinbase(1)
	good := spend(op, value-10_000)
	twin := spend(op, value-10_001)
	young, _ := a.coinbase(100)
	nothing := (&wire.Tx{Version: 2, Ins: good.Ins}).Seal()
	send := func(ts ...*wire.Tx) gossip.Verdict {
		return a.checkBatch(t.Context(), from, batch{Txs: ts})
	}
	check("no outputs", send(nothing), gossip.Reject)
	check("new", send(good), gossip.Accept)
	check("known", send(good), gossip.Ignore)
	check("conflict without a better fee", send(twin), gossip.Ignore)
	check("immature", send(spend(young, value-10_000)), gossip.Ignore)
	check("orphan", send(spend(wire.Outpoint{TxID: wire.Hash{1}}, 1000)), gossip.Ignore)
	child := spend(good.Outpoint(0), value-30_000)
	check("new and conflict", send(child, twin), gossip.Accept) // the refused one is known and left out

	tip, _ := a.chain.Header(a.chain.Tip().ID)
	tell := func(h wire.Header, more ...byte) gossip.Verdict {
		return a.checkAnnouncement(t.Context(), from, announcement{h, append(h.Append(nil), more...)})
	}
	check("our tip", tell(tip.Header), gossip.Accept)
	check("garbage after the header", tell(tip.Header, 1, 2, 3), gossip.Reject)
	old, _ := a.chain.ActiveAt(101 - oldNews - 1)
	check("old block", tell(old.Header), gossip.Ignore)
	weak := tip.Header
	for id := weak.ID(); id[31] < 0x80; id = weak.ID() {
		weak.Nonce++
	}
	check("no work", tell(weak), gossip.Reject)
	next, err := a.mill.GenerateBlock(t.Context(), openScript(), []*wire.Tx{}, false)
	fatal(t, err)
	check("new header", tell(next.Header), gossip.Accept)
	lost := solved(t, wire.Header{Version: 4, Parent: wire.Hash{9}, Bits: tip.Bits})
	check("unknown parent", tell(lost), gossip.Ignore)
	early := solved(t, wire.Header{Version: 4, Parent: tip.ID, Time: 1, Bits: tip.Bits})
	check("breaks a rule", tell(early), gossip.Reject)
	late := solved(t, wire.Header{Version: 4, Parent: tip.ID, Time: uint32(time.Now().Unix() + 9000), Bits: tip.Bits})
	check("clock ahead", tell(late), gossip.Ignore)
}

// solved looks for regtest's work: every other nonce has it.
func solved(t *testing.T, h wire.Header) wire.Header {
	t.Helper()
	for range 1000 {
		if id := h.ID(); id[31] < 0x7f {
			return h
		}
		h.Nonce++
	}
	t.Fatal("no work in 1000 nonces")
	return h
}

// The batch that is too dear to judge on the spot arrives all the same.
func TestDearBatch(t *testing.T) {
	a, b := start(t, "a", setup{}), start(t, "b", setup{})
	a.mine(101 + maxInline)
	tx := &wire.Tx{Version: 2}
	total := int64(0)
	for h := uint32(1); h <= maxInline+1; h++ {
		op, value := a.coinbase(h)
		tx.Ins = append(tx.Ins, wire.In{Prev: op, Sequence: 0xfffffffd, Witness: [][]byte{{0x51}}})
		total += value
	}
	tx.Outs = []wire.Out{{Value: total - 100_000, Script: openScript()}}
	meet(t, a, b)
	waitTip(t, a, b)
	waitSynced(t, a, b)
	tx = tx.Seal()
	if v := b.checkBatch(t.Context(), a.net.ID(), batch{Txs: []*wire.Tx{tx}}); v != gossip.Ignore {
		t.Fatalf("verdict %v", v)
	}
	waitTx(t, tx, b, a) // b judges it, and publishes it to a
}

func TestHello(t *testing.T) {
	ours := Hello{Version: 1, Genesis: wire.Hash{1}, Rules: wire.Hash{2}, Nonce: 1}
	good := ours
	good.Nonce = 2
	if err := ours.check(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Hello){
		"this node itself": func(h *Hello) { h.Nonce = ours.Nonce },
		"version 0":        func(h *Hello) { h.Version = 0 },
		"another chain":    func(h *Hello) { h.Genesis = wire.Hash{7} },
		"other rules":      func(h *Hello) { h.Rules = wire.Hash{7} },
	} {
		h := good
		change(&h)
		if err := ours.check(h); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
