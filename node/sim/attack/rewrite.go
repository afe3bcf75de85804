package attack

import (
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/sim"
)

// Rewrite is an attacker with more hash power than all others together, who
// mines a branch of his own in secret, without anybody's transactions, and shows
// it when it is longer than what the others found meanwhile.
type Rewrite struct {
	Honest, Blocks int // honest nodes; blocks that are rewritten
}

// RewriteFound is what became of the honest chain and its transactions.
type RewriteFound struct {
	Depth      int           // blocks reverted
	Txs        int           // transactions in them
	First, All time.Duration // until the first and the last node followed the attacker
	Back       time.Duration // from then until all transactions waited everywhere again
	Confirmed  time.Duration // from then until all were in blocks again, everywhere
	Lost       int
}

// Run measures.
func (a Rewrite) Run(t testing.TB, seed uint64) (f RewriteFound) {
	s := sim.New(t, sim.Options{Nodes: a.Honest, Seed: seed, Coins: 2 * a.Blocks, Public: true})
	s.Connect(min(4, a.Honest-1))
	s.Await(time.Minute, s.Linked(min(4, a.Honest-1)))
	s.Await(time.Minute, s.Synced())
	time.Sleep(5 * time.Second)
	base := s.Nodes[0].Chain.Tip()

	var honest []*wire.Tx
	for i := range a.Blocks {
		ts := s.Spend(2, 400)
		s.Fill(ts)
		honest = append(honest, ts...)
		id := s.Nodes[i%a.Honest].Mine()
		s.Await(time.Minute, s.AtTip(id))
		time.Sleep(10 * time.Second)
	}
	f.Depth, f.Txs = a.Blocks, len(honest)
	b := secret(t, base, a.Blocks+1)
	v := NewVillain(t, s, crowded(1, 1)[0], sim.Mbit(20), Manners{Answers: b.answers()})
	surround(s, []*Villain{v}, 0)
	got := arrivals(s.Nodes, 10*time.Minute, func(n *sim.Node) bool { return n.Chain.Tip().ID == b.tip().ID })
	if len(got) < a.Honest {
		t.Fatalf("%d of %d nodes follow the most work", len(got), a.Honest)
	}
	f.First, f.All = got[0], got[len(got)-1]

	f.Back = s.Await(10*time.Minute, s.Have(honest))
	again := time.Now()
	id := s.Nodes[0].Mine()
	s.Await(time.Minute, s.AtTip(id))
	f.Confirmed = time.Since(again)
	f.Lost = unconfirmed(s, base, honest)
	return f
}

// unconfirmed counts transactions that are in no block after base, at some node.
func unconfirmed(s *sim.Swarm, base tip, ts []*wire.Tx) (lost int) {
	for _, n := range s.Nodes {
		in := map[wire.Hash]bool{}
		for h := base.Height + 1; ; h++ {
			info, ok := n.Chain.ActiveAt(h)
			if !ok {
				break
			}
			if b, err := n.Chain.Block(info.ID); err == nil {
				for _, t := range b.Txs {
					in[t.ID()] = true
				}
			}
		}
		for _, t := range ts {
			if !in[t.ID()] {
				lost++
			}
		}
	}
	return lost
}

// branch is a chain that its maker alone knows.
type branch struct {
	blocks []*wire.Block
	states []tip // after each
}

// secret mines k blocks after a state.
func secret(t testing.TB, from tip, k int) *branch {
	t.Helper()
	b := &branch{}
	for i := range k {
		if err := b.mine(from, uint64(i)); err != nil {
			t.Fatal(err)
		}
		from = b.tip()
	}
	return b
}

// mine adds a block, found now or as soon as the rules allow.
func (b *branch) mine(prev tip, tag uint64) error {
	block := sim.Block(prev, uint32(time.Now().Unix()), 1<<40+tag, 0)
	next, err := consensus.ApplyHeader(prev, &block.Header, block.ID())
	if err != nil {
		return fmt.Errorf("secret block %d: %w", prev.Height+1, err)
	}
	b.blocks, b.states = append(b.blocks, block), append(b.states, next)
	return nil
}

func (b *branch) tip() tip { return b.states[len(b.states)-1] }

// answers show the branch to whoever asks.
func (b *branch) answers() map[string]Answer {
	nonce := uint64(time.Now().UnixNano())
	return map[string]Answer{
		"hello/1": func(peer.ID, []byte) ([]byte, bool) {
			nonce++
			return hello(b.tip().Params, b.tip(), nonce), true
		},
		"headers/1": func(_ peer.ID, q []byte) ([]byte, bool) { return headers(b.tip(), b.after(ids(q))), true },
		"blocks/1": func(_ peer.ID, q []byte) ([]byte, bool) {
			var raws [][]byte
			for _, id := range ids(q) {
				raws = append(raws, b.body(id))
			}
			return bodies(raws), true
		},
		"txs/1":     func(peer.ID, []byte) ([]byte, bool) { return txs(), true },
		"mempool/1": func(peer.ID, []byte) ([]byte, bool) { return txs(), true },
	}
}

// after lists the headers after the first id that the branch knows.
func (b *branch) after(locator []wire.Hash) (hs []wire.Header) {
	from := -1
	for _, id := range locator {
		for i := range b.states {
			if b.states[i].ID == id {
				from = i
			}
		}
		if from >= 0 {
			break
		}
	}
	for _, block := range b.blocks[from+1:] {
		hs = append(hs, block.Header)
	}
	return hs
}

func (b *branch) body(id wire.Hash) []byte {
	for _, block := range b.blocks {
		if block.ID() == id {
			return block.Bytes()
		}
	}
	return nil
}
