package gossip

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/multiformats/go-multiaddr"

	"github.com/quernnet/quern/gossip/swarm"
)

// Two nodes that can only meet through a relay: they wait for a direct
// connection, visibly, and nothing of ours runs until there is one; the waiting
// ends, and is not begun again at once.
func TestMetByRelay(t *testing.T) {
	var now clock
	c := loopback()
	c.Options = []libp2p.Option{libp2p.EnableRelayService(), libp2p.ForceReachabilityPublic()}
	relay, _ := start(t, c)
	c = loopback()
	c.Now = now.now
	a, publish := start(t, c)
	b, _ := start(t, c)
	meet(t, a, relay)
	meet(t, b, relay)
	ha, hb := a.live.Load().host, b.live.Load().host
	waitFor(t, func() error {
		_, err := client.Reserve(t.Context(), ha, ha.Peerstore().PeerInfo(relay.ID()))
		return err
	})
	circuit := fmt.Sprintf("%s/p2p-circuit/p2p/%s", relay.Addrs()[0], a.ID())
	if err := b.Connect(t.Context(), circuit); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		n, other *node
		inbound  bool
	}{{a, b, true}, {b, a, false}} {
		waitFor(t, func() error {
			w := x.n.Reach().Waiting
			if len(w) != 1 || w[0].ID != x.other.ID() || w[0].Via != relay.ID() || w[0].Inbound != x.inbound ||
				w[0].Until.Sub(w[0].Since) != waitTime || !w[0].Since.Equal(now.now()) {
				return fmt.Errorf("waiting: %+v", w)
			}
			return nil
		})
	}

	// Neither a handshake nor a question nor gossip goes over the relay.
	p := text("echo/1")
	p.Timeout = 300 * time.Millisecond
	if _, err := Call(t.Context(), b.Net, p, a.ID(), "hi"); err == nil {
		t.Error("a question was answered over a relay")
	}
	for _, id := range []string{"hello/1", "echo/1"} {
		s, err := hb.NewStream(network.WithAllowLimitedConn(t.Context(), "test"), a.ID(), protocol.ID(a.prefixed(id)))
		if err != nil {
			continue // refused as early as that
		}
		_ = s.SetDeadline(time.Now().Add(patience))
		_, _ = s.Write([]byte{2, 'h', 'i'})
		if n, err := s.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s answers over a relay: %d bytes", id, n)
		}
		_ = s.Reset()
	}
	a.meshed()
	if err := publish(t.Context(), "to members only"); err != nil {
		t.Fatal(err)
	}
	await(t, relay.values, "the value")
	if len(a.joined)+len(b.joined)+len(b.values) > 1 { // b may hear of it from the relay's node, a member
		t.Errorf("%d and %d joined, %d values", len(a.joined), len(b.joined), len(b.values))
	}
	if in := len(a.Peers()); in != 1 || a.Reach().Inbound != 0 {
		t.Errorf("a has %d peers, %d inbound", in, a.Reach().Inbound)
	}

	// A ping says that it goes over a relay.
	got, err := b.Ping(t.Context(), a.ID().String(), 2)
	if err != nil || !got.Relayed || got.Transport != "relay" || len(got.Times) != 2 || got.Dialed {
		t.Errorf("ping: %+v, %v", got, err)
	}

	now.advance(waitTime)
	a.members.sweepOnce(t.Context())
	b.members.sweepOnce(t.Context())
	waitFor(t, func() error {
		if a.members.connected(b.ID()) || b.members.connected(a.ID()) || len(a.Reach().Waiting)+len(b.Reach().Waiting) > 0 {
			return errors.New("still waiting")
		}
		return nil
	})
	if r := b.Reach(); r.Punches.Failed != 1 {
		t.Errorf("punches: %+v", r.Punches)
	}
	hb.Peerstore().ClearAddrs(a.ID())
	if err := b.Connect(t.Context(), circuit); err == nil {
		t.Error("tried by relay again at once")
	}
	meet(t, b, a) // directly, at any time
	if r := b.Reach(); len(r.Waiting) != 0 {
		t.Errorf("waiting: %+v", r.Waiting)
	}
}

