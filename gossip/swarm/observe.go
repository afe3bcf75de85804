package swarm

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// observations are the outside addresses at which peers see our ports, one a
// connection that we dialed, for as long as it lives. Peers may lie: what is
// concluded takes two in different places.
//
// libp2p has an event for the NAT's type, but 0.51 swaps TCP and UDP in it, and
// it comes only after nine observations, once a minute.
type observations struct {
	mu       sync.Mutex
	m        map[network.Conn]observation
	tcp, udp NATType // the latest that could be concluded
}

type observation struct {
	local   local
	outside netip.AddrPort
	by      netip.Prefix // the observer's address, or /56
}

// local is one of our ports.
type local struct {
	proto string
	port  int
}

func newObservations() *observations {
	return &observations{m: make(map[network.Conn]observation), tcp: NATUnknown, udp: NATUnknown}
}

// add notes what the peer at c's other end sees.
func (o *observations) add(c network.Conn, seen multiaddr.Multiaddr) {
	if c == nil || seen == nil || c.Stat().Limited || c.Stat().Direction != network.DirOutbound {
		return
	}
	here, proto, ok := addrPort(c.LocalMultiaddr())
	outside, seenProto, ok2 := addrPort(seen)
	there, _, ok3 := addrPort(c.RemoteMultiaddr())
	if !ok || !ok2 || !ok3 || proto != seenProto || outside.Addr().IsLoopback() || there.Addr().IsLoopback() {
		return
	}
	bits := 32
	if there.Addr().Is6() {
		bits = 56
	}
	by, err := there.Addr().Prefix(bits)
	if err != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !c.IsClosed() {
		o.m[c] = observation{local{proto, int(here.Port())}, outside, by}
	}
}

// prune forgets what closed connections told.
func (o *observations) prune() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for c := range o.m {
		if c.IsClosed() {
			delete(o.m, c)
		}
	}
}

// sum lists what is seen of ports that we listen on, most observers first, and
// tells the NAT's type for each protocol: the latest that could be told.
func (o *observations) sum(listen []multiaddr.Multiaddr) (list []Observed, tcp, udp NATType) {
	own := make(map[local]map[netip.AddrPort]bool)
	for _, a := range listen {
		if ap, proto, ok := addrPort(a); ok {
			l := local{proto, int(ap.Port())}
			if own[l] == nil {
				own[l] = make(map[netip.AddrPort]bool)
			}
			own[l][ap] = true
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	by := make(map[local]map[netip.AddrPort]map[netip.Prefix]bool)
	for _, ob := range o.m {
		if own[ob.local] == nil { // dialed from a port of the moment
			continue
		}
		if by[ob.local] == nil {
			by[ob.local] = make(map[netip.AddrPort]map[netip.Prefix]bool)
		}
		if by[ob.local][ob.outside] == nil {
			by[ob.local][ob.outside] = make(map[netip.Prefix]bool)
		}
		by[ob.local][ob.outside][ob.by] = true
	}
	for l, outside := range by {
		for a, observers := range outside {
			list = append(list, Observed{Proto: l.proto, Port: l.port, Addr: a.String(), Observers: len(observers)})
		}
		if t := natType(outside, own[l]); t != NATUnknown {
			if l.proto == "tcp" {
				o.tcp = t
			} else {
				o.udp = t
			}
		}
	}
	slices.SortFunc(list, func(a, b Observed) int {
		return cmp.Or(cmp.Compare(b.Observers, a.Observers), cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Addr, b.Addr))
	})
	return list, o.tcp, o.udp
}

// natType concludes from who sees one of our ports where. One observer may err
// or lie, so most must agree; IPv4 decides, since IPv6 is seldom translated.
func natType(outside map[netip.AddrPort]map[netip.Prefix]bool, own map[netip.AddrPort]bool) NATType {
	all, most := make(map[netip.Prefix]bool), 0
	var top netip.AddrPort
	four := slices.ContainsFunc(keysOf(outside), func(a netip.AddrPort) bool { return a.Addr().Is4() })
	for a, observers := range outside {
		if a.Addr().Is4() != four {
			continue
		}
		for by := range observers {
			all[by] = true
		}
		if len(observers) > most {
			top, most = a, len(observers)
		}
	}
	switch {
	case most > 0 && own[top]:
		return NATNone
	case len(all) < 2:
		return NATUnknown
	case 2*most > len(all):
		return NATSame
	}
	return NATSymmetric
}

func keysOf[K comparable, V any](m map[K]V) []K {
	list := make([]K, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	return list
}

// addrPort takes address, port and protocol (tcp or udp) out of a multiaddr.
func addrPort(a multiaddr.Multiaddr) (ap netip.AddrPort, proto string, ok bool) {
	if len(a) < 2 {
		return ap, "", false
	}
	ip, err := manet.ToIP(a)
	if err != nil {
		return ap, "", false
	}
	addr, _ := netip.AddrFromSlice(ip)
	switch a[1].Protocol().Code {
	case multiaddr.P_TCP:
		proto = "tcp"
	case multiaddr.P_UDP:
		proto = "udp"
	default:
		return ap, "", false
	}
	port, err := strconv.ParseUint(a[1].Value(), 10, 16)
	if err != nil {
		return ap, "", false
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(port)), proto, true
}
