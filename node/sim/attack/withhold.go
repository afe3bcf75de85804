package attack

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"google.golang.org/protobuf/proto"

	"github.com/quernnet/quern/gossip/relay"
	"github.com/quernnet/quern/node/sim"
)

// Withhold is a miner who spends real work on blocks and announces them, one
// after the other and Depth deep, and never gives a body; beside him stands a peer
// who promises messages (IHAVE) that he never delivers.
type Withhold struct {
	Honest, Rounds int
	Depth          int // blocks of a withheld branch
}

// WithholdFound is what honest blocks suffer.
type WithholdFound struct {
	Quiet, Attacked Spread
	Announced       int // headers without a body
	Promised        int // messages that never came
}

// Run measures.
func (a Withhold) Run(t testing.TB, seed uint64) (f WithholdFound) {
	s := sim.New(t, sim.Options{
		Nodes: a.Honest, Seed: seed, Coins: 2 * a.Rounds, Public: true, Latency: near(50*time.Millisecond, 5*time.Millisecond),
	})
	s.Connect(min(4, a.Honest-1))
	s.Await(time.Minute, s.Linked(min(4, a.Honest-1)))
	s.Await(time.Minute, s.Synced())
	time.Sleep(10 * time.Second)
	f.Quiet = probe(s, a.Rounds, 0, time.Minute)

	m := &Mirror{Of: s.Nodes[0]}
	answers := m.Answers()
	answers["blocks/1"], answers["blocktxn/1"] = silent, silent
	ips := crowded(2, 2)
	v := NewVillain(t, s, ips[0], sim.Mbit(100), Manners{Answers: answers})
	p := promiser(t, s, ips[1])
	surround(s, []*Villain{v, p}, 1)
	time.Sleep(5 * time.Second)
	for round := range a.Rounds {
		b := secret(t, s.Nodes[0].Chain.Tip(), a.Depth)
		for _, block := range b.blocks {
			v.Publish(blockTopic, relay.New(block, rand.Uint64(), nil).Append(nil))
			f.Announced++
			time.Sleep(100 * time.Millisecond)
		}
		f.Promised += p.promise(s)
		f.Attacked.add(probeFrom(s, round, 1, 0, time.Minute))
	}
	f.Attacked.finish()
	return f
}

// promiser speaks GossipSub by hand.
func promiser(t testing.TB, s *sim.Swarm, at net.IP) *Villain {
	t.Helper()
	m := &Mirror{Of: s.Nodes[0]}
	return NewVillain(t, s, at, sim.Mbit(100), Manners{Answers: m.Answers(), NoMesh: true, Setup: func(v *Villain) {
		v.SetStreamHandler("/meshsub/1.1.0", func(s network.Stream) { // hears and does nothing
			defer context.AfterFunc(v.ctx, func() { _ = s.Reset() })()
			buf := make([]byte, 16<<10)
			for {
				if _, err := s.Read(buf); err != nil {
					return
				}
			}
		})
	}})
}

// promise tells each node of many messages that there are not.
func (v *Villain) promise(s *sim.Swarm) (k int) {
	for _, n := range s.Running() {
		st, err := v.NewStream(network.WithNoDial(v.ctx, "promises"), n.Net.ID(), "/meshsub/1.1.0")
		if err != nil {
			continue // it has had enough of us
		}
		topic, yes := blockTopic, true
		var fake []string
		for range 1000 {
			id := make([]byte, 32)
			binary.LittleEndian.PutUint64(id, rand.Uint64())
			fake = append(fake, string(id))
		}
		rpc := pb.RPC{
			Subscriptions: []*pb.RPC_SubOpts{{Topicid: &topic, Subscribe: &yes}},
			Control:       &pb.ControlMessage{Ihave: []*pb.ControlIHave{{TopicID: &topic, MessageIDs: fake}}},
		}
		raw, err := proto.Marshal(&rpc)
		if err != nil {
			continue
		}
		if _, err := st.Write(frame(raw)); err == nil {
			k += len(fake)
		}
		time.AfterFunc(10*time.Second, func() { _ = st.Close() })
	}
	return k
}
