package swarm

import (
	"encoding/binary"
	"net/netip"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// Group is the network that an address belongs to: addresses of one group are
// cheap for whoever has one of them.
type Group string

// Grouping tells groups. Private says that addresses which are not public count
// each for itself, as in a test or a team's LAN; else they all are one group.
type Grouping struct{ Private bool }

// Of is the group of peer p at address a: the /16 of IPv4, also of IPv4 inside
// IPv6, and the /32 of IPv6, as in Bitcoin Core without a map of providers. A
// relayed address belongs to the relay's group.
func (g Grouping) Of(p peer.ID, a multiaddr.Multiaddr) Group {
	ip, err := manet.ToIP(a)
	if err != nil {
		return nameOf(a)
	}
	if !manet.IsPublicAddr(a) {
		if g.Private {
			return Group("peer " + p.String())
		}
		return "local"
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return ""
	}
	return groupOfIP(addr.Unmap())
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// groupOfIP is the /16 or /32 of a public address.
func groupOfIP(ip netip.Addr) Group {
	if ip.Is6() {
		b := ip.As16()
		switch {
		case binary.BigEndian.Uint16(b[:2]) == 0x2002: // 6to4, RFC 3964
			ip = netip.AddrFrom4([4]byte(b[2:6]))
		case nat64.Contains(ip): // RFC 6052
			ip = netip.AddrFrom4([4]byte(b[12:]))
		}
	}
	bits := 16
	if ip.Is6() {
		bits = 32
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return Group(p.String())
}

// nameOf is the group of an address that has yet to be resolved: its name.
func nameOf(a multiaddr.Multiaddr) Group {
	if !startsWithName(a) {
		return ""
	}
	return Group("name " + a[0].Value())
}
