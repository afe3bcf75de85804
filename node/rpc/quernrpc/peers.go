package quernrpc

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/rpc/netrpc"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
)

// peerMethods are what an operator does about peers. Unlike bitcoind's they
// take the end of a peer's id, as `quern peers` prints it.
func (n *node) peerMethods() []table.Method {
	who := table.Arg{Name: "peer", Kind: table.Text, Need: true, About: "The peer's id, an end of it that no other peer has, or a multiaddr with /p2p/"}
	return []table.Method{{
		Name: "quern.peers.ban", Category: "quern", About: "Cuts a peer off and refuses it for a while, also after restarts.",
		Args:    []table.Arg{who, {Name: "seconds", Kind: table.Long, Def: "0", About: "How long from now; 0 for 24 hours"}},
		Results: []table.Shape{table.ShapeOf[own.PeerBan]("Who is banned, until when (Unix seconds)")}, Call: n.peerBan,
	}, {
		Name: "quern.peers.unban", Category: "quern", About: "Ends a ban.",
		Args:    []table.Arg{{Name: "peer", Kind: table.Text, Need: true, About: "Whom listbanned names: a peer, as above, or an IP address"}},
		Results: []table.Shape{table.ShapeOf[own.PeerUnban]("Who was banned")}, Call: n.peerUnban,
	}, {
		Name: "quern.peers.protect", Category: "quern", About: "Keeps a peer's connection from being closed to make room, also after restarts. Misbehaviour still bans it.",
		Args: []table.Arg{who}, Results: []table.Shape{table.ShapeOf[own.PeerNamed]("The peer")}, Call: n.peerProtect,
	}, {
		Name: "quern.peers.unprotect", Category: "quern", About: "Ends a peer's protection.",
		Args: []table.Arg{who}, Results: []table.Shape{table.ShapeOf[own.PeerNamed]("The peer")}, Call: n.peerUnprotect,
	}, {
		Name: "quern.peers.protected", Category: "quern", About: "Lists the protected peers, connected or not.",
		Results: []table.Shape{table.Arr("", "The protected peers", table.Str("", "A peer id"))}, Call: n.peersProtected,
	}, {
		Name: "quern.peers.disconnect", Category: "quern", About: "Closes all connections to a peer.",
		Args: []table.Arg{who}, Results: []table.Shape{table.ShapeOf[own.PeerNamed]("The peer; a kept one is dialed again")}, Call: n.peerDisconnect,
	}}
}

// leastEnd is how many characters of a peer's id may stand for it: the last
// eight are what `quern peers` prints.
const leastEnd = 4

// peerCalled finds the peer that an operator means. Those that are connected,
// banned or protected may be called by the end of their ids.
func (n *node) peerCalled(name string) (gossip.Peer, error) {
	name = strings.TrimPrefix(strings.TrimSpace(name), "…")
	if id, err := netrpc.PeerNamed(name); err == nil {
		return id, nil
	}
	if len(name) < leastEnd {
		return "", table.Errorf(table.CodeInvalid, "%q is no peer: give its id, at least the last %d characters of it, or a multiaddr with /p2p/", name, leastEnd)
	}
	var found []gossip.Peer
	for _, p := range n.peersKnown() {
		if strings.HasSuffix(p.String(), name) && !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return "", table.Errorf(table.CodeNodeUnknown, "no peer that is connected, banned or protected has an id that ends in %.100q (`quern peers` lists them)", name)
	case 1:
		return found[0], nil
	default:
		return "", table.Errorf(table.CodeInvalid, "%d peers have an id that ends in %.100q: give more of it", len(found), name)
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
func (n *node) onPeer(a table.Args, f func(gossip.Peer) (any, error)) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	p, err := n.peerCalled(a.Text(0))
	if err != nil {
		return nil, err
	}
	if p == n.Net.ID() {
		return nil, table.Errorf(table.CodeInvalid, "%v is this node itself", p)
	}
	return f(p)
}

func (n *node) peerBan(_ context.Context, a table.Args) (any, error) {
	return n.onPeer(a, func(p gossip.Peer) (any, error) {
		d, err := netrpc.BanTime(a.Integer(1), false, n.Now())
		if err != nil {
			return nil, err
		}
		until := n.Now().Add(d)
		return own.PeerBan{PeerID: p.String(), Until: until.Unix()}, n.Net.Ban(p, d)
	})
}

func (n *node) peerUnban(_ context.Context, a table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	who := a.Text(0)
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
		return nil, table.Errorf(table.CodeInvalidSubnet, "%s is not banned (`quern peers bans` lists who is)", who)
	}
	return own.PeerUnban{Banned: who}, n.Net.Unban(who)
}

func (n *node) peerProtect(_ context.Context, a table.Args) (any, error) {
	return n.onPeer(a, func(p gossip.Peer) (any, error) { return own.PeerNamed{PeerID: p.String()}, n.Net.Protect(p) })
}

func (n *node) peerUnprotect(_ context.Context, a table.Args) (any, error) {
	return n.onPeer(a, func(p gossip.Peer) (any, error) {
		if !n.Net.Protected(p) {
			return nil, table.Errorf(table.CodeInvalid, "%v is not protected", p)
		}
		return own.PeerNamed{PeerID: p.String()}, n.Net.Unprotect(p)
	})
}

func (n *node) peersProtected(_ context.Context, _ table.Args) (any, error) {
	if err := n.needNet(); err != nil {
		return nil, err
	}
	out := []string{}
	for _, p := range n.Net.ProtectedPeers() {
		out = append(out, p.String())
	}
	return out, nil
}

func (n *node) peerDisconnect(_ context.Context, a table.Args) (any, error) {
	return n.onPeer(a, func(p gossip.Peer) (any, error) {
		if err := n.Net.Disconnect(p); err != nil {
			return nil, table.Errorf(table.CodeNodeUnknown, "%v", err)
		}
		return own.PeerNamed{PeerID: p.String(), Kept: n.Net.Keeps(p)}, nil
	})
}
