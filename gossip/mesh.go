package gossip

import (
	"context"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/prometheus/client_golang/prometheus"
)

// mesh follows GossipSub from inside: who is in each topic's mesh, and what
// became of messages. GossipSub calls it, mostly from its one loop, so it does
// nothing that waits.
//
// Invariant: peers holds exactly the peers grafted and neither pruned nor gone.
type mesh struct {
	events   *prometheus.CounterVec // by topic and what happened
	rejected *prometheus.CounterVec // by reason

	self   Peer
	scores scoreBook

	mu      sync.Mutex
	mutes   *mutes
	peers   map[string]map[Peer]struct{}
	changed chan struct{} // closed at each graft, then replaced
}

var _ pubsub.RawTracer = (*mesh)(nil)

// newMesh follows the node self. spare tells whether anybody could take a place
// in a mesh of so many.
func newMesh(self Peer, spare func(inMesh int) bool) *mesh {
	return &mesh{
		self: self, mutes: newMutes(spare),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quern_gossip_messages_total", Help: "Gossiped messages by topic and what became of them."}, []string{"topic", "event"}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quern_gossip_dropped_total", Help: "Gossip not taken or not sent, by reason."}, []string{"reason"}),
		peers: make(map[string]map[Peer]struct{}), changed: make(chan struct{}),
	}
}

// ready waits until somebody is in the topic's mesh, at most max. What is
// published to an empty mesh is lost: GossipSub later offers old messages only
// to peers outside the mesh, and the first peer grafted is inside.
func (m *mesh) ready(ctx context.Context, topic string, max time.Duration) {
	t := time.NewTimer(max)
	defer t.Stop()
	for {
		m.mu.Lock()
		n, changed := len(m.peers[topic]), m.changed
		m.mu.Unlock()
		if n > 0 {
			return
		}
		select {
		case <-changed:
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (m *mesh) Graft(p Peer, topic string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.peers[topic] == nil {
		m.peers[topic] = make(map[Peer]struct{})
	}
	m.peers[topic][p] = struct{}{}
	m.mutes.graft(p, topic)
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *mesh) Prune(p Peer, topic string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.peers[topic], p)
	m.mutes.prune(p, topic)
}

func (m *mesh) OnClosedOutboundStream(p Peer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for topic, in := range m.peers {
		delete(in, p)
		m.mutes.prune(p, topic)
	}
}

// count takes our own topics only: validators run for no others, so a stranger
// cannot grow the label set.
func (m *mesh) count(msg *pubsub.Message, what string) {
	m.events.WithLabelValues(msg.GetTopic(), what).Inc()
}

func (m *mesh) DeliverMessage(msg *pubsub.Message) {
	m.count(msg, "accepted")
	if msg.ReceivedFrom != m.self { // nobody is to send us what is our own
		m.mu.Lock()
		defer m.mu.Unlock()
		m.mutes.delivered(msg.ReceivedFrom, msg.GetTopic(), len(msg.Data))
	}
}

func (m *mesh) DuplicateMessage(msg *pubsub.Message) {
	m.count(msg, "duplicate")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mutes.repeated(msg.ReceivedFrom, msg.GetTopic(), len(msg.Data))
}

// penalty is p's part of the score for passing nothing on.
func (m *mesh) penalty(p Peer) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mutes.penalty(p)
}

func (m *mesh) RejectMessage(_ *pubsub.Message, reason string) {
	m.rejected.WithLabelValues(reason).Inc()
}

func (m *mesh) DropRPC(*pubsub.RPC, Peer) {
	m.rejected.WithLabelValues("outbound queue full").Inc()
}

func (m *mesh) ThrottlePeer(Peer) { m.rejected.WithLabelValues("peer throttled").Inc() }

func (m *mesh) OnNewOutboundStream(Peer, protocol.ID)             {}
func (m *mesh) Join(string)                                       {}
func (m *mesh) Leave(string)                                      {}
func (m *mesh) ValidateMessage(*pubsub.Message)                   {}
func (m *mesh) RecvRPC(*pubsub.RPC)                               {}
func (m *mesh) SendRPC(*pubsub.RPC, Peer)                         {}
func (m *mesh) SendRPCCompleted(*pubsub.RPC, Peer, time.Duration) {}
func (m *mesh) UndeliverableMessage(*pubsub.Message)              {}
