package gossip

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/quernnet/quern/gossip/swarm"
)

// partTime is how long a peer that went, or that Disconnect sent away, is left alone, so
// that others have their turn and its operator has his way: not long, since there may be
// none.
const partTime = 30 * time.Second

// Info describes a connected peer.
type Info struct {
	ID             Peer
	Addr           string // multiaddr
	Transport      string // tcp, quic, webtransport, webrtc, websocket
	Agent          string
	Inbound        bool
	Since          time.Time
	Latency        time.Duration // 0: not known
	Score          int           // misbehaviour points
	Gossip         float64       // GossipSub's score, a few seconds old: below 0 it is in no mesh
	Sent, Received int64         // bytes
	Source         string        // how it was found: config, seed, anchor, saved, mdns, dht, public-dht, inbound, rpc
	Slot           bool          // it holds one of the outbound slots
	Useful         time.Time     // when it last was the first to bring a block or transaction; zero: never
}

// Peers lists connected peers that passed OnPeer, the longest connected first.
func (n *Net) Peers() []Info {
	l := n.live.Load()
	if l == nil {
		return nil
	}
	n.members.mu.RLock()
	var list []Info
	for p, m := range n.members.m {
		if m.passed {
			list = append(list, Info{ID: p, Inbound: m.inbound, Since: m.since, Slot: m.slot, Useful: m.lastUseful()})
		}
	}
	n.members.mu.RUnlock()
	for i := range list {
		n.describe(l, &list[i])
	}
	slices.SortFunc(list, func(a, b Info) int { return a.Since.Compare(b.Since) })
	return list
}

// describe fills in what others than members know.
func (n *Net) describe(l *live, i *Info) {
	if c := bestConn(l.host.Network().ConnsToPeer(i.ID)); c != nil {
		i.Addr, i.Transport = c.RemoteMultiaddr().String(), swarm.TransportOf(c.RemoteMultiaddr())
	}
	if v, err := l.host.Peerstore().Get(i.ID, "AgentVersion"); err == nil {
		i.Agent, _ = v.(string)
	}
	i.Latency = l.host.Peerstore().LatencyEWMA(i.ID)
	i.Score, i.Gossip = int(n.scores.of(i.ID)), l.mesh.scores.of(i.ID)
	t := n.traffic.GetBandwidthForPeer(i.ID)
	i.Sent, i.Received = t.TotalOut, t.TotalIn
	if i.Source = string(n.book.Source(i.ID)); i.Inbound && !n.book.Kept(i.ID) {
		i.Source = string(swarm.FromInbound)
	}
}

// Traffic tells the bytes sent and received since Run began, all peers together.
func (n *Net) Traffic() (sent, received int64) {
	return n.traffic.sent.Load(), n.traffic.received.Load()
}

// Addrs is where this node can be reached, as far as it knows: multiaddrs with
// /p2p/. None before Run listens.
func (n *Net) Addrs() []string {
	l := n.live.Load()
	if l == nil {
		return nil
	}
	var list []string
	for _, a := range l.host.Addrs() {
		list = append(list, a.String()+"/p2p/"+n.id.String())
	}
	return list
}

// Connect dials a multiaddr with /p2p/ and keeps the connection (addnode). The
// peer is kept, and dialed again from time to time, even when this dial fails,
// unless the address is malformed.
func (n *Net) Connect(ctx context.Context, addr string) error {
	info, err := peerAddr(addr)
	if err != nil {
		return err
	}
	if info.ID == n.id {
		return fmt.Errorf("peer address %q is our own", addr)
	}
	l := n.live.Load()
	if l == nil {
		return ErrNotRunning
	}
	n.gate.Name(info.ID)
	if !n.book.Keep(info, swarm.FromRPC) {
		return fmt.Errorf("peer address %q: too many peers are kept already, forget some first", addr)
	}
	if err := n.dial(ctx, info, swarm.ForSlot); err != nil {
		return fmt.Errorf("connecting to %s: %w", addr, err)
	}
	return nil
}

// Keeps tells whether a peer is kept: configured, or named by Connect.
func (n *Net) Keeps(p Peer) bool { return n.book.Kept(p) }

// Forget stops keeping a peer (addnode remove). It stays connected.
func (n *Net) Forget(p Peer) {
	n.book.Unkeep(p)
	n.gate.Unname(p)
	if l := n.live.Load(); l != nil {
		l.host.ConnManager().Unprotect(p, "quern/outbound")
	}
}

// Disconnect closes all connections to a peer. A kept peer is dialed again at
// once, another one not for a while.
func (n *Net) Disconnect(p Peer) error {
	l := n.live.Load()
	if l == nil {
		return ErrNotRunning
	}
	if l.host.Network().Connectedness(p) == network.NotConnected {
		return fmt.Errorf("%s is not connected", p)
	}
	if !n.book.Kept(p) {
		n.book.Parted(p, partTime) // before it is gone: the dialer does not wait
	}
	if err := n.members.cut(p); err != nil {
		return fmt.Errorf("disconnecting %s: %w", p, err)
	}
	return nil
}

// SetActive(false) cuts every connection and refuses new ones until
// SetActive(true): the operator's switch (setnetworkactive).
func (n *Net) SetActive(on bool) {
	n.gate.SetOpen(on)
	l := n.live.Load()
	if l == nil {
		return
	}
	if on {
		n.book.Hurry()
		l.dialer.Kick()
		l.finder.Kick()
		return
	}
	for _, p := range l.host.Network().Peers() {
		_ = n.members.cut(p) // gone already is as good
	}
}

// Active tells how SetActive left it.
func (n *Net) Active() bool { return n.gate.Open() }

// Bans lists who is banned and until when, by peer id or IP address.
func (n *Net) Bans() map[string]time.Time { return n.scores.all() }

// BanReason says in words why somebody in Bans is banned; "" when it is not
// known. A part of it may be a stranger's words; it is printable ASCII.
func (n *Net) BanReason(whom string) string { return n.scores.reason(whom) }
