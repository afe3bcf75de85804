package gossip

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/quernnet/quern/gossip/swarm"
)

// guestRoom is how many peers may be connected that we did not choose: outbound
// slots are not theirs to fill.
func (s *members) guestRoom() int { return max(1, s.n.c.MaxPeers-s.n.c.Outbound) }

// guestMembers counts the members that we did not choose; s.mu is held.
func (s *members) guestMembers() int {
	k := 0
	for p := range s.m {
		if _, leaves := s.leaving[p]; !leaves && !s.chosen(p) {
			k++
		}
	}
	return k
}

// room tells whether p, who connects to us, may come in. When all places are
// taken, the least useful guest leaves for it.
func (s *members) room(p Peer) bool {
	l := s.n.live.Load()
	if l == nil {
		return false
	}
	conns := l.host.Network().Conns()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.chosen(p) || s.n.protected.has(p) {
		return true
	}
	guests := s.guests(conns)
	here := slices.ContainsFunc(guests, func(g swarm.Guest) bool { return g.Peer == p })
	if here || len(guests) < s.guestRoom() {
		return true
	}
	victim, ok := swarm.Evict(slices.DeleteFunc(guests, func(g swarm.Guest) bool { return s.n.protected.has(g.Peer) }), s.key)
	if !ok {
		return false
	}
	s.n.c.Log.Debug("peer leaves for a newcomer", "peer", victim, "newcomer", p)
	s.send(victim)
	return true
}

// part sends a peer away.
func (s *members) part(p Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.send(p)
	}
}

// send closes p's connections, without waiting; s.mu is held.
func (s *members) send(p Peer) {
	s.leaving[p] = struct{}{}
	s.wg.Go(func() {
		_ = s.l.host.Network().ClosePeer(p) // gone already is as good
		s.mu.Lock()
		delete(s.leaving, p)
		s.mu.Unlock()
	})
}

// guests lists the connected peers that we did not choose, members or not yet;
// s.mu is held.
func (s *members) guests(conns []network.Conn) []swarm.Guest {
	var list []swarm.Guest
	seen := make(map[Peer]struct{}, len(conns))
	for _, c := range conns {
		p := c.RemotePeer()
		_, known := seen[p]
		_, leaves := s.leaving[p]
		if known || leaves || c.Stat().Limited || s.chosen(p) {
			continue
		}
		seen[p] = struct{}{}
		g := swarm.Guest{
			Peer: p, Group: s.n.grouping.Of(p, c.RemoteMultiaddr()), Since: c.Stat().Opened,
			Latency: s.l.host.Peerstore().LatencyEWMA(p),
		}
		if m := s.m[p]; m != nil {
			g.Block, g.Tx = m.block, m.tx
		}
		list = append(list, g)
	}
	return list
}
