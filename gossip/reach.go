package gossip

import (
	"context"
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
	f.Search = swarm.Search{MDNS: n.c.MDNS, DHT: n.c.DHT, DHTServers: l.finder.Servers(), Tried: n.tries.sum()}
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

// relays offers peers that may relay for us: members that are known to, then
// others of the book, of which AutoRelay finds out by connecting.
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
	return out
}
