package swarm

import (
	"log/slog"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/holepunch"
	"github.com/multiformats/go-multiaddr"
)

// Of AutoNAT v1 and v2 the one that knows better has the say, and v2 only when it
// has held to its conclusion for a while.
func TestEffectiveVerdict(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	addrs := func(list ...string) (out []multiaddr.Multiaddr) {
		for _, a := range list {
			out = append(out, multiaddr.StringCast(a))
		}
		return out
	}
	const tcp, quic = "/ip4/11.1.0.1/tcp/1", "/ip4/11.1.0.1/udp/1/quic-v1"
	open := event.EvtHostReachableAddrsChanged{Reachable: addrs(tcp), Unknown: addrs(quic)}
	shut := event.EvtHostReachableAddrsChanged{Unreachable: addrs(tcp, quic)}
	half := event.EvtHostReachableAddrsChanged{Unreachable: addrs(tcp), Unknown: addrs(quic)}
	for _, test := range []struct {
		name        string
		v1          Verdict
		events      []event.EvtHostReachableAddrsChanged // a second apart
		early, late Verdict                              // after the last, and speakAfter later
	}{
		{"nothing", Untested, nil, Untested, Untested},
		{"v1 alone", Unreachable, nil, Unreachable, Unreachable},
		{"v2 got through", Untested, []event.EvtHostReachableAddrsChanged{open}, Untested, Reachable},
		{"v2 got through where v1 did not", Unreachable, []event.EvtHostReachableAddrsChanged{shut, open}, Unreachable, Reachable},
		{"v2 did not get through", Untested, []event.EvtHostReachableAddrsChanged{shut}, Untested, Unreachable},
		{"v1 got through, v2 not", Reachable, []event.EvtHostReachableAddrsChanged{shut}, Reachable, Reachable},
		{"v2 is not done", Untested, []event.EvtHostReachableAddrsChanged{half}, Untested, Untested},
		{"v2 forgot", Untested, []event.EvtHostReachableAddrsChanged{open, {}}, Untested, Untested},
	} {
		tr := NewTracker(TrackerConfig{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
		for _, e := range test.events {
			now = now.Add(time.Second)
			tr.learn(e)
		}
		early := tr.effective(test.v1)
		now = now.Add(speakAfter)
		if late := tr.effective(test.v1); early != test.early || late != test.late {
			t.Errorf("%s: %s, then %s; want %s, then %s", test.name, early, late, test.early, test.late)
		}
	}
	// An event that changes nothing of the conclusion does not begin the wait anew.
	tr := NewTracker(TrackerConfig{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	tr.learn(open)
	now = now.Add(speakAfter)
	tr.learn(event.EvtHostReachableAddrsChanged{Reachable: addrs(tcp, quic)})
	if got := tr.effective(Untested); got != Reachable {
		t.Errorf("after a second address: %s", got)
	}
	tr.learn(event.EvtLocalReachabilityChanged{Reachability: network.ReachabilityPrivate})
	if f := tr.Facts(); f.AutoNAT != Unreachable || len(f.Addrs) != 2 {
		t.Errorf("%+v", f)
	}
	if at := tr.Settle(StateRelayed); !at.Equal(now) {
		t.Errorf("the state began at %v", at)
	}
	now = now.Add(time.Hour)
	if at := tr.Settle(StateRelayed); !at.Equal(now.Add(-time.Hour)) {
		t.Errorf("the same state began at %v", at)
	}
}

// Hole punches are counted, and their latest failures kept, one a peer.
func TestPunches(t *testing.T) {
	var told []PunchEvent
	p := &punches{now: time.Now, told: func(e PunchEvent) { told = append(told, e) }}
	trace := func(id peer.ID, evt any) { p.Trace(&holepunch.Event{Remote: id, Evt: evt}) }
	for i := range 3 * maxPunches {
		id := peer.ID(rune('a' + i))
		trace(id, &holepunch.DirectDialEvt{Error: "context deadline exceeded"})
		for range 3 {
			trace(id, &holepunch.StartHolePunchEvt{})
			trace(id, &holepunch.HolePunchAttemptEvt{})
			trace(id, &holepunch.EndHolePunchEvt{Error: "context deadline exceeded"})
		}
	}
	trace("x", &holepunch.ProtocolErrorEvt{Error: "stream reset"})
	s := p.sum()
	if s.Tries != 9*maxPunches || len(s.Last) != maxPunches || s.Last[0].ID != "x" || s.Last[0].Why != "it broke off" || s.Last[1].Why != "no answer" {
		t.Errorf("%+v", s)
	}
	told = nil
	trace("x", &holepunch.StartHolePunchEvt{})
	trace("x", &holepunch.EndHolePunchEvt{Success: true})
	if len(told) != 2 || !told[0].Begun || !told[1].Success || p.sum().Last[0].ID == "x" {
		t.Errorf("%+v; %+v", told, p.sum().Last[0])
	}
}

// QUIC is preferred where both have it; else TCP has its chance.
func TestPunchable(t *testing.T) {
	quic, web, tcp := multiaddr.StringCast("/ip4/11.1.0.1/udp/1/quic-v1"), multiaddr.StringCast("/ip4/11.1.0.1/udp/1/quic-v1/webtransport"), multiaddr.StringCast("/ip4/11.1.0.1/tcp/1")
	all := []multiaddr.Multiaddr{quic, web, tcp}
	p := new(punchable)
	if got := p.FilterLocal("", all); len(got) != 2 || len(all) != 3 {
		t.Errorf("local %v", got)
	}
	if got := p.FilterRemote("", all); len(got) != 1 || !got[0].Equal(quic) {
		t.Errorf("both have QUIC: %v", got)
	}
	if got := p.FilterRemote("", []multiaddr.Multiaddr{web, tcp}); len(got) != 1 || !got[0].Equal(tcp) {
		t.Errorf("the other has no QUIC: %v", got)
	}
	p.FilterLocal("", []multiaddr.Multiaddr{tcp})
	if got := p.FilterRemote("", all); len(got) != 2 {
		t.Errorf("we have no QUIC: %v", got)
	}
}
