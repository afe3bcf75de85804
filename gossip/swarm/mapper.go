package swarm

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/net/nat"
	"github.com/multiformats/go-multiaddr"
)

// mapAgain is how long a router may have mapped nothing before it is looked for
// again: libp2p looks once, and a laptop changes networks.
const mapAgain = 10 * time.Minute

// mapper asks the router to forward our ports (UPnP, NAT-PMP and PCP's common
// part), and knows what came of it. It is libp2p's NAT manager, wrapped so that
// it can be asked and begin again.
type mapper struct {
	mu     sync.Mutex
	net    network.Network
	nat    basichost.NATManager // nil before the host is built, and when closed
	begun  time.Time            // nat's search
	sought bool                 // some search has ended
	mapped time.Time            // when there last was a mapping
	wg     sync.WaitGroup       // of managers that are being closed
}

var _ basichost.NATManager = (*mapper)(nil)

func newMapper() *mapper { return new(mapper) }

// manage is libp2p's constructor.
func (m *mapper) manage(n network.Network) basichost.NATManager {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.net = n
	m.begin()
	return m
}

// begin starts a search; m.mu is held.
func (m *mapper) begin() {
	m.nat, m.begun, m.mapped = basichost.NewNATManager(m.net), time.Now(), time.Now()
}

func (m *mapper) current() basichost.NATManager {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.nat
}

// GetMapping is where the router forwards to addr from; nil for nowhere.
func (m *mapper) GetMapping(addr multiaddr.Multiaddr) multiaddr.Multiaddr {
	if n := m.current(); n != nil {
		return n.GetMapping(addr)
	}
	return nil
}

// HasDiscoveredNAT tells whether a router was found that maps ports.
func (m *mapper) HasDiscoveredNAT() bool {
	n := m.current()
	return n != nil && n.HasDiscoveredNAT()
}

// Close takes the mappings back.
func (m *mapper) Close() error {
	m.mu.Lock()
	n := m.nat
	m.nat = nil
	m.mu.Unlock()
	defer m.wg.Wait()
	if n == nil {
		return nil
	}
	return n.Close()
}

// look begins again when nothing has been mapped for long.
func (m *mapper) look() {
	n := m.current()
	if n == nil {
		return
	}
	found := n.HasDiscoveredNAT()
	some := found && slices.ContainsFunc(m.net.ListenAddresses(), func(a multiaddr.Multiaddr) bool { return n.GetMapping(a) != nil })
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nat != n {
		return
	}
	now := time.Now()
	if found || now.Sub(m.begun) > nat.DiscoveryTimeout+time.Second {
		m.sought = true
	}
	if some {
		m.mapped = now
	}
	if now.Sub(m.mapped) > mapAgain {
		m.begin()
		m.wg.Go(func() { _ = n.Close() }) // takes mappings back by asking the router, which may not answer
	}
}

// sum tells how each port that we listen on is mapped.
func (m *mapper) sum(enabled bool, listen []multiaddr.Multiaddr) Mapping {
	m.mu.Lock()
	s := Mapping{Enabled: enabled, Sought: m.sought}
	m.mu.Unlock()
	s.Router = m.HasDiscoveredNAT()
	s.Sought = s.Sought || s.Router
	for _, a := range listen {
		ap, proto, ok := addrPort(a)
		if !ok || ap.Addr().IsLoopback() {
			continue
		}
		p := MappedPort{Proto: proto, Port: int(ap.Port())}
		same := func(q MappedPort) bool { return q.Proto == p.Proto && q.Port == p.Port }
		if slices.ContainsFunc(s.Ports, same) {
			continue
		}
		if out, _, ok := addrPort(m.GetMapping(a)); ok && out != (netip.AddrPort{}) {
			p.Addr = out.String()
		}
		s.Ports = append(s.Ports, p)
	}
	slices.SortFunc(s.Ports, func(a, b MappedPort) int { return strings.Compare(a.Proto, b.Proto) })
	return s
}
