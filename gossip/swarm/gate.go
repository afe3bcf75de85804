package swarm

import (
	"sync"
	"sync/atomic"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// Gate says which connections may be. libp2p asks it before each dial and each
// accept, on many goroutines.
//
// It owns only the switch and the list of peers that the operator named. Bans
// and back-offs belong to others, whom it asks.
type Gate struct {
	private bool
	open    atomic.Bool
	refused func(peer.ID, multiaddr.Multiaddr) bool // banned or backing off; the address may be nil
	room    func(peer.ID) bool                      // may this inbound peer come? It may cost another its place
	relayed func(p peer.ID, inbound bool) bool      // may p be connected over a relay? nil: yes

	mu    sync.RWMutex
	named map[peer.ID]struct{} // by the operator: private addresses are fine, caps do not count
	local map[peer.ID]struct{} // seen on the local network, by whoever says so: private addresses are fine
}

// maxLocal bounds the peers seen on the local network.
const maxLocal = 1024

var _ connmgr.ConnectionGater = (*Gate)(nil)

// NewGate makes an open gate. refused is asked about every connection, room
// before an inbound one is let in. private lets non-public addresses be dialed.
func NewGate(private bool, refused func(peer.ID, multiaddr.Multiaddr) bool, room func(peer.ID) bool) *Gate {
	g := &Gate{private: private, refused: refused, room: room,
		named: make(map[peer.ID]struct{}), local: make(map[peer.ID]struct{})}
	g.open.Store(true)
	return g
}

// LimitRelayed has f asked about each connection over a relay. It comes before
// the gate is used.
func (g *Gate) LimitRelayed(f func(p peer.ID, inbound bool) bool) { g.relayed = f }

// SetOpen shuts the gate for everybody, or opens it again.
func (g *Gate) SetOpen(on bool) { g.open.Store(on) }

// Open tells whether the gate is open.
func (g *Gate) Open() bool { return g.open.Load() }

// Name lets p be dialed at private addresses and past the inbound cap.
func (g *Gate) Name(p peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.named[p] = struct{}{}
}

// Local lets p, seen on the local network, be dialed at private addresses.
func (g *Gate) Local(p peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.local) < maxLocal {
		g.local[p] = struct{}{}
	}
}

// Unname takes Name back.
func (g *Gate) Unname(p peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.named, p)
}

func (g *Gate) isNamed(p peer.ID) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, ok := g.named[p]
	return ok
}

func (g *Gate) isNear(p peer.ID) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, local := g.local[p]
	_, named := g.named[p]
	return local || named
}

// InterceptPeerDial is asked before a peer is dialed.
func (g *Gate) InterceptPeerDial(p peer.ID) bool {
	return g.Open() && !g.refused(p, nil)
}

// Fits tells whether p may be dialed at a, as far as a's kind goes. Hosters take a
// node that dials private ranges for a scanner.
func (g *Gate) Fits(p peer.ID, a multiaddr.Multiaddr) bool {
	return g.private || manet.IsPublicAddr(a) || g.isNear(p) || startsWithName(a)
}

// InterceptAddrDial is asked about each address.
func (g *Gate) InterceptAddrDial(p peer.ID, a multiaddr.Multiaddr) bool {
	if !g.Fits(p, a) {
		return false
	}
	if IsRelayed(a) && g.relayed != nil && !g.relayed(p, false) {
		return false
	}
	return !g.refused(p, a)
}

// IsRelayed tells whether an address leads over a relay.
func IsRelayed(a multiaddr.Multiaddr) bool {
	_, err := a.ValueForProtocol(multiaddr.P_CIRCUIT)
	return err == nil
}

// startsWithName tells whether a has yet to be resolved: its addresses are asked about again.
func startsWithName(a multiaddr.Multiaddr) bool {
	if len(a) == 0 {
		return false
	}
	switch a[0].Protocol().Code {
	case multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6, multiaddr.P_DNSADDR:
		return true
	}
	return false
}

// InterceptAccept is asked before the handshake, when only the address is known.
func (g *Gate) InterceptAccept(c network.ConnMultiaddrs) bool {
	return g.Open() && !g.refused("", c.RemoteMultiaddr())
}

// InterceptSecured is asked when the peer's id is proven.
func (g *Gate) InterceptSecured(d network.Direction, p peer.ID, c network.ConnMultiaddrs) bool {
	if !g.Open() || g.refused(p, c.RemoteMultiaddr()) {
		return false
	}
	if IsRelayed(c.RemoteMultiaddr()) || IsRelayed(c.LocalMultiaddr()) { // takes no slot
		return d == network.DirOutbound || g.relayed == nil || g.relayed(p, true)
	}
	return d == network.DirOutbound || g.isNamed(p) || g.room(p)
}

// InterceptUpgraded has nothing to add.
func (g *Gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return g.Open(), 0 }
