package attack

import (
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip/relay"
	"github.com/quernnet/quern/node/sim"
)

// Malleate has attackers race everything that honest nodes gossip: each
// transaction with copies of the same id and another witness, valid and not, each
// block with announcements of the same header that lead nowhere. They stand so
// near to everybody that their copies are there first. When asked for what is
// missing they say nothing, or forge it.
type Malleate struct {
	Honest, Villains int
	Variants         int // of each block's announcement, by each villain
	Fill             int // transactions that wait everywhere when a block is found
	Rounds           int
}

// MalleateFound is what came of it.
type MalleateFound struct {
	Quiet, Attacked Spread
	Raced           int // values that villains answered with copies
	HonestPunished  int // honest peers with points or a ban, over all honest nodes
	VillainsBanned  int // over all honest nodes
}

// Run measures.
func (a Malleate) Run(t testing.TB, seed uint64) (f MalleateFound) {
	s := sim.New(t, sim.Options{
		Nodes: a.Honest, Seed: seed, Coins: 2 * a.Rounds * (a.Fill + 1), Public: true,
		Latency: near(50*time.Millisecond, time.Millisecond),
	})
	s.Connect(min(4, a.Honest-1))
	s.Await(time.Minute, s.Linked(min(4, a.Honest-1)))
	s.Await(time.Minute, s.Synced())
	time.Sleep(10 * time.Second)
	f.Quiet = probe(s, a.Rounds, a.Fill, time.Minute)

	var raced atomic.Int64
	var villains []*Villain
	for i, at := range crowded(a.Villains, a.Villains) {
		villains = append(villains, a.villain(t, s, at, i, &raced))
	}
	surround(s, villains, 2)
	time.Sleep(10 * time.Second)
	f.Attacked = probe(s, a.Rounds, a.Fill, time.Minute)
	f.Raced = int(raced.Load())
	f.HonestPunished, f.VillainsBanned = punished(s)
	return f
}

// villain number i forges when it is odd, and is silent when it is even.
func (a Malleate) villain(t testing.TB, s *sim.Swarm, at net.IP, i int, raced *atomic.Int64) *Villain {
	t.Helper()
	m := &Mirror{Of: s.Nodes[0]}
	answers := m.Answers()
	if i%2 == 0 {
		answers["blocktxn/1"], answers["blocks/1"] = silent, silent
	} else {
		answers["blocktxn/1"] = func(_ peer.ID, q []byte) ([]byte, bool) { return forgeBlockTxs(q), true }
		answers["blocks/1"] = func(_ peer.ID, q []byte) ([]byte, bool) { return m.forgeBodies(q), true }
	}
	var v *Villain
	seen := map[wire.Hash]bool{} // by GossipSub's loop alone
	v = NewVillain(t, s, at, sim.Mbit(1000), Manners{
		Answers: answers,
		Heard: func(topic string, _ peer.ID, raw []byte) bool {
			var copies [][]byte
			if topic == txTopic {
				copies = malleated(openBatch(raw), seen)
			} else {
				copies = variants(raw, a.Variants, seen)
			}
			if len(copies) > 0 {
				raced.Add(1)
				go func() {
					for _, c := range copies {
						v.Publish(topic, c)
					}
				}()
			}
			return false
		},
	})
	return v
}

// malleated makes batches of copies of transactions that were not seen before: one whose
// witness is as good, with other padding, and one whose witness is not.
func malleated(ts []*wire.Tx, seen map[wire.Hash]bool) [][]byte {
	var good, bad [][]byte
	for _, t := range ts {
		if seen[t.ID()] {
			continue
		}
		seen[t.ID()] = true
		other := *t
		other.Ins = append([]wire.In(nil), t.Ins...)
		other.Ins[0].Witness = sim.Unlock(100 + rand.IntN(100))
		good = append(good, other.Seal().Append(nil))
		other.Ins[0].Witness = [][]byte{{1}, {2}}
		bad = append(bad, other.Seal().Append(nil))
	}
	if len(good) == 0 {
		return nil
	}
	return [][]byte{batch(rand.Uint64(), bad...), batch(rand.Uint64(), good...)}
}

// variants makes announcements of a block that was not seen before: with short
// ids of nothing, with a coinbase that is not the block's, with another order.
func variants(raw []byte, k int, seen map[wire.Hash]bool) (list [][]byte) {
	a, err := relay.Decode(raw)
	if err != nil || seen[a.Header.ID()] {
		return nil
	}
	seen[a.Header.ID()] = true
	for i := range k {
		v := *a
		v.Nonce = rand.Uint64()
		v.Shorts = append([]byte(nil), a.Shorts...)
		v.Prefilled = append([]relay.Prefilled(nil), a.Prefilled...)
		if i%2 == 0 || len(v.Shorts) == 0 {
			cb := *v.Prefilled[0].Tx
			cb.LockTime ^= rand.Uint32()
			v.Prefilled[0].Tx = cb.Seal()
		}
		if i%2 == 1 {
			for j := range v.Shorts {
				v.Shorts[j] = byte(rand.Uint32())
			}
		}
		list = append(list, v.Append(nil))
	}
	return list
}

// forgeBlockTxs answers with transactions that are none of the block's.
func forgeBlockTxs(raw []byte) []byte {
	a := relay.Answer{Kind: relay.Found}
	q, err := relay.DecodeQuestion(raw)
	if err != nil {
		return a.Append(nil)
	}
	for range q.Indexes {
		a.Txs = append(a.Txs, forged(rand.Uint32()).Append(nil))
	}
	return a.Append(nil)
}

func forged(mark uint32) *wire.Tx {
	return sim.Pay(wire.Outpoint{TxID: wire.Hash{1}, Index: mark}, 1000, 500, 200, mark)
}

// forgeBodies answers with the right header and a transaction more than it has.
func (m *Mirror) forgeBodies(q []byte) []byte {
	var raws [][]byte
	for _, id := range ids(q) {
		info, known := m.Of.Chain.Header(id)
		b, err := m.Of.Chain.Block(id)
		if !known || err != nil {
			raws = append(raws, nil)
			continue
		}
		txs := append(append([]*wire.Tx(nil), b.Txs...), forged(1))
		raws = append(raws, wire.NewBlock(info.Header, txs).Bytes())
	}
	return bodies(raws)
}
