package rpc

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/gossip"
)

// peerMethods are what an operator does about peers. Unlike bitcoind's they
// take the end of a peer's id, as `quern peers` prints it.
func peerMethods() []method {
	who := arg{name: "peer", kind: text, need: true, about: "The peer's id, an end of it that no other peer has, or a multiaddr with /p2p/"}
	return []method{{
		name: "quern.peers.ban", category: "quern", about: "Cuts a peer off and refuses it for a while, also after restarts.",
		args:   []arg{who, {name: "seconds", kind: long, def: "0", about: "How long from now; 0 for 24 hours"}},
		result: "{ \"peer_id\", \"until\" }", call: peerBan,
	}, {
		name: "quern.peers.unban", category: "quern", about: "Ends a ban.",
		args:   []arg{{name: "peer", kind: text, need: true, about: "Whom listbanned names: a peer, as above, or an IP address"}},
		result: "{ \"banned\" }: who was", call: peerUnban,
	}, {
		name: "quern.peers.protect", category: "quern", about: "Keeps a peer's connection from being closed to make room, also after restarts. Misbehaviour still bans it.",
		args: []arg{who}, result: "{ \"peer_id\" }", call: peerProtect,
	}, {
		name: "quern.peers.unprotect", category: "quern", about: "Ends a peer's protection.",
		args: []arg{who}, result: "{ \"peer_id\" }", call: peerUnprotect,
	}, {
		name: "quern.peers.protected", category: "quern", about: "Lists the protected peers, connected or not.",
		result: "[ \"peer_id\", … ]", call: peersProtected,
	}, {
		name: "quern.peers.disconnect", category: "quern", about: "Closes all connections to a peer.",
		args: []arg{who}, result: "{ \"peer_id\", \"kept\" }: a kept peer is dialed again", call: peerDisconnect,
	}}
}

// leastEnd is how many characters of a peer's id may stand for it: the last
// eight are what `quern peers` prints.
const leastEnd = 4

// peerCalled finds the peer that an operator means. Those that are connected,
// banned or protected may be called by the end of their ids.
func (n *node) peerCalled(name string) (gossip.Peer, error) {
	name = strings.TrimPrefix(strings.TrimSpace(name), "…")
	if id, err := namedPeer(name); err == nil {
		return id, nil
	}
	if len(name) < leastEnd {
		return "", errorf(codeInvalid, "%q is no peer: give its id, at least the last %d characters of it, or a multiaddr with /p2p/", name, leastEnd)
	}
	var found []gossip.Peer
	for _, p := range n.peersKnown() {
		if strings.HasSuffix(p.String(), name) && !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return "", errorf(codeNodeUnknown, "no peer that is connected, banned or protected has an id that ends in %.100q (`quern peers` lists them)", name)
	case 1:
		return found[0], nil
	default:
		return "", errorf(codeInvalid, "%d peers have an id that ends in %.100q: give more of it", len(found), name)
	}
}

// peersKnown lists peers that an operator may have seen.
func (n *node) peersKnown() []gossip.Peer {
	list := n.Net.ProtectedPeers()
	for _, p := range n.Net.Peers() {
		list = append(list, p.ID)
	}
	for who := range n.Net.Bans() {
		if id, err := peer.Decode(who); err == nil {
			list = append(list, id)
		}
	}
	return list
}

// onPeer runs f for the peer that the first argument names.
func (n *node) onPeer(a args, f func(gossip.Peer) (any, error)) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	p, err := n.peerCalled(a.text(0))
	if err != nil {
		return nil, err
	}
	if p == n.Net.ID() {
		return nil, errorf(codeInvalid, "%v is this node itself", p)
	}
	return f(p)
}

func peerBan(_ context.Context, n *node, a args) (any, error) {
	return n.onPeer(a, func(p gossip.Peer) (any, error) {
		d, err := banTime(a.integer(1), false, n.Now())
		if err != nil {
			return nil, err
		}
		until := n.Now().Add(d)
		return PeerBan{PeerID: p.String(), Until: until.Unix()}, n.Net.Ban(p, d)
	})
}

func peerUnban(_ context.Context, n *node, a args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	who := a.text(0)
	if ip, err := netip.ParseAddr(who); err == nil {
		who = ip.Unmap().String()
	} else {
		p, err := n.peerCalled(who)
		if err != nil {
			return nil, err
		}
		who = p.String()
	}
	if _, banned := n.Net.Bans()[who]; !banned {
		return nil, errorf(codeInvalidSubnet, "%s is not banned (`quern peers bans` lists who is)", who)
	}
	return PeerUnban{Banned: who}, n.Net.Unban(who)
}

func peerProtect(_ context.Context, n *node, a args) (any, error) {
	return n.onPeer(a, func(p gossip.Peer) (any, error) { return PeerNamed{PeerID: p.String()}, n.Net.Protect(p) })
}

func peerUnprotect(_ context.Context, n *node, a args) (any, error) {
	return n.onPeer(a, func(p gossip.Peer) (any, error) {
		if !n.Net.Protected(p) {
			return nil, errorf(codeInvalid, "%v is not protected", p)
		}
		return PeerNamed{PeerID: p.String()}, n.Net.Unprotect(p)
	})
}

func peersProtected(_ context.Context, n *node, _ args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	out := []string{}
	for _, p := range n.Net.ProtectedPeers() {
		out = append(out, p.String())
	}
	return out, nil
}

func peerDisconnect(_ context.Context, n *node, a args) (any, error) {
	return n.onPeer(a, func(p gossip.Peer) (any, error) {
		if err := n.Net.Disconnect(p); err != nil {
			return nil, errorf(codeNodeUnknown, "%v", err)
		}
		return PeerNamed{PeerID: p.String(), Kept: n.Net.Keeps(p)}, nil
	})
}
