package gossip

import (
	"context"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/quernnet/quern/gossip/swarm"
)

// Reach is how the world can reach this node; see package swarm.
type Reach = swarm.Reach

// reachEvery is how often a change of the state is looked for, to log it.
const reachEvery = 2 * time.Second

// Reach tells how the world can reach this node, why, what is wrong and what to
// do about it.
func (n *Net) Reach() Reach {
	f := n.facts()
	s, why, troubles := swarm.Judge(f)
	return Reach{State: s, Since: n.reach.Settle(s), Why: why, Troubles: troubles, Facts: f}
}

// facts are the tracker's with what is known of peers.
func (n *Net) facts() swarm.Facts {
	f := n.reach.Facts()
	f.Active = n.Active()
	l := n.live.Load()
	if l == nil {
		return f
	}
	f.Outbound = n.members.outbound()
	f.Inbound = max(0, len(n.members.list())-f.Outbound)
	f.Waiting = n.waiting.list()
	f.Punches.Succeeded, f.Punches.Failed = n.waiting.counts()
	f.Search = swarm.Search{MDNS: n.c.MDNS, DHT: n.c.DHT, Public: n.c.Meet, DHTServers: l.finder.Servers(), Tried: n.tries.sum()}
	return f
}

// watchReach logs each new state, until ctx ends.
func (n *Net) watchReach(ctx context.Context) {
	t := time.NewTicker(reachEvery)
	defer t.Stop()
	last := swarm.StateUnknown
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if r := n.Reach(); r.State != last {
				last = r.State
				n.c.Log.Info("reachability", "state", r.State, "why", r.Why)
			}
		}
	}
}

// moved has others told of our new addresses.
func (n *Net) moved() {
	if l := n.live.Load(); l != nil {
		l.finder.Moved()
	}
}

const (
	strangeRelays = 2           // peers of the book that are tried as relays at a time
	strangeEvery  = time.Minute // AutoRelay asks every few seconds, and each costs a dial
)

// relays offers peers that may relay for us: members that are known to, and when
// these are fewer than one can want, others of the book that can be dialed
// directly. AutoRelay calls it from one goroutine.
func (n *Net) relays(_ context.Context, num int) <-chan peer.AddrInfo {
	out := make(chan peer.AddrInfo, num)
	defer close(out)
	l := n.live.Load()
	if l == nil {
		return out
	}
	for _, p := range n.members.list() {
		if len(out) == num {
			return out
		}
		if ids, err := l.host.Peerstore().SupportsProtocols(p, proto.ProtoIDv2Hop); err == nil && len(ids) > 0 {
			out <- l.host.Peerstore().PeerInfo(p)
		}
	}
	if now := n.c.Now(); len(out) < swarm.WantRelays && now.Sub(n.strange) >= strangeEvery {
		n.strange = now
		for _, c := range n.book.Pick(min(strangeRelays, num-len(out)), n.members.undialable(), nil) {
			c.Addrs = slices.DeleteFunc(c.Addrs, swarm.IsRelayed)
			if len(c.Addrs) > 0 {
				out <- c.AddrInfo
			}
		}
	}
	return out
}
