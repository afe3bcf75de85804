package gossip

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
	"github.com/libp2p/go-libp2p"
	kad "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
	"github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/proto"

	"github.com/quernnet/quern/gossip/swarm"
)

// siege is a swarm around one victim in virtual time: honest nodes, each in a
// network of its own, and four sybils for each of them, in the attacker's networks.
type siege struct {
	t      *testing.T
	sim    *simnet.Simnet
	honest []*node
	sybils []*node
}

const (
	honestCount   = 12
	sybilCount    = 4 * honestCount
	sybilNetworks = 6 // /16s that the attacker has
)

// besiege runs f in virtual time with the nodes of a siege, all of them
// listening and none dialing.
func besiege(t *testing.T, f func(t *testing.T, s *siege)) {
	t.Helper()
	if testing.Short() {
		t.Skip("seconds of work, minutes with the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		s := &siege{t: t, sim: &simnet.Simnet{LatencyFunc: simnet.StaticLatency(20 * time.Millisecond)}}
		s.sim.Start()
		defer s.sim.Close()
		for i := range honestCount {
			s.honest = append(s.honest, s.start(s.config(fmt.Sprintf("%d.1.0.1", 20+i))))
		}
		for i := range sybilCount {
			ip := fmt.Sprintf("99.%d.0.%d", i%sybilNetworks, 1+i)
			s.sybils = append(s.sybils, s.start(s.config(ip)))
		}
		defer func() {
			for _, n := range slices.Concat(s.honest, s.sybils) {
				n.stop()
			}
		}()
		f(t, s)
	})
}

// config is of a node at a simulated public address.
func (s *siege) config(ip string) Config {
	link := simnet.NodeBiDiLinkSettings{
		Downlink: simnet.LinkSettings{BitsPerSecond: 50 * simlibp2p.OneMbps},
		Uplink:   simnet.LinkSettings{BitsPerSecond: 50 * simlibp2p.OneMbps},
	}
	return Config{
		Swarm: "test", Private: true, Listen: []string{"/ip4/" + ip + "/udp/8000/quic-v1"},
		Store: dssync.MutexWrap(datastore.NewMapDatastore()),
		Options: []libp2p.Option{
			simlibp2p.QUICSimnet(s.sim, link),
			libp2p.DisableIdentifyAddressDiscovery(), // stalls virtual time
		},
	}
}

// start builds and runs a node.
func (s *siege) start(c Config) *node {
	n := build(s.t, c)
	s.runHere(n)
	return n
}

// runHere runs n, which shakes hands with everybody.
func (s *siege) runHere(n *node) {
	Serve(n.Net, text("hello/1"), echo)
	n.OnPeer(func(ctx context.Context, p Peer) error {
		_, err := Call(ctx, n.Net, text("hello/1"), p, "hi")
		return err
	}, func(Peer) {})
	n.run()
}

// where is a node's address and network.
func (s *siege) where(n *node) (peer.AddrInfo, swarm.Group) {
	a := multiaddr.StringCast(n.c.Listen[0])
	return peer.AddrInfo{ID: n.ID(), Addrs: []multiaddr.Multiaddr{a}}, swarm.Grouping{Private: true}.Of(n.ID(), a)
}

// slots counts the victim's outbound slots, and those that honest nodes hold.
func (s *siege) slots(victim *node) (honest, all int) {
	for _, p := range victim.Peers() {
		if !p.Slot {
			continue
		}
		all++
		if slices.ContainsFunc(s.honest, func(n *node) bool { return n.ID() == p.ID }) {
			honest++
		}
	}
	return honest, all
}

// tell has the victim's book filled: by each sybil with all sybils, as far as the
// book takes them, and by one honest node with a few others.
func (s *siege) tell(victim *node) {
	for range 3 {
		for _, liar := range s.sybils {
			_, by := s.where(liar)
			for _, n := range s.sybils {
				info, _ := s.where(n)
				victim.book.Found(info, swarm.FromDHT, by)
			}
		}
	}
	_, by := s.where(s.honest[0])
	for _, n := range s.honest[:6] {
		info, _ := s.where(n)
		victim.book.Found(info, swarm.FromDHT, by)
	}
}

// Cold boot: of whom the victim hears, nine of ten are sybils, told by six
// networks; one network tells it of six honest nodes.
func TestEclipseColdBoot(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		c := s.config("50.1.0.1")
		victim := build(t, c)
		s.tell(victim)
		s.runHere(victim)
		defer victim.stop()
		time.Sleep(2 * time.Minute)
		honest, all := s.slots(victim)
		t.Logf("cold boot: %d of %d outbound peers are honest", honest, all)
		if honest < 3 || all != 12 {
			t.Errorf("%d of %d outbound peers are honest", honest, all)
		}
	})
}

