package gossip

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	libp2pswarm "github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/quernnet/quern/gossip/swarm"
)

// few outbound peers are so few that seeds and the public DHT are asked.
const few = 3

// errand is why we dial a peer.
type errand struct {
	purpose swarm.Purpose
	under   bool // the dial is under way
}

// dial connects to a peer, and forgets libp2p's own back-off: the book has ours.
// A peer that some walk of the DHT connected to already is taken into the slot. A
// peer reached over a relay gets it when the direct connection is there.
func (n *Net) dial(ctx context.Context, info peer.AddrInfo, why swarm.Purpose) error {
	l := n.live.Load()
	if l == nil {
		return ErrNotRunning
	}
	n.members.begin(info.ID, why)
	if s, ok := l.host.Network().(*libp2pswarm.Swarm); ok {
		s.Backoff().Clear(info.ID)
	}
	err := l.host.Connect(ctx, info)
	n.members.end(info.ID, err)
	n.dialed(info.ID, err)
	return err
}

// begin notes why p is dialed.
func (s *members) begin(p Peer, why swarm.Purpose) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errands[p] = errand{why, true}
	if m := s.m[p]; m != nil && !m.inbound && why == swarm.ForSlot {
		m.slot, m.feeler = true, false
		if m.passed {
			s.protect(m)
		}
	}
}

// end notes that the dial of p ended.
func (s *members) end(p Peer, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.errands[p]
	if !ok {
		return
	}
	e.under = false
	s.errands[p] = e
	m := s.m[p]
	switch {
	case err != nil && m != nil && m.inbound: // it came by itself meanwhile
		m.slot, m.feeler = false, false
		delete(s.errands, p)
	case err != nil, !s.connected(p), e.purpose == swarm.ForFeeler && m != nil && m.passed:
		delete(s.errands, p)
	}
}

// chosen tells whether p takes no guest's place: we dialed it, or the operator
// wants it; s.mu is held.
func (s *members) chosen(p Peer) bool {
	_, dialed := s.errands[p]
	return dialed || s.n.book.Kept(p)
}

// slots lists the peers in outbound slots.
func (s *members) slots() []swarm.Slot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []swarm.Slot
	for p, m := range s.m {
		if m.slot {
			list = append(list, swarm.Slot{Peer: p, Group: m.group, Since: m.since, Kept: s.n.book.Kept(p), New: !m.passed})
		}
	}
	return list
}

// anchors lists the peers that may be anchors.
func (s *members) anchors() []swarm.Anchor {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []swarm.Anchor
	for p, m := range s.m {
		if m.slot && m.passed && !s.n.book.Kept(p) {
			list = append(list, swarm.Anchor{ID: p, Addr: m.addr, Group: m.group, Since: m.since, Useful: !m.block.IsZero() || !m.tx.IsZero()})
		}
	}
	return list
}

// undialable tells of whom dialing would bring nothing: the banned, and the
// connected but for those that a slot could be given to. The answer is as of now.
func (s *members) undialable() func(Peer) bool {
	connected := make(map[Peer]struct{})
	for _, p := range s.l.host.Network().Peers() {
		connected[p] = struct{}{}
	}
	s.mu.RLock()
	for p, m := range s.m {
		if m.passed && !m.inbound && !m.slot {
			delete(connected, p)
		}
	}
	s.mu.RUnlock()
	return func(p Peer) bool {
		_, ok := connected[p]
		return ok || s.n.scores.banned(p)
	}
}

// outbound counts the members that we dialed, chosen or met on a walk of the DHT.
func (s *members) outbound() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k := 0
	for _, m := range s.m {
		if !m.inbound && !m.feeler {
			k++
		}
	}
	return k
}

// short tells whether discovery should hurry. Who comes to us does not count:
// whoever surrounds us must not calm us.
func (s *members) short() bool { return s.n.gate.Open() && s.outbound() < s.n.c.Outbound }

// lonely tells whether there are far too few peers.
func (s *members) lonely() bool { return s.n.gate.Open() && s.outbound() < min(few, s.n.c.Outbound) }

// working tells whether the network works, so that a failed dial speaks of the
// peer that was dialed.
func (s *members) working() bool { return len(s.list()) > 0 }

// Good is what a peer can be the first to bring.
type Good int

const (
	NewTx    Good = iota // a transaction that the mempool accepted
	NewBlock             // a block that was accepted, or a header with its work
)

// Useful notes that a peer was the first to bring something good. Such a peer
// keeps its place when room is made for others, and may be dialed first after a
// restart.
func (n *Net) Useful(p Peer, g Good) {
	n.members.mu.Lock()
	defer n.members.mu.Unlock()
	m := n.members.m[p]
	if m == nil {
		return
	}
	if g == NewBlock {
		m.block = n.c.Now()
	} else {
		m.tx = n.c.Now()
	}
}

// lastUseful is when m last brought something; s.mu is held.
func (m *member) lastUseful() time.Time {
	if m.tx.After(m.block) {
		return m.tx
	}
	return m.block
}
