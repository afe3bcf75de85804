package swarm

import (
	"net/netip"

	"github.com/multiformats/go-multiaddr"
)

// offered leaves of a host's addresses those that it should tell others.
//
// WebTransport and WebRTC share QUIC's port. Where AutoNAT has taken QUIC out,
// since nobody gets through, they would stay for minutes until they are tested
// themselves, and peers would dial them before a relay. And nobody needs more
// than QUIC and TCP to reach a relay.
func offered(addrs []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	quic := make(map[netip.AddrPort]bool)
	for _, a := range addrs {
		if ap, _, ok := addrPort(a); ok && TransportOf(a) == "quic" {
			quic[ap] = true
		}
	}
	out := make([]multiaddr.Multiaddr, 0, len(addrs))
	for _, a := range addrs {
		if IsRelayed(a) {
			if t := TransportOf(leg(a)); t == "quic" || t == "tcp" {
				out = append(out, a)
			}
			continue
		}
		if t := TransportOf(a); t == "webtransport" || t == "webrtc" {
			if ap, _, ok := addrPort(a); ok && !quic[ap] && len(quic) > 0 {
				continue
			}
		}
		out = append(out, a)
	}
	return out
}

// leg is the part of a relayed address that leads to the relay.
func leg(a multiaddr.Multiaddr) multiaddr.Multiaddr {
	for i, c := range a {
		if c.Protocol().Code == multiaddr.P_CIRCUIT {
			return a[:i]
		}
	}
	return a
}
