package swarm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ipfs/go-datastore"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/test"
	"github.com/multiformats/go-multiaddr"
)

func someone(t *testing.T, i int) peer.AddrInfo {
	t.Helper()
	p, err := test.RandPeerID()
	if err != nil {
		t.Fatal(err)
	}
	a, err := multiaddr.NewMultiaddr(fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", 1000+i))
	if err != nil {
		t.Fatal(err)
	}
	return peer.AddrInfo{ID: p, Addrs: []multiaddr.Multiaddr{a}}
}

func nobody(peer.ID) bool { return false }

func ids(infos []peer.AddrInfo) []peer.ID {
	var list []peer.ID
	for _, i := range infos {
		list = append(list, i.ID)
	}
	return list
}

func TestBookBackOff(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := NewBook("self", func() time.Time { return now })
	x, kept := someone(t, 1), someone(t, 2)
	b.Found(x, FromDHT)
	b.Keep(kept, FromConfig)
	b.Found(peer.AddrInfo{ID: "self", Addrs: x.Addrs}, FromDHT)
	if got := ids(b.Due(false, 10, nobody)); !slices.Equal(got, []peer.ID{x.ID}) {
		t.Fatal(got)
	}
	b.Failed(x.ID)
	if len(b.Due(false, 10, nobody)) != 0 {
		t.Fatal("due right after a failure")
	}
	now = now.Add(firstRetry)
	if len(b.Due(false, 10, nobody)) != 1 {
		t.Fatal("not due after the first pause")
	}
	for range hopeless {
		b.Failed(x.ID)
		b.Failed(kept.ID)
	}
	now = now.Add(keptRetry)
	if len(b.Due(false, 10, nobody)) != 0 || len(b.Due(true, 10, nobody)) != 1 {
		t.Fatal("the hopeless stays, or the kept went")
	}
	b.Refused(kept.ID)
	if !b.BackingOff(kept.ID) || len(b.Due(true, 10, nobody)) != 0 {
		t.Fatal("a refused peer is due")
	}
	b.Hurry()
	if b.BackingOff(kept.ID) || len(b.Due(true, 10, nobody)) != 1 {
		t.Fatal("not due in a hurry")
	}
	b.Unkeep(kept.ID)
	if len(b.Due(true, 10, nobody)) != 0 || len(b.Due(false, 10, nobody)) != 1 {
		t.Fatal("still kept")
	}
}

func TestBookBounded(t *testing.T) {
	b := NewBook("self", time.Now)
	good := someone(t, 0)
	b.Good(good)
	for i := range maxEntries + 50 {
		info := peer.AddrInfo{ID: peer.ID(fmt.Sprint("stranger", i))}
		for j := range 20 {
			info.Addrs = append(info.Addrs, multiaddr.StringCast(fmt.Sprintf("/ip4/192.0.2.%d/tcp/1", j)))
		}
		b.Found(info, FromDHT)
	}
	if len(b.entries) != maxEntries || b.entries[good.ID] == nil {
		t.Fatalf("%d entries", len(b.entries))
	}
	for p, e := range b.entries {
		if len(e.addrs) > maxAddrs {
			t.Fatalf("%v has %d addresses", p, len(e.addrs))
		}
	}
}

func TestBookSaved(t *testing.T) {
	now := time.Unix(1_700_000_000, 0).UTC()
	clock := func() time.Time { return now }
	store := datastore.NewMapDatastore()
	b := NewBook("self", clock)
	good, best, never := someone(t, 1), someone(t, 2), someone(t, 3)
	b.Found(never, FromDHT)
	b.Good(good)
	now = now.Add(time.Hour)
	for range 5 {
		b.Good(best)
	}
	if err := b.Save(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	c := NewBook("self", clock)
	if err := c.Load(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	got := ids(c.Due(false, 10, nobody))
	if len(got) != 2 || slices.Contains(got, never.ID) || c.Source(good.ID) != FromSaved {
		t.Fatal(got)
	}
	if e := c.entries[best.ID]; e.good != 5 || !e.last.Equal(now) || !e.addrs[0].Equal(best.Addrs[0]) {
		t.Fatalf("%+v", e)
	}
	if err := store.Put(t.Context(), bookKey, []byte("garbage")); err != nil {
		t.Fatal(err)
	}
	if err := NewBook("self", clock).Load(t.Context(), store); err == nil {
		t.Fatal("garbage was loaded")
	}
}

// The dialer, in virtual time: never two dials to one peer, never more than
// maxDials, the target is met and not overshot, kept peers are tried for ever.
func TestDialer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBook("self", time.Now)
		dead := someone(t, 0)
		b.Keep(dead, FromConfig)
		for i := range 40 {
			b.Found(someone(t, i+1), FromDHT)
		}
		var mu sync.Mutex
		up := make(map[peer.ID]bool)
		under := make(map[peer.ID]bool)
		deadTries, most := 0, 0
		gate := NewGate(true, func(peer.ID, multiaddr.Multiaddr) bool { return false }, func() bool { return true })
		d := NewDialer(Dialer{
			Book: b, Gate: gate, Target: 12, Log: slog.New(slog.DiscardHandler),
			Outbound:  func() int { mu.Lock(); defer mu.Unlock(); return len(up) },
			Connected: func(p peer.ID) bool { mu.Lock(); defer mu.Unlock(); return up[p] },
			Dial: func(ctx context.Context, info peer.AddrInfo) error {
				mu.Lock()
				if under[info.ID] {
					t.Errorf("two dials to %v", info.ID)
				}
				under[info.ID] = true
				most = max(most, len(under))
				mu.Unlock()
				time.Sleep(500 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				delete(under, info.ID)
				if info.ID == dead.ID {
					deadTries++
					return errors.New("dead")
				}
				up[info.ID] = true
				return nil
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { d.Run(ctx); close(ended) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		mu.Lock()
		if len(up) != 12 || most > maxDials {
			t.Errorf("%d up, at most %d dials at a time", len(up), most)
		}
		tries := deadTries
		clear(up)
		mu.Unlock()

		gate.SetOpen(false)
		time.Sleep(10 * time.Minute)
		mu.Lock()
		if len(up) != 0 || deadTries > tries+1 {
			t.Errorf("dialed through a shut gate")
		}
		mu.Unlock()
		gate.SetOpen(true)
		time.Sleep(10 * time.Minute)
		mu.Lock()
		if len(up) != 12 || deadTries < tries+8 {
			t.Errorf("%d up, the dead one tried %d times more", len(up), deadTries-tries)
		}
		mu.Unlock()
		cancel()
		<-ended
	})
}

func TestGate(t *testing.T) {
	bad := someone(t, 1).ID
	full := false
	refused := func(p peer.ID, _ multiaddr.Multiaddr) bool { return p == bad }
	g := NewGate(false, refused, func() bool { return !full })
	named, other := someone(t, 2).ID, someone(t, 3).ID
	g.Name(named)
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
}
