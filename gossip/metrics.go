package gossip

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// collectors are what a Net itself counts; libp2p registers its own.
func (n *Net) collectors(l *live) []prometheus.Collector {
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f)
	}
	counter := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f)
	}
	return []prometheus.Collector{
		l.mesh.events, l.mesh.rejected,
		gauge("quern_peers", "Peers that passed the handshake.", func() float64 { return float64(len(n.members.list())) }),
		gauge("quern_peers_outbound", "Peers that this node dialed.", func() float64 { return float64(n.members.outbound()) }),
		gauge("quern_bans", "Bans in force.", func() float64 { return float64(len(n.scores.all())) }),
		counter("quern_sent_bytes_total", "Bytes sent to peers.", func() float64 { return float64(n.traffic.sent.Load()) }),
		counter("quern_received_bytes_total", "Bytes received from peers.", func() float64 { return float64(n.traffic.received.Load()) }),
	}
}

// registerMetrics adds the collectors, and returns what takes them back.
func (n *Net) registerMetrics(l *live) (undo func(), err error) {
	var done []prometheus.Collector
	undo = func() {
		for _, c := range done {
			n.c.Metrics.Unregister(c)
		}
	}
	if n.c.Metrics == nil {
		return undo, nil
	}
	for _, c := range n.collectors(l) {
		if err := n.c.Metrics.Register(c); err != nil {
			undo()
			return nil, fmt.Errorf("metrics: %w", err)
		}
		done = append(done, c)
	}
	return undo, nil
}
