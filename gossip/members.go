package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/multiformats/go-multiaddr"
	"github.com/quernnet/quern/gossip/swarm"
)

const (
	joinTime     = 20 * time.Second // for OnPeer's joined
	gateTime     = 5 * time.Second  // that a question waits for its asker to pass
	strangerTime = 15 * time.Second // that a connection may live without becoming a member
	sweepEvery   = 5 * time.Second
	pingEvery    = time.Minute
	pingTime     = 20 * time.Second
	lingerTime   = 2 * time.Second // of a feeler, so that the other side's handshake ends too
)

// members owns who is a peer of ours: connected, speaking our protocols, and
// through with the handshake or at it.
//
// libp2p's events only say whose state to look at; what is true is asked of the
// host, so a lost or late event delays and never lies. Invariants: at most one
// member a peer; one goroutine a member, which runs joined, then pings until the
// peer goes, then runs left; the goroutines of one peer run one after the other;
// every member is either in an outbound slot, a feeler, or a guest, and there are
// at most MaxPeers less Outbound guests besides kept ones.
type members struct {
	n   *Net
	key uint64 // orders groups in secret, see swarm.Evict

	mu        sync.RWMutex
	l         *live
	m         map[Peer]*member
	last      map[Peer]chan struct{} // closed when the peer's latest goroutine has ended
	changed   chan struct{}          // closed at every change, then replaced
	strangers map[Peer]time.Time     // connected but no members, since when
	errands   map[Peer]errand        // whom we dial or dialed and why, until they are gone
	leaving   map[Peer]struct{}      // evicted, and not gone yet
	closed    bool

	wg     sync.WaitGroup
	events event.Subscription
}

// member is one peer. What follows cancel is guarded by members.mu, the rest is fixed.
type member struct {
	peer    Peer
	since   time.Time
	inbound bool
	addr    multiaddr.Multiaddr // of the connection that made it a member
	group   swarm.Group
	ctx     context.Context // ends when the peer goes
	cancel  context.CancelFunc

	passed    bool
	slot      bool      // we chose it, to stay
	feeler    bool      // we dialed it to see whether it answers
	block, tx time.Time // when it last was the first to bring something good
}

func newMembers(n *Net) *members {
	return &members{
		n: n, key: rand.Uint64(), m: make(map[Peer]*member), last: make(map[Peer]chan struct{}),
		changed: make(chan struct{}), strangers: make(map[Peer]time.Time),
		errands: make(map[Peer]errand), leaving: make(map[Peer]struct{}),
	}
}

// watch begins to follow the host's events.
func (s *members) watch(l *live) error {
	events, err := l.host.EventBus().Subscribe([]any{
		new(event.EvtPeerConnectednessChanged),
		new(event.EvtPeerIdentificationCompleted),
		new(event.EvtPeerProtocolsUpdated),
	}, eventbus.BufSize(1024), eventbus.Name("quern/members"))
	if err != nil {
		return fmt.Errorf("gossip: %w", err)
	}
	s.l, s.events = l, events
	s.wg.Go(func() {
		for e := range events.Out() {
			switch e := e.(type) {
			case event.EvtPeerConnectednessChanged:
				s.look(e.Peer)
			case event.EvtPeerIdentificationCompleted:
				s.look(e.Peer)
			case event.EvtPeerProtocolsUpdated:
				s.look(e.Peer)
			}
		}
	})
	return nil
}

// close ends all members and waits for their goroutines.
func (s *members) close() {
	s.mu.Lock()
	s.closed = true
	for _, m := range s.m {
		m.cancel()
	}
	s.mu.Unlock()
	if s.events != nil {
		_ = s.events.Close()
	}
	s.wg.Wait()
}

// look compares what the host says of p with what we hold, and acts on the difference.
func (s *members) look(p Peer) {
	conns := s.l.host.Network().ConnsToPeer(p)
	if s.n.waiting.look(p, conns) {
		s.wg.Go(func() { s.l.closeRelayed(p) })
	}
	direct := slices.DeleteFunc(conns, func(c network.Conn) bool { return c.Stat().Limited })
	speaks := len(direct) > 0 && s.speaks(p)

	s.mu.Lock()
	defer s.mu.Unlock()
	if len(conns) == 0 {
		delete(s.strangers, p)
		if !s.errands[p].under {
			delete(s.errands, p)
		}
	}
	m := s.m[p]
	switch {
	case m != nil && len(direct) == 0:
		s.drop(m)
	case m == nil && speaks && !s.closed && s.l.ctx.Err() == nil:
		if !s.chosen(p) && !s.n.protected.has(p) && s.guestMembers() >= s.guestRoom() {
			s.n.c.Log.Debug("no room for a peer", "peer", p)
			s.wg.Go(func() { _ = s.l.host.Network().ClosePeer(p) })
			return
		}
		s.add(p, direct[0])
	}
}

