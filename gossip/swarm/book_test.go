package swarm

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ipfs/go-datastore"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/test"
	"github.com/multiformats/go-multiaddr"
)

// hand is a hand-set clock.
type hand struct{ t time.Time }

func newHand() *hand                    { return &hand{time.Unix(1_700_000_000, 0).UTC()} }
func (h *hand) now() time.Time          { return h.t }
func (h *hand) advance(d time.Duration) { h.t = h.t.Add(d) }

// someone is a new peer at a public address of the i-th /16.
func someone(t *testing.T, i int) peer.AddrInfo {
	t.Helper()
	p, err := test.RandPeerID()
	if err != nil {
		t.Fatal(err)
	}
	return peer.AddrInfo{ID: p, Addrs: []multiaddr.Multiaddr{at(i, 1)}}
}

// at is the j-th address of the i-th public /16.
func at(i, j int) multiaddr.Multiaddr {
	return multiaddr.StringCast(fmt.Sprintf("/ip4/%d.%d.%d.%d/tcp/4000", 20+i/256, i%256, j/256, j%256))
}

func group(i int) Group { return Grouping{}.Of("", at(i, 1)) }

func nobody(peer.ID) bool { return false }

func peers(list []Choice) []peer.ID {
	var ids []peer.ID
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

// invariants checks what the book promises.
func invariants(t *testing.T, b *Book) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	heard, tried := 0, 0
	tellers, groups, triedGroups := map[Group]int{}, map[Group]int{}, map[Group]int{}
	for p, e := range b.entries {
		if len(e.addrs) > maxAddrs || len(e.proven) > maxProven || len(e.by) > maxTellers {
			t.Fatalf("%v: %d addresses, %d proven, %d tellers", p, len(e.addrs), len(e.proven), len(e.by))
		}
		switch {
		case e.kept:
		case e.tried:
			tried++
			triedGroups[e.group]++
		default:
			heard++
			groups[e.group]++
			for _, by := range e.by {
				tellers[by]++
			}
			if len(e.by) == 0 {
				t.Fatalf("%v is new, and nobody told of it", p)
			}
		}
	}
	over := func(m map[Group]int, most int, what string) {
		for g, n := range m {
			if n > most {
				t.Fatalf("%s %s: %d, at most %d", what, g, n, most)
			}
		}
	}
	over(tellers, perTeller, "told by")
	over(groups, perGroup, "new in group")
	over(triedGroups, perTried, "tried in group")
	if heard > maxNew || tried > maxTried || len(b.refusals) > maxRefused {
		t.Fatalf("%d new, %d tried, %d refusals", heard, tried, len(b.refusals))
	}
}

func TestGroups(t *testing.T) {
	p := someone(t, 1).ID
	for _, c := range []struct {
		addr    string
		want    Group
		private Group
	}{
		{"/ip4/8.8.1.1/tcp/1", "8.8.0.0/16", "8.8.0.0/16"},
		{"/ip4/8.8.200.7/udp/1/quic-v1", "8.8.0.0/16", "8.8.0.0/16"},
		{"/ip6/2a00:1450:4001::1/tcp/1", "2a00:1450::/32", "2a00:1450::/32"},
		{"/ip6/2002:0808:0101::1/tcp/1", "8.8.0.0/16", "8.8.0.0/16"},   // 6to4
		{"/ip6/64:ff9b::808:101/tcp/1", "8.8.0.0/16", "8.8.0.0/16"},    // NAT64
		{"/ip4/10.0.0.1/tcp/1", "local", Group("peer " + p.String())},  // a LAN
		{"/ip4/127.0.0.1/tcp/1", "local", Group("peer " + p.String())}, // loopback
		{"/dns4/example.org/tcp/1", "name example.org", "name example.org"},
		{"/ip4/8.8.8.8/tcp/1/p2p/" + p.String() + "/p2p-circuit", "8.8.0.0/16", "8.8.0.0/16"}, // the relay's
	} {
		a := multiaddr.StringCast(c.addr)
		if got := (Grouping{}).Of(p, a); got != c.want {
			t.Errorf("%s: %q, want %q", c.addr, got, c.want)
		}
		if got := (Grouping{Private: true}).Of(p, a); got != c.private {
			t.Errorf("%s in private mode: %q, want %q", c.addr, got, c.private)
		}
	}
}