// A restart: meanwhile the attacker has filled the book with hearsay, and when
// the victim is back all sybils connect to it at once.
func TestEclipseRestart(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		c := s.config("50.1.0.1")
		c.Identity = t.TempDir() + "/identity"
		victim := build(t, c)
		for _, n := range s.honest[:4] {
			info, by := s.where(n)
			victim.book.Found(info, swarm.FromDHT, by)
		}
		s.runHere(victim)
		time.Sleep(15 * time.Minute)
		for _, n := range s.honest[:2] {
			victim.Useful(n.ID(), NewBlock)
		}
		s.tell(victim)
		victim.stop()
		anchors, err := swarm.LoadAnchors(t.Context(), c.Store)
		if err != nil || len(anchors) != 2 {
			t.Fatal(anchors, err)
		}

		again := build(t, c)
		s.runHere(again)
		defer again.stop()
		at, _ := s.where(again)
		for _, n := range s.sybils {
			go func() { _ = n.Connect(t.Context(), at.Addrs[0].String()+"/p2p/"+again.ID().String()) }()
		}
		time.Sleep(5 * time.Second)
		back := 0 // anchors may also have dialed us first
		for _, a := range anchors {
			if slices.ContainsFunc(again.Peers(), func(p Info) bool { return p.ID == a.ID }) {
				back++
			}
		}
		time.Sleep(time.Minute)
		honest, all := s.slots(again)
		t.Logf("restart: %d of 2 anchors after 5 s; %d of %d outbound peers are honest", back, honest, all)
		if back != 2 || honest < 3 {
			t.Errorf("%d anchors, %d of %d outbound peers are honest", back, honest, all)
		}
	})
}

// lie makes n a DHT server that knows sybils only, and many.
func (s *siege) lie(n *node) {
	h := n.live.Load().host
	h.SetStreamHandler(protocol.ID(swarm.Prefix("test")+"/kad/1.0.0"), func(st network.Stream) {
		defer st.Close()
		for {
			raw, err := readDelimited(st)
			if err != nil {
				return
			}
			var q kad.Message
			if proto.Unmarshal(raw, &q) != nil {
				return
			}
			a := kad.NewMessage(q.GetType(), q.GetKey(), 0)
			for _, i := range rand.Perm(len(s.sybils)) {
				info, _ := s.where(s.sybils[i])
				p := kad.RawPeerInfosToPBPeers([]peer.AddrInfo{info})[0]
				p.Connection = kad.Message_CONNECTED
				if len(a.CloserPeers) < 20 {
					a.CloserPeers = append(a.CloserPeers, p)
				}
				a.ProviderPeers = append(a.ProviderPeers, p)
			}
			if q.GetType() == kad.Message_ADD_PROVIDER {
				continue
			}
			raw, err = proto.Marshal(a)
			if err != nil {
				return
			}
			if _, err := st.Write(append(binary.AppendUvarint(nil, uint64(len(raw))), raw...)); err != nil {
				return
			}
		}
	})
}

// readDelimited reads a length as varint and that many bytes.
func readDelimited(r io.Reader) ([]byte, error) {
	size, err := binary.ReadUvarint(byteReader{r})
	if err != nil || size > 1<<20 {
		return nil, fmt.Errorf("frame of %d bytes: %w", size, err)
	}
	raw := make([]byte, size)
	_, err = io.ReadFull(r, raw)
	return raw, err
}

type byteReader struct{ io.Reader }

func (r byteReader) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return b[0], err
}

// Eclipse by the DHT: four of five servers lie that there are sybils only, and
// the victim begins with the addresses of one honest node and four sybils.
func TestEclipseByDHT(t *testing.T) {
	besiege(t, func(t *testing.T, s *siege) {
		for _, n := range s.sybils {
			s.lie(n)
		}
		// The honest nodes run a DHT among themselves.
		for _, n := range s.honest {
			n.stop()
		}
		s.honest = s.honest[:0]
		for i := range honestCount {
			c := s.config(fmt.Sprintf("%d.2.0.1", 20+i))
			c.DHT = true
			n := build(t, c)
			for _, o := range s.honest {
				info, by := s.where(o)
				n.book.Found(info, swarm.FromDHT, by)
			}
			s.runHere(n)
			s.honest = append(s.honest, n)
		}
		time.Sleep(2 * time.Minute)

		c := s.config("50.1.0.1")
		c.DHT = true
		victim := build(t, c)
		for _, n := range append([]*node{s.honest[5]}, s.sybils[:4]...) {
			info, by := s.where(n)
			victim.book.Found(info, swarm.FromDHT, by)
		}
		s.runHere(victim)
		defer victim.stop()
		time.Sleep(3 * time.Minute)
		honest, all := s.slots(victim)
		heard, tried := victim.book.Count()
		t.Logf("eclipse by DHT: %d of %d outbound peers are honest; the book has %d new and %d tried peers", honest, all, heard, tried)
		if honest < 1 {
			t.Errorf("%d of %d outbound peers are honest", honest, all)
		}
	})
}
