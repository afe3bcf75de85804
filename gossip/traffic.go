package gossip

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/metrics"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// traffic counts bytes by peer and in total. libp2p's own counter computes
// rates on a goroutine that never ends and forgets nobody; here a peer's row
// goes when the peer does.
type traffic struct {
	sent, received atomic.Int64

	mu    sync.RWMutex
	peers map[peer.ID]*counts
}

type counts struct{ sent, received atomic.Int64 }

var _ metrics.Reporter = (*traffic)(nil)

func newTraffic() *traffic { return &traffic{peers: make(map[peer.ID]*counts)} }

// open starts counting for p, close ends it. Bytes of peers that are not open
// only enter the totals.
func (t *traffic) open(p peer.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.peers[p] == nil {
		t.peers[p] = new(counts)
	}
}

func (t *traffic) close(p peer.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.peers, p)
}

func (t *traffic) of(p peer.ID) *counts {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.peers[p]
}

func (t *traffic) LogSentMessage(n int64) { t.sent.Add(n) }
func (t *traffic) LogRecvMessage(n int64) { t.received.Add(n) }

func (t *traffic) LogSentMessageStream(n int64, _ protocol.ID, p peer.ID) {
	if c := t.of(p); c != nil {
		c.sent.Add(n)
	}
}

func (t *traffic) LogRecvMessageStream(n int64, _ protocol.ID, p peer.ID) {
	if c := t.of(p); c != nil {
		c.received.Add(n)
	}
}

func (t *traffic) GetBandwidthForPeer(p peer.ID) metrics.Stats {
	if c := t.of(p); c != nil {
		return metrics.Stats{TotalIn: c.received.Load(), TotalOut: c.sent.Load()}
	}
	return metrics.Stats{}
}

func (t *traffic) GetBandwidthTotals() metrics.Stats {
	return metrics.Stats{TotalIn: t.received.Load(), TotalOut: t.sent.Load()}
}

func (t *traffic) GetBandwidthByPeer() map[peer.ID]metrics.Stats {
	t.mu.RLock()
	defer t.mu.RUnlock()
	m := make(map[peer.ID]metrics.Stats, len(t.peers))
	for p, c := range t.peers {
		m[p] = metrics.Stats{TotalIn: c.received.Load(), TotalOut: c.sent.Load()}
	}
	return m
}

// Protocols are not counted apart: their metrics are Prometheus's.
func (t *traffic) GetBandwidthForProtocol(protocol.ID) metrics.Stats     { return metrics.Stats{} }
func (t *traffic) GetBandwidthByProtocol() map[protocol.ID]metrics.Stats { return nil }
func (t *traffic) Reset()                                                {}
func (t *traffic) TrimIdle(time.Time)                                    {}
