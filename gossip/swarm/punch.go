package swarm

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/holepunch"
	"github.com/multiformats/go-multiaddr"
)

const maxPunches = 16 // failures remembered

// punches is the record of hole punches. told is called after each change,
// without the lock.
type punches struct {
	now  func() time.Time
	told func(PunchEvent)

	mu    sync.Mutex
	tries int
	last  []Punch // failures, newest first, one a peer
}

// PunchEvent is a step on the way from a relayed connection to a direct one.
type PunchEvent struct {
	ID      peer.ID
	Begun   bool   // an attempt has begun; else it has ended
	Success bool   // of an ended one
	Why     string // of a failed one
}

var _ holepunch.EventTracer = (*punches)(nil)

// Trace takes libp2p's event. A try is one attempt of both to connect at the same
// time; the side that has the reservation begins up to three.
func (p *punches) Trace(e *holepunch.Event) {
	switch ev := e.Evt.(type) {
	case *holepunch.StartHolePunchEvt:
		p.mu.Lock()
		p.tries++
		p.mu.Unlock()
		p.tell(PunchEvent{ID: e.Remote, Begun: true})
	case *holepunch.EndHolePunchEvt:
		p.ended(e.Remote, ev.Success, ev.Error)
	case *holepunch.DirectDialEvt:
		if ev.Success { // else a punch follows
			p.ended(e.Remote, true, "")
		}
	case *holepunch.ProtocolErrorEvt:
		p.ended(e.Remote, false, ev.Error)
	}
}

func (p *punches) ended(id peer.ID, success bool, why string) {
	why = Brief(why)
	p.mu.Lock()
	p.last = slices.DeleteFunc(p.last, func(q Punch) bool { return q.ID == id })
	if !success {
		p.last = slices.Insert(p.last, 0, Punch{ID: id, At: p.now(), Why: why})
		p.last = p.last[:min(len(p.last), maxPunches)]
	}
	p.mu.Unlock()
	p.tell(PunchEvent{ID: id, Success: success, Why: why})
}

func (p *punches) tell(e PunchEvent) {
	if p.told != nil {
		p.told(e)
	}
}

func (p *punches) sum() Punches {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Punches{Tries: p.tries, Last: slices.Clone(p.last)}
}

// punchable leaves of the addresses that two peers exchange those that are worth
// a try: QUIC's, and TCP's where one of the two has no other. WebTransport and
// WebRTC share QUIC's port and come through where it does, after a longer
// handshake; TCP comes through seldom, and QUIC is the better connection.
type punchable struct{ quic atomic.Bool } // we have an address for QUIC

var _ holepunch.AddrFilter = (*punchable)(nil)

// FilterLocal filters what we tell. It is called before FilterRemote.
func (p *punchable) FilterLocal(_ peer.ID, addrs []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	p.quic.Store(has(addrs, "quic"))
	return slices.DeleteFunc(slices.Clone(addrs), func(a multiaddr.Multiaddr) bool {
		t := TransportOf(a)
		return t != "quic" && t != "tcp"
	})
}

// FilterRemote filters what we are told.
func (p *punchable) FilterRemote(_ peer.ID, addrs []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	quic := p.quic.Load() && has(addrs, "quic")
	return slices.DeleteFunc(slices.Clone(addrs), func(a multiaddr.Multiaddr) bool {
		t := TransportOf(a)
		return t != "quic" && (quic || t != "tcp")
	})
}

func has(addrs []multiaddr.Multiaddr, transport string) bool {
	return slices.ContainsFunc(addrs, func(a multiaddr.Multiaddr) bool { return TransportOf(a) == transport })
}

// Brief makes one short line of an error: libp2p's list every address.
func Brief(s string) string {
	if reason := known(s); reason != "" {
		return reason
	}
	s = strings.Join(strings.Fields(s), " ")
	if i := strings.Index(s, "* ["); i >= 0 { // a list of addresses with their errors
		s = s[i:]
	}
	if len(s) > 120 {
		s = strings.ToValidUTF8(s[:117], "") + "…"
	}
	return s
}

// known words the usual errors.
func known(s string) string {
	for _, k := range []struct{ part, words string }{
		{"connection refused", "refused"},
		{"CONNECTION_REFUSED (remote)", "it takes no more connections from this address at present"},
		{"no public address", "our own outside address is not known yet"},
		{"didn't receive any public addresses", "it does not know its own outside address"},
		{"NO_RESERVATION", "it has left its relay"},
		{"RESOURCE_LIMIT_EXCEEDED", "the relay has no room"},
		{"RESERVATION_REFUSED", "the relay has no room"},
		{"PERMISSION_DENIED", "the relay does not allow it"},
		{"peer id mismatch", "another peer answers there"},
		{"no addresses", "no address of it is known"},
		{"no good addresses", "no address of it can be dialed from here"},
		{"gater disallows connection", "banned, or refused lately"},
		{"no route to host", "no route"},
		{"network is unreachable", "no network"},
		{"deadline exceeded", "no answer"},
		{"i/o timeout", "no answer"},
		{"no recent network activity", "no answer"},
		{"timeout", "no answer"},
		{"protocols not supported", "it does not punch holes"},
		{"protocol not supported", "it does not punch holes"},
		{"no active dial", "no answer"},
		{"stream reset", "it broke off"},
	} {
		if strings.Contains(s, k.part) {
			return k.words
		}
	}
	return ""
}
