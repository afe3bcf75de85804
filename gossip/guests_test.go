package gossip

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/gossip/swarm"
)

// addrOf is how to dial n.
func addrOf(t *testing.T, n *node) peer.AddrInfo {
	t.Helper()
	info, err := peer.AddrInfoFromString(n.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	return *info
}

// A full node lets newcomers in at the cost of the youngest guest, and neither of
// those that brought something nor of those that the operator protects; and it
// never has more guests than it has places.
func TestFullNode(t *testing.T) {
	c := loopback()
	c.MaxPeers, c.Outbound = 14, 2 // 12 places for guests
	full, _ := start(t, c)
	var guests []*node
	come := func() *node {
		n, _ := start(t, loopback())
		meet(t, n, full)
		guests = append(guests, n)
		n.gate.SetOpen(false) // who was sent away would come again, at the newcomer's cost
		return n
	}
	for range 12 {
		come()
	}
	useful, protected := guests[11].ID(), guests[10].ID()
	full.Useful(useful, NewBlock)
	if err := full.Protect(protected); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		n := come()
		waitFor(t, func() error {
			k := 0
			for _, i := range full.Peers() {
				if !i.Slot {
					k++
				}
			}
			if k > 12 || !full.members.passed(n.ID()) {
				return fmt.Errorf("%d guests", k)
			}
			return nil
		})
	}
	here := func(p Peer) bool {
		return slices.ContainsFunc(full.Peers(), func(i Info) bool { return i.ID == p })
	}
	if !here(useful) || !here(protected) || !here(guests[0].ID()) {
		t.Error("the useful, the protected or the oldest guest left")
	}
	infos := full.Peers()
	i := slices.IndexFunc(infos, func(i Info) bool { return i.ID == useful })
	if infos[i].Useful.IsZero() || infos[i].Source != "inbound" || infos[i].Slot {
		t.Errorf("%+v", infos[i])
	}
}

// A feeler sees whether a peer answers, notes it as tried, and parts; it is never
// among the peers.
func TestFeeler(t *testing.T) {
	c := loopback()
	c.MaxPeers, c.Outbound = 2, 1
	a, _ := start(t, c)
	first, _ := start(t, loopback())
	meet(t, a, first) // so that a's dialer wants nobody else
	b, _ := start(t, loopback())
	info := addrOf(t, b)
	a.book.Found(info, swarm.FromDHT, "somebody")
	if err := a.dial(t.Context(), info, swarm.ForFeeler); err != nil {
		t.Fatal(err)
	}
	await(t, a.joined, "the handshake")
	await(t, a.left, "left")
	for _, p := range a.Peers() { // b may have dialed in the meantime
		if p.ID == b.ID() && !p.Inbound {
			t.Errorf("%+v", p)
		}
	}
	if heard, tried := a.book.Count(); heard != 0 || tried != 2 {
		t.Errorf("%d new, %d tried peers in the book", heard, tried)
	}
}

// A slot is for whom the dialer chose: a peer that a walk of the DHT connected to
// holds none until the dialer chooses it too.
func TestSlotIsChosen(t *testing.T) {
	a, _ := start(t, loopback())
	b, _ := start(t, loopback())
	info := addrOf(t, b)
	if err := a.live.Load().host.Connect(t.Context(), info); err != nil { // as a walk does
		t.Fatal(err)
	}
	await(t, a.joined, "joined")
	waitFor(t, func() error { // welcome enters it in the book, and the dialer adopts it
		if s := a.members.slots(); len(s) != 1 || s[0].Peer != b.ID() {
			return errors.New("no slot")
		}
		return nil
	})
	if p := a.Peers(); len(p) != 1 || !p[0].Slot || p[0].Inbound {
		t.Errorf("%+v", p)
	}
}

// Anchors are the outbound peers that brought something, and outlive the run.
func TestAnchorsOutliveTheRun(t *testing.T) {
	hub, _ := start(t, loopback())
	c := loopback()
	c.Seeds = hub.Addrs()[:1]
	a, _ := start(t, c)
	await(t, a.joined, "joined")
	waitFor(t, func() error {
		if !a.members.passed(hub.ID()) {
			return errors.New("not passed")
		}
		return nil
	})
	a.Useful(hub.ID(), NewTx)
	a.stop()
	list, err := swarm.LoadAnchors(t.Context(), a.c.Store)
	if err != nil || len(list) != 1 || list[0].ID != hub.ID() {
		t.Fatal(list, err)
	}
	c.Seeds, c.Store = nil, a.c.Store
	again, _ := start(t, c)
	await(t, again.joined, "joined by an anchor")
	waitFor(t, func() error {
		if p := again.Peers(); len(p) != 1 || p[0].Source != "anchor" {
			return fmt.Errorf("%+v", p)
		}
		return nil
	})
}
