package gossip

import (
	"maps"
	"sync"
	"time"
)

// A peer in the mesh that takes messages and passes none on keeps the place of
// one that would, and has a score above zero for the time it stays
// (CVE-2022-47547). GossipSub's own answer, P3, counts deliveries against a fixed
// number, and so punishes everybody where there is little traffic. Here a
// peer's deliveries are held against the traffic that there was: of the small
// messages that others delivered first while it was in the mesh, a well connected
// peer hears many from its own peers before it hears them from us, and sends
// them to us too. Large ones do not count: they are announced as not wanted
// before a second copy is on its way.
const (
	muteEnough   = 100              // messages before a peer is judged
	muteShare    = 20               // it must have sent one in so many
	muteTime     = 10 * time.Minute // out of the mesh
	mutePenalty  = -250             // more than TopicScoreCap; gossip stays, being below 500
	smallMessage = 1024             // bytes; from there on GossipSub sends IDONTWANT
)

// mutes counts what mesh peers deliver. mesh owns it and guards it by its lock.
//
// Invariant: by has an entry for each peer in each topic's mesh, and no other.
type mutes struct {
	now    func() time.Time
	spare  func(inMesh int) bool // are there peers who could take a place in the mesh?
	by     map[string]map[Peer]*share
	silent map[Peer]time.Time // out of the mesh until
}

// share is what a peer delivered of what there was since it joined the mesh.
type share struct{ due, given int }

func newMutes(spare func(int) bool) *mutes {
	return &mutes{now: time.Now, spare: spare, by: make(map[string]map[Peer]*share), silent: make(map[Peer]time.Time)}
}

func (m *mutes) graft(p Peer, topic string) {
	if m.by[topic] == nil {
		m.by[topic] = make(map[Peer]*share)
	}
	m.by[topic][p] = new(share)
}

func (m *mutes) prune(p Peer, topic string) { delete(m.by[topic], p) }

// delivered counts a message that was new, from a peer in the mesh or not.
func (m *mutes) delivered(from Peer, topic string, size int) {
	if size >= smallMessage {
		return
	}
	in := m.by[topic]
	for p, s := range in {
		s.due++
		if p == from {
			s.given++
		}
		if s.due >= muteEnough {
			m.judge(p, s, len(in))
		}
	}
}

// repeated counts another copy of a message.
func (m *mutes) repeated(from Peer, topic string, size int) {
	if s := m.by[topic][from]; s != nil && size < smallMessage && s.given < s.due {
		s.given++
	}
}

func (m *mutes) judge(p Peer, s *share, inMesh int) {
	if s.given*muteShare < s.due && m.spare(inMesh) {
		m.forget()
		m.silent[p] = m.now().Add(muteTime)
	}
	s.due, s.given = s.due/2, s.given/2
}

// forget drops those whose time is over, so that the list stays about as long as
// the list of peers.
func (m *mutes) forget() {
	for p, until := range m.silent {
		if !m.now().Before(until) {
			delete(m.silent, p)
		}
	}
}

// penalty is p's part of the score.
func (m *mutes) penalty(p Peer) float64 {
	if until, ok := m.silent[p]; ok && m.now().Before(until) {
		return mutePenalty
	}
	return 0
}

// scoreBook holds GossipSub's scores as of a moment ago, of those who had passed
// the handshake by then: an outsider's score says nothing of who has passed since.
type scoreBook struct {
	mu sync.RWMutex
	m  map[Peer]float64
}

func (b *scoreBook) set(m map[Peer]float64) {
	maps.DeleteFunc(m, func(_ Peer, score float64) bool { return score <= outsider/2 })
	b.mu.Lock()
	defer b.mu.Unlock()
	b.m = m
}

func (b *scoreBook) of(p Peer) float64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.m[p]
}