// speaks tells whether p is of our swarm: it answers the handshake that we ask,
// or, when we have none, anything that we answer.
func (s *members) speaks(p Peer) bool {
	var ids []protocol.ID
	for id, r := range s.n.protocols {
		if r.handshake {
			ids = []protocol.ID{protocol.ID(id)}
			break
		}
		ids = append(ids, protocol.ID(id))
	}
	if len(ids) == 0 {
		return true
	}
	id, err := s.l.host.Peerstore().FirstSupportedProtocol(p, ids...)
	return err == nil && id != ""
}

// add makes p a member and starts its goroutine; s.mu is held.
func (s *members) add(p Peer, c network.Conn) {
	// Not of Run's context: when that ends, shut has yet to see who was a member.
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.l.ctx))
	m := &member{
		peer: p, since: s.n.c.Now(), inbound: c.Stat().Direction == network.DirInbound, ctx: ctx, cancel: cancel,
		addr: c.RemoteMultiaddr(), group: s.n.grouping.Of(p, c.RemoteMultiaddr()),
	}
	if e, ok := s.errands[p]; ok { // also when the direct connection came by a hole punch
		m.slot, m.feeler = e.purpose == swarm.ForSlot, e.purpose == swarm.ForFeeler
	}
	s.m[p] = m
	delete(s.strangers, p)
	s.n.traffic.open(p)
	before, done := s.last[p], make(chan struct{})
	s.last[p] = done
	s.wg.Go(func() {
		if before != nil {
			<-before
		}
		s.live(m)
		s.mu.Lock()
		s.drop(m)
		if s.last[p] == done {
			delete(s.last, p)
		}
		s.mu.Unlock()
		close(done)
	})
}

// drop ends m, if it still is a member; s.mu is held.
func (s *members) drop(m *member) {
	m.cancel()
	if s.m[m.peer] == m {
		delete(s.m, m.peer)
		s.n.traffic.close(m.peer)
		s.wake()
	}
}

// cut closes all connections to p and ends its membership with them. Waiting for
// the host's word is not enough: it says nothing of a peer that is back before
// its events are out, and who was cut must join again.
func (s *members) cut(p Peer) error {
	err := s.l.host.Network().ClosePeer(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.m[p]; m != nil {
		s.drop(m)
	}
	if !s.closed {
		s.wg.Go(func() { s.look(p) })
	}
	return err
}

// wake tells waiters that something has changed; s.mu is held.
func (s *members) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// live is a member's life.
func (s *members) live(m *member) {
	if m.ctx.Err() != nil {
		return
	}
	if err := s.handshake(m); err != nil {
		s.reject(m, err)
		return
	}
	s.welcome(m)
	if s.pass(m) {
		s.pings(m)
	} else {
		sleep(m.ctx, lingerTime)
		_ = s.l.host.Network().ClosePeer(m.peer) // a feeler knows enough
	}
	if !m.feeler && !s.n.book.Kept(m.peer) {
		s.n.book.Parted(m.peer, partTime)
	}
	s.n.left(m.peer)
	s.l.finder.Kick()
	s.l.dialer.Kick()
}

func (s *members) handshake(m *member) error {
	ctx, cancel := context.WithTimeout(m.ctx, joinTime)
	defer cancel()
	return s.n.joined(ctx, m.peer)
}

// reject sends away a peer that did not pass. One that went by itself is only
// dialed later: it may have had no room, and may come back to us at any time.
func (s *members) reject(m *member, err error) {
	s.n.report(err)
	if s.l.ctx.Err() != nil || !s.n.gate.Open() {
		return
	}
	level := slog.LevelDebug
	if s.n.book.Kept(m.peer) {
		level = slog.LevelWarn
	}
	s.n.c.Log.Log(m.ctx, level, "handshake failed", "peer", m.peer, "err", err)
	s.n.tries.failed(m.peer, s.n.book.Source(m.peer), swarm.Brief(err.Error()))
	if m.ctx.Err() != nil || !s.connected(m.peer) {
		if !m.inbound { // who came by itself may go: a feeler does
			s.n.book.Failed(m.peer, true)
		}
		return
	}
	s.n.book.Refused(m.peer)
	_ = s.l.host.Network().ClosePeer(m.peer)
}

// pass lists m among the peers, unless it is a feeler.
func (s *members) pass(m *member) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.feeler {
		return false
	}
	m.passed = true
	s.wake()
	s.protect(m)
	return true
}

