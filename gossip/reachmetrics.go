package gossip

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/quernnet/quern/gossip/swarm"
)

// reachCollector tells Prometheus how the world can reach a Net. One look at the
// facts answers a whole scrape.
type reachCollector struct{ n *Net }

var (
	descState   = prometheus.NewDesc("quern_reachability", "1 for the state in which the node is: how the world can reach it.", []string{"state"}, nil)
	descRelays  = prometheus.NewDesc("quern_relay_reservations", "Relays that keep a reservation for this node.", nil, nil)
	descRelay   = prometheus.NewDesc("quern_relaying", "1 while this node relays for others.", nil, nil)
	descMapped  = prometheus.NewDesc("quern_ports_mapped", "Ports that the router forwards to this node.", nil, nil)
	descPunches = prometheus.NewDesc("quern_hole_punched_peers_total", "Peers met by relay, by whether a direct connection came about.", []string{"outcome"}, nil)
	descTries   = prometheus.NewDesc("quern_hole_punches_total", "Hole punches begun.", nil, nil)
	descWaiting = prometheus.NewDesc("quern_peers_waiting", "Peers met by relay that wait for a direct connection.", nil, nil)
)

// Describe lists what Collect brings.
func (c reachCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descState, descRelays, descRelay, descMapped, descPunches, descTries, descWaiting} {
		out <- d
	}
}

// Collect looks once.
func (c reachCollector) Collect(out chan<- prometheus.Metric) {
	r := c.n.Reach()
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	counter := func(d *prometheus.Desc, v int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	for _, s := range swarm.States() {
		gauge(descState, bit(s == r.State), string(s))
	}
	gauge(descRelays, len(r.Relays))
	gauge(descRelay, bit(r.Serving))
	mapped := 0
	for _, p := range r.Mapping.Ports {
		mapped += bit(p.Addr != "")
	}
	gauge(descMapped, mapped)
	gauge(descWaiting, len(r.Waiting))
	counter(descPunches, r.Punches.Succeeded, "direct")
	counter(descPunches, r.Punches.Failed, "relayed only")
	counter(descTries, r.Punches.Tries)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