// conn is a connection as waiting sees it.
type conn struct {
	network.Conn
	limited, inbound bool
}

func (c conn) Stat() network.ConnStats {
	d := network.DirOutbound
	if c.inbound {
		d = network.DirInbound
	}
	return network.ConnStats{Stats: network.Stats{Limited: c.limited, Direction: d}}
}

func (c conn) RemoteMultiaddr() multiaddr.Multiaddr {
	return multiaddr.StringCast("/ip4/192.0.2.1/tcp/1/p2p/12D3KooWJ8a5E2UWc5ymyFumNAU6aQcPAvphGU5m93Z8Qk3yEXJq/p2p-circuit")
}
func (c conn) LocalMultiaddr() multiaddr.Multiaddr { return multiaddr.StringCast("/p2p-circuit") }

func conns(c ...conn) (list []network.Conn) {
	for _, x := range c {
		list = append(list, x)
	}
	return list
}

// Who waits is bounded, whoever comes; who waited in vain is asked less and less.
func TestWaitingBounded(t *testing.T) {
	var now clock
	w := newWaiting(now.now, slog.New(slog.DiscardHandler))
	peer := func(i int) Peer { return Peer(fmt.Sprint("peer", i)) }
	for i := range maxWaitIn {
		if !w.may(peer(i), true) || w.look(peer(i), conns(conn{limited: true, inbound: true})) {
			t.Fatalf("no room for the %dth", i)
		}
	}
	if w.may("one more", true) || !w.look("one more", conns(conn{limited: true, inbound: true})) {
		t.Fatal("room for one more")
	}
	if !w.may(peer(0), true) || !w.may("dialed", false) {
		t.Fatal("those who came are in the way of others")
	}
	w.told(swarm.PunchEvent{ID: peer(0), Begun: true})
	w.told(swarm.PunchEvent{ID: peer(0), Why: "no answer"})
	w.told(swarm.PunchEvent{ID: "a stranger", Begun: true})
	if got := w.list(); len(got) != maxWaitIn {
		t.Fatalf("%d wait", len(got))
	}
	for _, x := range w.list() {
		if x.ID == peer(0) && (x.Tries != 1 || x.Last != "failed: no answer") {
			t.Fatalf("%+v", x)
		}
	}
	w.look(peer(0), conns(conn{limited: true}, conn{})) // through
	if ok, _ := w.counts(); ok != 1 || !w.may(peer(0), true) {
		t.Fatal("a direct connection is no success")
	}
	if got := w.over(); len(got) != 0 {
		t.Fatalf("%d are over at once", len(got))
	}
	now.advance(keepRelayed)
	if got := w.over(); len(got) != 1 || got[0] != peer(0) || len(w.through) != 0 {
		t.Fatalf("%v no longer need the relay", got)
	}
	now.advance(waitTime)
	if got := w.over(); len(got) != maxWaitIn-1 || len(w.list()) != 0 {
		t.Fatalf("%d are over", len(got))
	}
	for range 20 {
		now.advance(waitAgain - time.Second)
		if w.may(peer(1), true) {
			t.Fatal("may come again too soon")
		}
		now.advance(waitLongest)
		if !w.may(peer(1), true) {
			t.Fatal("may never come again")
		}
		w.look(peer(1), conns(conn{limited: true}))
		w.look(peer(1), nil) // the relay has closed it
	}
	for i := range 2 * maxInVain {
		w.look(peer(1000+i), conns(conn{limited: true}))
		w.look(peer(1000+i), nil)
	}
	if len(w.inVain) > maxInVain {
		t.Fatalf("%d remembered", len(w.inVain))
	}
}