// protect has the connection manager spare a peer that we chose; s.mu is held.
func (s *members) protect(m *member) {
	s.l.host.ConnManager().TagPeer(m.peer, "quern/member", 100)
	if m.slot || s.n.book.Kept(m.peer) {
		s.l.host.ConnManager().Protect(m.peer, "quern/outbound")
	}
}

// welcome notes a peer that passed where it can be found again.
func (s *members) welcome(m *member) {
	info := s.l.host.Peerstore().PeerInfo(m.peer)
	info.Addrs = s.n.usable(info)
	s.n.tries.good(m.peer)
	if at := s.reachedAt(m, info); at != nil {
		s.n.book.Reached(info, at)
	} else {
		s.n.book.Met(info, m.group)
	}
	s.l.finder.Kick()
	s.n.c.Log.Debug("peer joined", "peer", m.peer, "inbound", m.inbound)
}

// reachedAt is the address at which dialing m was of use; nil: it came to us by
// itself. When a hole was punched from the other side, it is the relay's.
func (s *members) reachedAt(m *member, info peer.AddrInfo) multiaddr.Multiaddr {
	s.mu.RLock()
	_, ours := s.errands[m.peer]
	s.mu.RUnlock()
	if !m.inbound {
		return m.addr
	}
	if i := slices.IndexFunc(info.Addrs, swarm.IsRelayed); ours && i >= 0 {
		return info.Addrs[i]
	}
	return nil
}

// pings measures latency until the peer goes.
func (s *members) pings(m *member) {
	defer s.l.host.ConnManager().Unprotect(m.peer, "quern/outbound")
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		s.ping(m)
		select {
		case <-m.ctx.Done():
			return
		case <-t.C:
		}
	}
}

// ping records one round trip in the peerstore.
func (s *members) ping(m *member) {
	ctx, cancel := context.WithTimeout(network.WithNoDial(m.ctx, "ping"), pingTime)
	defer cancel()
	res := ping.Ping(ctx, s.l.host, m.peer)
	select {
	case r := <-res:
		if r.Error != nil {
			s.n.c.Log.Debug("ping", "peer", m.peer, "err", r.Error)
		}
	case <-ctx.Done():
	}
	cancel()
	for range res { // until its goroutine has ended
	}
}

// sweep disconnects strangers: whoever is connected and does not become a
// member in time. They learn nothing here and we nothing from them.
func (s *members) sweep(ctx context.Context) {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.sweepOnce(ctx)
		}
	}
}

func (s *members) sweepOnce(ctx context.Context) {
	for _, p := range s.n.waiting.over() {
		s.l.closeRelayed(p)
	}
	for _, p := range s.overstayed(s.l.host.Network().Peers()) {
		level := slog.LevelDebug
		if s.n.book.Kept(p) {
			level = slog.LevelWarn
		}
		s.n.c.Log.Log(ctx, level, "peer does not speak this swarm's protocols", "peer", p, "swarm", s.n.c.Swarm)
		s.n.tries.failed(p, s.n.book.Source(p), "it is of another swarm")
		s.n.book.Refused(p)
		_ = s.l.host.Network().ClosePeer(p)
	}
}

// overstayed returns the peers that have been strangers for too long. A relayed
// connection waits for the direct one, and ends by itself.
func (s *members) overstayed(connected []Peer) []Peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.n.c.Now()
	here := make(map[Peer]time.Time, len(connected))
	var over []Peer
	for _, p := range connected {
		if s.m[p] != nil || s.l.host.Network().Connectedness(p) == network.Limited {
			continue
		}
		since, known := s.strangers[p]
		if !known {
			since = now
		}
		if here[p] = since; now.Sub(since) >= strangerTime {
			over = append(over, p)
		}
	}
	s.strangers = here
	return over
}

// passed tells whether p's handshake is done.
func (s *members) passed(p Peer) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := s.m[p]
	return m != nil && m.passed
}

var errNotMember = errors.New("peer has not passed the handshake")

// await waits a while for p to pass: it may be done with the handshake a moment
// before we are.
func (s *members) await(ctx context.Context, p Peer) error {
	t := time.NewTimer(gateTime)
	defer t.Stop()
	for {
		s.mu.RLock()
		m, changed := s.m[p], s.changed
		ok := m != nil && m.passed
		s.mu.RUnlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			return errNotMember
		}
	}
}

// list returns the peers that passed.
func (s *members) list() []Peer {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Peer, 0, len(s.m))
	for p, m := range s.m {
		if m.passed {
			list = append(list, p)
		}
	}
	return list
}

// connected tells whether there is any connection to p.
func (s *members) connected(p Peer) bool { return len(s.l.host.Network().ConnsToPeer(p)) > 0 }
