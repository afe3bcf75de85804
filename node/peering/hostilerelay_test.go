package peering

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/gossip/relay"
)

// rogue is a peer that says what a test has it say.
type rogue struct {
	net   *gossip.Net
	asked chan relay.Question

	mu     sync.Mutex
	answer func(context.Context, relay.Question) (relay.Answer, error)
}

// answers has r answer questions by f from now on.
func (r *rogue) answers(f func(context.Context, relay.Question) (relay.Answer, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// startRogue runs a peer that passes the handshake, has no headers and no
// bodies, and knows nothing of a block that it is asked about.
func startRogue(t *testing.T, p *consensus.Params) *rogue {
	t.Helper()
	net, err := gossip.New(gossip.Config{Swarm: "test", Listen: []string{"/ip4/127.0.0.1/udp/0/quic-v1"}, Private: true})
	fatal(t, err)
	r := &rogue{net: net, asked: make(chan relay.Question, 100)}
	r.answers(func(context.Context, relay.Question) (relay.Answer, error) { return relay.Answer{}, nil })
	var seed [8]byte
	rand.Read(seed[:])
	hello := Hello{Version: Version, Genesis: p.Genesis.ID(), Rules: p.Digest(), Tip: tipOf(consensus.GenesisState(p)),
		Nonce: binary.LittleEndian.Uint64(seed[:]), Agent: "rogue"}
	gossip.Serve(net, helloProtocol, func(context.Context, gossip.Peer, Hello) (Hello, error) { return hello, nil })
	gossip.Serve(net, headersProtocol, func(context.Context, gossip.Peer, []wire.Hash) (headersReply, error) {
		return headersReply{Tip: hello.Tip}, nil
	})
	gossip.Serve(net, blocksProtocol, func(_ context.Context, _ gossip.Peer, ids []wire.Hash) (bodies, error) {
		return make(bodies, len(ids)), nil
	})
	gossip.Serve(net, blockTxsProtocol, func(ctx context.Context, _ gossip.Peer, q relay.Question) (relay.Answer, error) {
		r.asked <- q
		r.mu.Lock()
		f := r.answer
		r.mu.Unlock()
		return f(ctx, q)
	})
	_, err = gossip.Join(net, blockTopic, func(context.Context, gossip.Peer, announcement) gossip.Verdict { return gossip.Accept })
	fatal(t, err)
	net.OnPeer(func(ctx context.Context, p gossip.Peer) error {
		_, err := gossip.Call(ctx, net, helloProtocol, p, hello)
		return err
	}, func(gossip.Peer) {})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- net.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	<-net.Ready()
	return r
}

// trial is two honest nodes, a rogue beside b, and a block that a found and has
// not told of, with more transactions than an announcement carries whole.
type trial struct {
	a, b  *node
	r     *rogue
	block *wire.Block
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	a, b := pair(t, 320)
	r := startRogue(t, a.Params)
	fatal(t, r.net.Connect(t.Context(), b.net.Addrs()[0]))
	wait(t, func() error {
		if !slices.ContainsFunc(b.net.Peers(), func(i gossip.Info) bool { return i.ID == r.net.ID() }) {
			return fmt.Errorf("b does not know the rogue")
		}
		return nil
	})
	block, err := a.mill.GenerateBlock(t.Context(), openScript(), a.crowd(1, 200), false)
	fatal(t, err)
	return &trial{a, b, r, block}
}

// say has b hear an announcement from the rogue. It is passed on.
func (x *trial) say(t *testing.T, a *relay.Announcement) {
	t.Helper()
	if v := x.b.checkAnnouncement(t.Context(), x.r.net.ID(), announcement{a.Header, a.Append(nil)}); v != gossip.Accept {
		t.Fatalf("verdict %v", v)
	}
}

// question waits until the rogue is asked.
func (x *trial) question(t *testing.T) relay.Question {
	t.Helper()
	select {
	case q := <-x.r.asked:
		return q
	case <-time.After(patience):
		t.Fatal("the rogue was not asked")
		panic("unreachable")
	}
}

// garbage is an announcement with the block's header and other transactions.
func (x *trial) garbage(nonce uint64) (*relay.Announcement, []*wire.Tx) {
	txs := []*wire.Tx{x.block.Txs[0]}
	for i := range 50 {
		txs = append(txs, spend(wire.Outpoint{TxID: wire.Hash{9}, Index: uint32(i)}, int64(nonce)))
	}
	return relay.New(wire.NewBlock(x.block.Header, txs), nonce, nil), txs
}

// submit lets a tell of its block, or only have it. In that case b, which may come to
// ask a for news, leaves the body to relay.
func (x *trial) submit(t *testing.T, tell bool) {
	t.Helper()
	if !tell {
		x.a.mu.Lock()
		x.a.told.add(x.block.ID())
		x.a.mu.Unlock()
		x.b.bodies.expect(x.block.ID(), x.b.Now().Add(time.Hour))
	}
	fatal(t, x.a.chain.AddBlock(t.Context(), x.block))
}

// rebuilt wants the block to have come to b by relay, with a question.
func (x *trial) rebuilt(t *testing.T) {
	t.Helper()
	waitTip(t, x.a, x.b)
	if s := x.b.RelayStats(); s.Asked != 1 || s.Whole != 0 || s.Fetched == 0 {
		t.Errorf("%+v", s)
	}
}

func (x *trial) innocent(t *testing.T) {
	t.Helper()
	if len(x.b.net.Bans()) > 0 {
		t.Errorf("banned: %v", x.b.net.Bans())
	}
}

// False announcements that come first keep nobody from the block, and nobody is
// blamed for them: who passes one on cannot know.
func TestMalleatedAnnouncementFirst(t *testing.T) {
	x := newTrial(t)
	for i := range uint64(2) {
		g, _ := x.garbage(i)
		x.say(t, g)
	}
	x.submit(t, true)
	waitTip(t, x.a, x.b)
	// When the true one comes b may have given up on the false ones and be fetching
	// the body: which way is faster then is chance.
	if s := x.b.RelayStats(); s.Asked+s.Whole == 0 {
		t.Errorf("%+v", s)
	}
	x.innocent(t)
}

// As the question says what the asker was told, whoever has the block sets that right
// with his answer, in one round trip: no other announcement is needed.
func TestFalseAnnouncementIsSetRight(t *testing.T) {
	x := newTrial(t)
	x.submit(t, false)
	g, _ := x.garbage(1)
	if v := x.b.checkAnnouncement(t.Context(), x.a.net.ID(), announcement{g.Header, g.Append(nil)}); v != gossip.Accept {
		t.Fatalf("verdict %v", v)
	}
	x.rebuilt(t)
	x.innocent(t)
}

// A peer that says nothing when asked is not waited for.
func TestSilentPeerInBlockTxs(t *testing.T) {
	x := newTrial(t)
	x.b.hedgeTime = hedgeTime
	x.r.answers(func(ctx context.Context, _ relay.Question) (relay.Answer, error) {
		<-ctx.Done()
		return relay.Answer{}, ctx.Err()
	})
	x.submit(t, false)
	x.say(t, relay.New(x.block, 1, nil))
	x.question(t)
	x.rebuilt(t)
	x.innocent(t)
}

// Who has other transactions than were announced and says they are those, lies.
func TestWrongBlockTxs(t *testing.T) {
	x := newTrial(t)
	x.r.answers(func(_ context.Context, q relay.Question) (relay.Answer, error) {
		a := relay.Answer{Kind: relay.Found}
		for _, i := range q.Indexes {
			a.Txs = append(a.Txs, x.block.Txs[max(1, i-1)].Append(nil))
		}
		return a, nil
	})
	x.submit(t, false)
	x.say(t, relay.New(x.block, 1, nil))
	wait(t, func() error { return banned(x.b, x.r.net.ID()) })
	x.rebuilt(t)
}

// Who vouches for a false announcement, with transactions that fit it, is found out
// when the block is known.
func TestVouchingForFalseAnnouncement(t *testing.T) {
	x := newTrial(t)
	g, txs := x.garbage(1)
	x.r.answers(func(_ context.Context, q relay.Question) (relay.Answer, error) {
		if len(q.Indexes) == 0 {
			return relay.Answer{}, nil
		}
		a := relay.Answer{Kind: relay.Found}
		for _, i := range q.Indexes {
			a.Txs = append(a.Txs, txs[i].Append(nil))
		}
		return a, nil
	})
	x.say(t, g)
	x.question(t)
	x.question(t) // for an announcement of its own, since this one led nowhere
	x.innocent(t)
	x.submit(t, true)
	wait(t, func() error { return banned(x.b, x.r.net.ID()) })
	waitTip(t, x.a, x.b)
}

func banned(n *node, p gossip.Peer) error {
	if _, is := n.net.Bans()[p.String()]; !is {
		return fmt.Errorf("%s has not banned the rogue", n.name)
	}
	return nil
}

// Repeated short ids: the sender is asked for another announcement, then others.
func TestCollidingShortIDs(t *testing.T) {
	x := newTrial(t)
	a := relay.New(x.block, 1, nil)
	copy(a.Shorts[6:12], a.Shorts[:6])
	x.submit(t, false)
	x.say(t, a)
	if q := x.question(t); len(q.Indexes) != 0 || q.Digest != (wire.Hash{}) {
		t.Errorf("asked for %d transactions", len(q.Indexes))
	}
	x.rebuilt(t)
	x.innocent(t)
}

// Of many announcements of one block three are passed on and eight are looked at,
// whoever sends them.
func TestAnnouncementFlood(t *testing.T) {
	x := newTrial(t)
	count := map[gossip.Verdict]int{}
	for i := range uint64(50) {
		g, _ := x.garbage(i)
		count[x.b.checkAnnouncement(t.Context(), gossip.Peer(fmt.Sprint("peer", i)), announcement{g.Header, g.Append(nil)})]++
	}
	if count[gossip.Accept] != maxPassed || count[gossip.Reject] != 0 || x.b.timesTold(x.block.ID()) != maxVariants {
		t.Errorf("verdicts %v, %d looked at", count, x.b.timesTold(x.block.ID()))
	}
	x.submit(t, true)
	waitTip(t, x.a, x.b)
	x.innocent(t)
}

// A block that breaks a rule and is what its header commits to is its miner's
// fault: who rebuilt and served it before it was judged goes on as before.
func TestInvalidBlockByRelayBlamesNobody(t *testing.T) {
	x := newTrial(t)
	old := x.block.Txs[0]
	rich := &wire.Tx{Version: old.Version, Ins: old.Ins, Outs: slices.Clone(old.Outs), LockTime: old.LockTime}
	rich.Outs[0].Value += 1 << 40
	txs := append([]*wire.Tx{rich.Seal()}, x.block.Txs[1:]...)
	h := x.block.Header
	h.Merkle, _ = wire.MerkleRoot(wire.NewBlock(h, txs).TxIDs())
	bad := wire.NewBlock(solved(t, h), txs)
	x.r.answers(func(_ context.Context, q relay.Question) (relay.Answer, error) {
		a := relay.Answer{Kind: relay.Found}
		for _, i := range q.Indexes {
			a.Txs = append(a.Txs, txs[i].Append(nil))
		}
		return a, nil
	})
	x.say(t, relay.New(bad, 1, nil))
	wait(t, func() error {
		if info, _ := x.b.chain.Header(bad.ID()); !info.Invalid {
			return fmt.Errorf("the block is not known to be invalid")
		}
		return nil
	})
	x.innocent(t)
	if a, _ := x.b.serveBlockTxs(t.Context(), "somebody", relay.Question{Block: bad.ID()}); a.Kind != relay.Absent {
		t.Errorf("it is served still: kind %d", a.Kind)
	}
	x.submit(t, true)
	waitTip(t, x.a, x.b)
}
