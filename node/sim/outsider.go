package sim

import (
	"fmt"
	"net"
	"sync/atomic"

	"github.com/libp2p/go-libp2p"
)

// FirstOutsider is the number of the first outsider, by which Latency knows it.
const FirstOutsider = 1 << 20

// Outsider is a place on the network that is none of the swarm's nodes: an
// attacker's.
type Outsider struct {
	N       int             // number, from FirstOutsider
	Listen  string          // multiaddr to listen on
	Options []libp2p.Option // have a host use this place

	sent, got atomic.Int64
	ends      []func()
}

// OnClose has f end what runs here when the swarm ends.
func (o *Outsider) OnClose(f func()) { o.ends = append(o.ends, f) }

// Bytes tells how much went out and came in, as Node.Bytes does.
func (o *Outsider) Bytes() (sent, received int64) { return o.sent.Load(), o.got.Load() }

// Outsider takes an address that nobody has yet. Many of one network group are
// as possible as each in its own; nodes have theirs in 20.1.0.0/16 and after.
func (s *Swarm) Outsider(at net.IP, speed Speed) *Outsider {
	s.t.Helper()
	o := &Outsider{N: FirstOutsider + len(s.outsiders), Listen: fmt.Sprintf("/ip4/%v/udp/8000/quic-v1", at)}
	s.outsiders = append(s.outsiders, o)
	if !s.net.add(o.N, at) {
		s.t.Fatalf("sim: address %v is taken", at)
	}
	o.Options = []libp2p.Option{s.net.transport(o.N, at, speed, &o.sent, &o.got), quiet}
	return o
}
