package invite

import (
	"slices"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// How many addresses of each kind an invite carries: few enough for a QR code
// that a terminal can show.
const (
	mostPublic  = 3
	mostRelayed = 1
	mostLocal   = 2
	mostOthers  = 2 // of other members
)

// Choose picks the addresses that help most whoever gets the invite: of the
// inviter's own, then a few of other members, without whom nobody could join
// while the inviter is away or out of reach.
func Choose(own, others []string) []string {
	chosen := best(own)
	members := best(others)
	for _, text := range members[:min(len(members), mostOthers)] {
		if !slices.Contains(chosen, text) {
			chosen = append(chosen, text)
		}
	}
	return chosen
}

// best picks addresses, the most useful first: public ones of different hosts and transports, then one through
// a relay, then those of the local network. This machine's own loopback is only
// good for a second node on it and is taken when there is nothing else.
// Addresses for browsers, which change at each start, and what is no address
// are left out.
func best(addrs []string) []string {
	var public, relayed, local, loopback []string
	for _, text := range addrs {
		text, err := CheckPeer(text)
		if err != nil {
			continue
		}
		a, err := multiaddr.NewMultiaddr(text)
		if err != nil || has(a, multiaddr.P_WEBTRANSPORT) || has(a, multiaddr.P_WEBRTC_DIRECT) || has(a, multiaddr.P_CERTHASH) {
			continue
		}
		switch {
		case has(a, multiaddr.P_CIRCUIT):
			relayed = append(relayed, text)
		case manet.IsPublicAddr(a) || named(a):
			public = append(public, text)
		case manet.IsIPLoopback(a):
			loopback = append(loopback, text)
		case !manet.IsIPUnspecified(a) && !manet.IsIP6LinkLocal(a):
			local = append(local, text)
		}
	}
	chosen := slices.Concat(spread(public, mostPublic), spread(relayed, mostRelayed), spread(local, mostLocal))
	if len(chosen) == 0 {
		chosen = spread(loopback, 1)
	}
	return chosen
}

// OnlyLocal says that none of the addresses is of use beyond a local network.
func OnlyLocal(addrs []string) bool {
	return !slices.ContainsFunc(addrs, func(text string) bool {
		a, err := multiaddr.NewMultiaddr(text)
		return err == nil && (has(a, multiaddr.P_CIRCUIT) || manet.IsPublicAddr(a) || named(a))
	})
}

// spread takes up to most addresses, first one of each host, TCP before QUIC
// where both are there: more networks let it through.
func spread(addrs []string, most int) []string {
	slices.SortStableFunc(addrs, func(a, b string) int { return udp(a) - udp(b) })
	var first, rest []string
	hosts := make(map[string]bool)
	for _, text := range addrs {
		if slices.Contains(first, text) || slices.Contains(rest, text) {
			continue
		}
		if host := hostOf(text); !hosts[host] {
			hosts[host] = true
			first = append(first, text)
		} else {
			rest = append(rest, text)
		}
	}
	all := append(first, rest...)
	return all[:min(len(all), most)]
}

func udp(text string) int {
	if a, err := multiaddr.NewMultiaddr(text); err == nil && has(a, multiaddr.P_UDP) {
		return 1
	}
	return 0
}

// hostOf is an address's first part, a host's IP address or name.
func hostOf(text string) string {
	a, err := multiaddr.NewMultiaddr(text)
	if err != nil || len(a) == 0 {
		return text
	}
	return a[0].String()
}

func has(a multiaddr.Multiaddr, code int) bool {
	return slices.ContainsFunc(a, func(c multiaddr.Component) bool { return c.Code() == code })
}

// named says that a begins with a name, which somebody gave to be reached by.
func named(a multiaddr.Multiaddr) bool {
	switch a[0].Code() {
	case multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6, multiaddr.P_DNSADDR:
		return true
	}
	return false
}