func TestBookBackOff(t *testing.T) {
	h := newHand()
	b := NewBook("self", Grouping{}, h.now)
	x, kept := someone(t, 1), someone(t, 2)
	b.Found(x, FromDHT, group(1))
	b.Keep(kept, FromConfig)
	b.Found(peer.AddrInfo{ID: "self", Addrs: x.Addrs}, FromDHT, group(1))
	pick := func() []peer.ID { return peers(b.Pick(10, nobody, nil)) }
	if got := pick(); !slices.Equal(got, []peer.ID{x.ID}) {
		t.Fatal(got)
	}
	b.Failed(x.ID, true)
	if len(pick()) != 0 {
		t.Fatal("due right after a failure")
	}
	h.advance(firstRetry)
	if len(pick()) != 1 {
		t.Fatal("not due after the first pause")
	}
	for range 3 * hopeless { // our own network is down
		b.Failed(x.ID, false)
	}
	h.advance(lastRetry)
	if len(pick()) != 1 {
		t.Fatal("forgotten though nothing could be reached")
	}
	for range hopeless {
		b.Failed(x.ID, true)
		b.Failed(kept.ID, true)
	}
	h.advance(keptRetry)
	if len(pick()) != 0 || len(b.Wanted(10, nobody)) != 1 {
		t.Fatal("the hopeless stays, or the kept went")
	}
	b.Refused(kept.ID)
	if !b.BackingOff(kept.ID) || len(b.Wanted(10, nobody)) != 0 {
		t.Fatal("a refused peer is due")
	}
	b.Hurry()
	if b.BackingOff(kept.ID) || len(b.Wanted(10, nobody)) != 1 {
		t.Fatal("not due in a hurry")
	}
	b.Dialed(kept.ID)
	if len(b.Wanted(10, nobody)) != 0 {
		t.Fatal("due right after a dial, though it may have hung up")
	}
	h.advance(firstRetry)
	b.Unkeep(kept.ID)
	if len(b.Wanted(10, nobody)) != 0 || len(pick()) != 1 {
		t.Fatal("still kept, or gone")
	}
	b.Parted(kept.ID, time.Minute)
	h.advance(firstRetry)
	if len(pick()) != 0 {
		t.Fatal("dialed at once after it was sent away")
	}
	invariants(t, b)
}

// One teller, whatever it tells, gets a sixteenth of the new table, displaces
// nothing that others told, and has one ticket when a peer is drawn.
func TestOneTellerIsBounded(t *testing.T) {
	b := NewBook("self", Grouping{}, newHand().now)
	var honest []peer.ID
	for i := range 20 {
		x := someone(t, i)
		honest = append(honest, x.ID)
		b.Found(x, FromDHT, group(i))
	}
	shared := someone(t, 50)
	b.Found(shared, FromDHT, group(50))
	b.Found(shared, FromDHT, "liar") // told by both
	for i := range 10_000 {
		b.Found(someone(t, 100+i%5000), FromDHT, "liar")
	}
	invariants(t, b)
	for _, p := range append(honest, shared.ID) {
		if b.entries[p] == nil {
			t.Fatalf("%v was pushed out", p)
		}
	}
	if n := b.count(func(e *entry) bool { return e.toldBy("liar") }); n != perTeller {
		t.Fatalf("the liar has %d entries", n)
	}
	drawn := 0
	for range 2000 {
		if c := b.Pick(1, nobody, nil)[0]; slices.Contains(honest, c.ID) || c.ID == shared.ID {
			drawn++
		}
	}
	if drawn < 1800 { // 21 of 22 tickets
		t.Fatalf("the liar's peers were drawn %d times of 2000, though it is one of 22 tellers", 2000-drawn)
	}
}

