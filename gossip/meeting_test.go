package gossip

import (
	"errors"
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// publicDHT makes a private copy of the IPFS network's DHT on loopback: servers
// that know each other, and speak its protocols.
func publicDHT(t *testing.T, count int) (hosts []host.Host, doors []string) {
	t.Helper()
	var first peer.AddrInfo
	for i := range count {
		h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.DisableRelay(), libp2p.DisableMetrics(), libp2p.ResourceManager(nil))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
		d, err := dht.New(h, dht.Mode(dht.ModeServer))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		if i == 0 {
			first = peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()}
		} else {
			waitFor(t, func() error { return h.Connect(t.Context(), first) })
		}
		waitFor(t, func() error {
			if i > 0 && d.RoutingTable().Size() == 0 {
				return errors.New("a server knows no other")
			}
			return nil
		})
		hosts = append(hosts, h)
		doors = append(doors, fmt.Sprintf("%s/p2p/%s", h.Addrs()[0], h.ID()))
	}
	return hosts, doors
}

// Two nodes that know no common address find each other by a public DHT, and no
// peer of that DHT stays connected.
func TestMeeting(t *testing.T) {
	hosts, doors := publicDHT(t, 6)
	join := func(doors ...string) *node {
		c := loopback()
		c.Meet, c.MeetAt = true, doors
		n, _ := start(t, c)
		return n
	}
	a, b := join(doors[1]), join(doors[2], doors[3])
	visit := func(n *node) {
		t.Helper()
		waitFor(t, func() error {
			left, err := n.live.Load().meeting.Visit(t.Context())
			if err == nil && left == 0 {
				err = errors.New("addresses left with nobody")
			}
			return err
		})
	}
	visit(a)
	visit(b) // finds what a left
	await(t, a.joined, "joined")
	await(t, b.joined, "joined")
	found := func(n, other *node) bool {
		p := n.Peers()
		return len(p) == 1 && p[0].ID == other.ID() && p[0].Source == "public-dht" && p[0].Slot
	}
	waitFor(t, func() error {
		if !found(b, a) && !found(a, b) { // a, if it was lonely for so long that it visited again
			return fmt.Errorf("peers %+v and %+v", b.Peers(), a.Peers())
		}
		return nil
	})
	for _, h := range hosts {
		for _, n := range []*node{a, b} {
			waitFor(t, func() error {
				if len(h.Network().ConnsToPeer(n.ID())) != 0 || n.members.connected(h.ID()) {
					return errors.New("a peer of the public DHT stays connected")
				}
				return nil
			})
		}
	}
}

// A DHT that cannot be entered is an error with its reason, and so is a malformed door.
func TestMeetingWithoutDoor(t *testing.T) {
	hosts, doors := publicDHT(t, 1)
	if err := hosts[0].Close(); err != nil {
		t.Fatal(err)
	}
	c := loopback()
	c.Meet, c.MeetAt = true, doors
	n, _ := start(t, c)
	if _, err := n.live.Load().meeting.Visit(t.Context()); err == nil {
		t.Fatal("entered by a door that is not there")
	}
}
