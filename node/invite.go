package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/gossip/swarm"
	"github.com/quernnet/quern/node/invite"
)

// maxInvited is how many peers are kept of all invites to one swarm; the latest
// invite's come first.
const maxInvited = 32

// Invite asks somebody into c's swarm. Of the addresses, multiaddrs with /p2p/
// of this node and of others, it takes the most useful ones. Those that c names
// are among the others'.
func (c *Config) Invite(own, others []string) (invite.Invite, error) {
	p, err := c.Params()
	if err != nil {
		return invite.Invite{}, err
	}
	return invite.Invite{
		Swarm: c.SwarmName(), Chain: c.Chain, Overrides: c.Rules.overrides(),
		Rules: invite.ShortDigest(p.Digest().String()),
		Meet:  c.P2P.PublicDHT == "on",
		Peers: invite.Choose(own, slices.Concat(others, c.P2P.Peers, c.P2P.Seeds)),
	}, nil
}

// Accept makes c the configuration of the invite's swarm: its name, its chain,
// its rules, and its peers besides those that c has. It refuses an invite whose
// rules this version of Quern would not follow; c is then as it was.
func (c *Config) Accept(i invite.Invite) error {
	rules, err := rulesOf(i.Overrides)
	if err != nil {
		return fmt.Errorf("the invite's rules: %w", err)
	}
	next := *c
	next.Swarm, next.Chain, next.Rules = i.Swarm, i.Chain, rules
	p, err := next.Params()
	if err != nil {
		return fmt.Errorf("this version of Quern cannot follow the invite's rules: %w", err)
	}
	if digest := p.Digest().String(); !strings.HasPrefix(digest, i.Rules) {
		return fmt.Errorf("this version of Quern (%s) would follow other rules than the swarm %s: the invite's have the digest %s…, ours %s…; "+
			"use the version of Quern that the invite was made with", Version, i.Swarm, invite.ShortDigest(i.Rules), invite.ShortDigest(digest))
	}
	if err := OwnName(i.Swarm, i.Chain); err != nil {
		return err
	}
	for _, addr := range slices.Backward(i.Peers) {
		if !slices.Contains(next.P2P.Peers, addr) {
			next.P2P.Peers = slices.Insert(slices.Clone(next.P2P.Peers), 0, addr)
		}
	}
	if i.Meet && next.P2P.PublicDHT == "auto" {
		next.P2P.PublicDHT = "on"
	}
	next.P2P.Peers = next.P2P.Peers[:min(len(next.P2P.Peers), maxInvited)]
	*c = next
	return nil
}

// OwnName refuses to call a swarm of one chain by another chain's name: `quern
// run --chain NAME` would then find rules that nobody expects.
func OwnName(swarm, chain string) error {
	if _, err := consensus.Chain(swarm); err == nil && swarm != chain {
		return fmt.Errorf("%s is the name of a chain: a swarm of the chain %s cannot be called that", swarm, chain)
	}
	return nil
}

// Addresses are where c's node will be reached, before it runs, as far as that
// is known: by what it is to listen on and this machine's network interfaces.
// The node's identity is made if there is none.
func (c *Config) Addresses() ([]string, error) {
	p, err := c.Params()
	if err != nil {
		return nil, err
	}
	listen := c.P2P.Listen
	if len(listen) == 0 {
		listen = defaultListen(p.Port)
	}
	if err := os.MkdirAll(c.Dir(), 0o700); err != nil {
		return nil, fmt.Errorf("folder of the swarm: %w", err)
	}
	key, err := swarm.Identity(filepath.Join(c.Dir(), identityName))
	if err != nil {
		return nil, err
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	own, err := reachable(listen)
	if err != nil {
		return nil, err
	}
	for i := range own {
		own[i] += "/p2p/" + id.String()
	}
	return own, nil
}

// reachable puts this machine's addresses where a listener says "all", and
// leaves out ports that the system will choose.
func reachable(listen []string) (out []string, err error) {
	var bad []error
	for _, text := range listen {
		a, err := multiaddr.NewMultiaddr(text)
		if err != nil {
			bad = append(bad, fmt.Errorf("p2p.listen: %q: %w", text, err))
			continue
		}
		if port, _ := firstPort(a); port == "0" {
			continue
		}
		if !manet.IsIPUnspecified(a) {
			out = append(out, a.String())
			continue
		}
		for _, ip := range interfaces() {
			if same := ip[0].Code() == a[0].Code(); same {
				out = append(out, multiaddr.Join(ip, a[1:]).String())
			}
		}
	}
	return out, errors.Join(bad...)
}

func firstPort(a multiaddr.Multiaddr) (string, error) {
	if port, err := a.ValueForProtocol(multiaddr.P_TCP); err == nil {
		return port, nil
	}
	return a.ValueForProtocol(multiaddr.P_UDP)
}

// interfaces are this machine's addresses that others may reach. That they
// cannot be read only makes an invite poorer.
func interfaces() (out []multiaddr.Multiaddr) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range list {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLinkLocalUnicast() || !(n.IP.IsGlobalUnicast() || n.IP.IsLoopback()) {
			continue
		}
		if m, err := manet.FromIP(n.IP); err == nil {
			out = append(out, m)
		}
	}
	return out
}