// Many tellers about one network fill a thirty-second of the table, and everybody
// together no more than the table; tried peers stay through it all.
func TestFloodOfHearsay(t *testing.T) {
	h := newHand()
	b := NewBook("self", Grouping{}, h.now)
	var good []peer.ID
	for i := range 50 {
		x := someone(t, i)
		b.Found(x, FromDHT, group(i))
		b.Reached(x, x.Addrs[0])
		good = append(good, x.ID)
	}
	for i := range 1000 {
		b.Found(someone(t, 7), FromDHT, group(1000+i))
	}
	if n := b.count(func(e *entry) bool { return e.isNew() && e.group == group(7) }); n != perGroup {
		t.Fatalf("%d new peers in one network", n)
	}
	for i := range 5000 {
		b.Found(someone(t, 100+i%3000), FromDHT, group(2000+i%40))
		if i%500 == 0 {
			invariants(t, b)
		}
	}
	invariants(t, b)
	heard, tried := b.Count()
	if heard != maxNew || tried != len(good) {
		t.Fatalf("%d new, %d tried", heard, tried)
	}
	for _, p := range good {
		if e := b.entries[p]; e == nil || !e.tried {
			t.Fatalf("%v was pushed out", p)
		}
	}
	// A late teller gets its share from those that have most.
	late := someone(t, 4000)
	if !b.Found(late, FromDHT, "late") || b.entries[late.ID] == nil {
		t.Fatal("a full table shuts out who comes late")
	}
}

// Hearsay displaces no address at which a peer was reached, and moves it to no
// other group.
func TestProvenAddressesStay(t *testing.T) {
	b := NewBook("self", Grouping{}, newHand().now)
	x := someone(t, 1)
	b.Found(x, FromDHT, group(2))
	b.Reached(x, x.Addrs[0])
	for i := range 100 {
		lie := peer.AddrInfo{ID: x.ID}
		for j := range 20 {
			lie.Addrs = append(lie.Addrs, at(300+i, j))
		}
		b.Found(lie, FromDHT, group(300))
	}
	invariants(t, b)
	c := b.Pick(1, nobody, nil)[0]
	if c.Group != group(1) || !c.Addrs[0].Equal(x.Addrs[0]) {
		t.Fatalf("%+v", c)
	}
}

// The tried table of a full group: a newcomer waits while the old one was good
// lately, has it tested when not, and gets its place when the test fails.
func TestTestBeforeEvict(t *testing.T) {
	h := newHand()
	b := NewBook("self", Grouping{}, h.now)
	var old []peer.AddrInfo
	for j := range perTried {
		x := someone(t, 1)
		x.Addrs[0] = at(1, 10+j)
		b.Reached(x, x.Addrs[0])
		old = append(old, x)
		h.advance(time.Second)
	}
	late := someone(t, 1)
	reach := func() { b.Found(late, FromDHT, group(9)); b.Reached(late, late.Addrs[0]) }
	reach()
	first := b.entries[old[0].ID]
	if b.entries[late.ID].tried || first.suspect {
		t.Fatal("a newcomer challenges a peer that was good a moment ago")
	}
	h.advance(unchallenged)
	reach()
	if b.entries[late.ID].tried || !first.suspect {
		t.Fatal("the oldest is not to be tested, or lost its place untested")
	}
	suspects := 0
	for range 100 {
		if c, ok := b.Test(nobody); ok && c.ID == old[0].ID {
			suspects++
		}
	}
	if suspects == 0 {
		t.Fatal("no feeler tests the suspect")
	}
	b.Reached(old[0], old[0].Addrs[0])
	if first.suspect {
		t.Fatal("still suspect after it answered")
	}
	reach()
	second := b.entries[old[1].ID]
	if !second.suspect {
		t.Fatal("the next oldest is not to be tested")
	}
	b.Failed(old[1].ID, true)
	reach()
	if !b.entries[late.ID].tried || second.tried {
		t.Fatal("a peer that does not answer keeps its place")
	}
	invariants(t, b)
}

