package swarm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2pswarm "github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"
	madns "github.com/multiformats/go-multiaddr-dns"
)

const (
	maxListed  = 16 // peers that one name may list
	maxRecords = 64 // addresses read of one name
	maxNesting = 4  // names that list names
)

// Place is where the operator says that a peer is: a peer's addresses, or a name
// in the DNS under which peers list theirs.
type Place struct {
	Text string
	Peer peer.AddrInfo       // when Name is nil
	Name multiaddr.Multiaddr // /dnsaddr/NAME, without /p2p/
}

// ParsePlace reads a multiaddr with /p2p/ID, or /dnsaddr/NAME.
func ParsePlace(text string) (Place, error) {
	a, err := multiaddr.NewMultiaddr(text)
	if err != nil {
		return Place{}, err
	}
	if len(a) == 1 && a[0].Protocol().Code == multiaddr.P_DNSADDR {
		return Place{Text: text, Name: a}, nil
	}
	info, err := peer.AddrInfoFromP2pAddr(a)
	if err != nil {
		return Place{}, err
	}
	if len(info.Addrs) == 0 {
		return Place{}, errors.New("it says who the peer is, not where")
	}
	return Place{Text: text, Peer: *info}, nil
}

// DefaultResolver asks the system's DNS.
func DefaultResolver() network.MultiaddrDNSResolver {
	return libp2pswarm.ResolverFromMaDNS{Resolver: madns.DefaultResolver}
}

// Peers returns whom the place names: at most maxListed by chance when a name
// lists more. An address without a peer id in a name's list is left out.
func (p Place) Peers(ctx context.Context, r network.MultiaddrDNSResolver) ([]peer.AddrInfo, error) {
	if p.Name == nil {
		return []peer.AddrInfo{p.Peer}, nil
	}
	addrs, err := r.ResolveDNSAddr(ctx, "", p.Name, maxNesting, maxRecords)
	if err != nil {
		return nil, fmt.Errorf("looking up %s: %w", p.Text, err)
	}
	var infos []peer.AddrInfo
	at := make(map[peer.ID]int)
	for _, a := range addrs {
		info, err := peer.AddrInfoFromP2pAddr(a)
		if err != nil || len(info.Addrs) == 0 {
			continue
		}
		i, known := at[info.ID]
		if !known {
			at[info.ID] = len(infos)
			infos = append(infos, *info)
			continue
		}
		infos[i].Addrs = append(infos[i].Addrs, info.Addrs...)
	}
	if len(infos) == 0 {
		return nil, fmt.Errorf("looking up %s: the name lists no peer; it needs a TXT record _dnsaddr.NAME with dnsaddr=/ip4/…/p2p/ID", p.Text)
	}
	rand.Shuffle(len(infos), func(i, j int) { infos[i], infos[j] = infos[j], infos[i] })
	return infos[:min(len(infos), maxListed)], nil
}
