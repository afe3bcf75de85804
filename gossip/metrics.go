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
		l.mesh.events, l.mesh.rejected, reachCollector{n},
		gauge("quern_peers", "Peers that passed the handshake.", func() float64 { return float64(len(n.members.list())) }),
		gauge("quern_peers_outbound", "Peers that this node dialed.", func() float64 { return float64(n.members.outbound()) }),
		sources{n},
		gauge("quern_bans", "Bans in force.", func() float64 { return float64(len(n.scores.all())) }),
		counter("quern_sent_bytes_total", "Bytes sent to peers.", func() float64 { return float64(n.traffic.sent.Load()) }),
		counter("quern_received_bytes_total", "Bytes received from peers.", func() float64 { return float64(n.traffic.received.Load()) }),
	}
}

// sources counts peers by how they were found, and those that the book knows.
type sources struct{ n *Net }

var (
	peersFrom = prometheus.NewDesc("quern_peers_from", "Peers that passed the handshake, by how they were found.", []string{"source"}, nil)
	bookSize  = prometheus.NewDesc("quern_book_peers", "Peers that the book knows: new ones by hearsay, tried ones that were reached.", []string{"table"}, nil)
)

func (s sources) Describe(c chan<- *prometheus.Desc) { c <- peersFrom; c <- bookSize }

func (s sources) Collect(c chan<- prometheus.Metric) {
	from := make(map[string]int)
	for _, i := range s.n.Peers() {
		from[i.Source]++
	}
	for source, k := range from {
		c <- prometheus.MustNewConstMetric(peersFrom, prometheus.GaugeValue, float64(k), source)
	}
	heard, tried := s.n.book.Count()
	c <- prometheus.MustNewConstMetric(bookSize, prometheus.GaugeValue, float64(heard), "new")
	c <- prometheus.MustNewConstMetric(bookSize, prometheus.GaugeValue, float64(tried), "tried")
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