// The tried table is bounded, and a group that fills it gives way to others.
func TestTriedIsBounded(t *testing.T) {
	h := newHand()
	b := NewBook("self", Grouping{}, h.now)
	for i := range maxTried/perTried + 10 {
		for j := range perTried + 5 {
			x := someone(t, i)
			x.Addrs[0] = at(i, 10+j)
			b.Reached(x, x.Addrs[0])
			b.Failed(x.ID, true)
		}
	}
	invariants(t, b)
	x := someone(t, 999)
	b.Reached(x, x.Addrs[0])
	if !b.entries[x.ID].tried {
		t.Fatal("a full table shuts out a peer that answers for ones that do not")
	}
	invariants(t, b)
}

// Refusals are of ids, which are free: they are bounded, and take no place in the book.
func TestRefusalsAreBounded(t *testing.T) {
	h := newHand()
	b := NewBook("self", Grouping{}, h.now)
	for i := range maxRefused + 100 {
		b.Refused(peer.ID(fmt.Sprint("stranger", i)))
		h.advance(time.Millisecond)
	}
	invariants(t, b)
	if !b.BackingOff(peer.ID(fmt.Sprint("stranger", maxRefused+99))) || len(b.entries) != 0 {
		t.Fatal("the latest is not remembered, or strangers fill the book")
	}
	x := someone(t, 1)
	b.Found(x, FromDHT, group(1))
	for range hopeless {
		b.Refused(x.ID)
	}
	if b.entries[x.ID] != nil {
		t.Fatal("a peer of another swarm stays in the book")
	}
}

// Who comes to us says where it is, which is hearsay from its own network.
func TestInboundIsHearsay(t *testing.T) {
	b := NewBook("self", Grouping{}, newHand().now)
	for range 1000 {
		x := someone(t, 1)
		b.Met(x, group(1))
	}
	if heard, tried := b.Count(); heard != perGroup || tried != 0 {
		t.Fatalf("%d new, %d tried", heard, tried)
	}
	for i := range 1000 { // it lies about where it is
		b.Met(someone(t, 100+i), group(1))
	}
	if heard, _ := b.Count(); heard > perTeller {
		t.Fatalf("%d new told by one network", heard)
	}
}

// Whom a pick returns: each of another group, none of a group that is taken, at
// no address of a taken group.
func TestPickByGroup(t *testing.T) {
	b := NewBook("self", Grouping{}, newHand().now)
	for i := range 30 {
		for j := range 3 {
			x := someone(t, i)
			x.Addrs = []multiaddr.Multiaddr{at(i, 10+j), at(5, 10+j)}
			if j == 0 {
				b.Reached(x, x.Addrs[0])
			} else {
				b.Found(x, FromDHT, group(100+i))
			}
		}
	}
	taken := func(g Group) bool { return g == group(5) || g == group(6) }
	got := b.Pick(100, nobody, taken)
	seen := make(map[Group]bool)
	for _, c := range got {
		if seen[c.Group] || taken(c.Group) || len(c.Addrs) != 1 {
			t.Fatalf("%+v", c)
		}
		seen[c.Group] = true
	}
	if len(got) != 28 {
		t.Fatalf("%d groups picked", len(got))
	}
	if n := len(b.Pick(100, nobody, nil)); n != 90 {
		t.Fatalf("%d picked of any group", n)
	}
}

// Urged peers come first, anchors before seeds, once.
func TestUrgent(t *testing.T) {
	h := newHand()
	b := NewBook("self", Grouping{}, h.now)
	seed, anchor := someone(t, 1), someone(t, 2)
	b.Reached(anchor, anchor.Addrs[0])
	b.Urge(seed, FromSeed)
	b.Urge(anchor, FromAnchor)
	if got := peers(b.Urgent(5, nobody)); !slices.Equal(got, []peer.ID{anchor.ID, seed.ID}) {
		t.Fatal(got)
	}
	b.Dialed(anchor.ID)
	b.Failed(seed.ID, true)
	h.advance(time.Hour)
	if len(b.Urgent(5, nobody)) != 0 {
		t.Fatal("urgent twice")
	}
	if b.Source(anchor.ID) != FromAnchor || b.Source(seed.ID) != FromSeed || b.Source("x") != FromInbound {
		t.Fatal("sources")
	}
}

func TestBookSaved(t *testing.T) {
	h := newHand()
	store := datastore.NewMapDatastore()
	b := NewBook("self", Grouping{}, h.now)
	good, best, never := someone(t, 1), someone(t, 2), someone(t, 3)
	b.Found(never, FromDHT, "teller")
	b.Reached(good, good.Addrs[0])
	h.advance(time.Hour)
	for range 5 {
		b.Reached(best, best.Addrs[0])
	}
	for i := range 2 * maxHearsay {
		b.Found(someone(t, 10+i), FromDHT, group(i%20))
	}
	if err := b.Save(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	c := NewBook("self", Grouping{}, h.now)
	if err := c.Load(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	invariants(t, c)
	if heard, tried := c.Count(); heard != maxHearsay || tried != 2 || c.Source(good.ID) != FromSaved {
		t.Fatalf("%d new, %d tried", heard, tried)
	}
	e := c.entries[best.ID]
	if e.good != 5 || !e.last.Equal(h.t) || !e.proven[0].Equal(best.Addrs[0]) || e.group != group(2) {
		t.Fatalf("%+v", e)
	}
	if err := store.Put(t.Context(), bookKey, []byte("garbage")); err != nil {
		t.Fatal(err)
	}
	if err := NewBook("self", Grouping{}, h.now).Load(t.Context(), store); err == nil {
		t.Fatal("garbage was loaded")
	}
}

func TestGate(t *testing.T) {
	bad := someone(t, 1).ID
	full := false
	refused := func(p peer.ID, _ multiaddr.Multiaddr) bool { return p == bad }
	g := NewGate(false, refused, func(peer.ID) bool { return !full })
	named, local, other := someone(t, 2).ID, someone(t, 3).ID, someone(t, 4).ID
	g.Name(named)
	g.Local(local)
	for _, test := range []struct {
		addr string
		p    peer.ID
		want bool
	}{
		{"/ip4/10.0.0.1/tcp/1", other, false},
		{"/ip4/192.168.1.1/udp/1/quic-v1", other, false},
		{"/ip4/127.0.0.1/tcp/1", other, false},
		{"/ip4/100.64.0.1/tcp/1", other, false},
		{"/ip6/fd00::1/tcp/1", other, false},
		{"/ip4/8.8.8.8/tcp/1", other, true},
		{"/ip4/10.0.0.1/tcp/1", named, true},
		{"/ip4/10.0.0.1/tcp/1", local, true},
		{"/ip4/8.8.8.8/tcp/1", bad, false},
	} {
		if got := g.InterceptAddrDial(test.p, multiaddr.StringCast(test.addr)); got != test.want {
			t.Errorf("%s of %v: %v", test.addr, test.p, got)
		}
	}
	if !NewGate(true, refused, nil).InterceptAddrDial(other, multiaddr.StringCast("/ip4/10.0.0.1/tcp/1")) {
		t.Error("private mode refuses a private address")
	}
	if g.InterceptPeerDial(bad) || !g.InterceptPeerDial(other) {
		t.Error("refused peers are dialed")
	}
	g.SetOpen(false)
	if g.InterceptPeerDial(other) {
		t.Error("dialed through a shut gate")
	}
	for i := range 2 * maxLocal {
		g.Local(peer.ID(fmt.Sprint("near", i)))
	}
	if len(g.local) != maxLocal {
		t.Errorf("%d peers seen on the local network", len(g.local))
	}
}
