package swarm

import (
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/metrics"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/p2p/protocol/holepunch"
	"github.com/prometheus/client_golang/prometheus"
)

// HostConfig is what a host is built from.
type HostConfig struct {
	Key      crypto.PrivKey
	Agent    string
	Gate     *Gate
	MaxPeers int
	PerIP    int // concurrent connections of one IPv4 address or IPv6 /56
	Limits   Limits
	Private  bool // no NAT, no relays, no limits per subnet
	Public   bool // the operator declares that the world can reach us
	Traffic  metrics.Reporter
	MapPort  bool     // ask the router to forward our ports
	Relay    bool     // relay for others while the world can reach us
	Reach    *Tracker // of this host; Start comes after
	Resolver network.MultiaddrDNSResolver
	Metrics  prometheus.Registerer // nil: none
	Options  []libp2p.Option       // applied last
}

// NewHost makes a host that neither listens nor dials yet. docs/adr/0003 has
// the reason for each setting.
func NewHost(c HostConfig) (host.Host, error) {
	limits, err := limits(c)
	if err != nil {
		return nil, err
	}
	trim, err := connmgr.NewConnManager(c.MaxPeers, c.MaxPeers+32, connmgr.WithGracePeriod(30*time.Second))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connection manager: %w", err), limits.Close())
	}
	opts := []libp2p.Option{
		libp2p.Identity(c.Key),
		libp2p.UserAgent(c.Agent),
		libp2p.NoListenAddrs, // Listen comes when all handlers are set
		libp2p.EnableRelay(), // which NoListenAddrs turned off
		libp2p.ConnectionGater(c.Gate),
		libp2p.ConnectionManager(trim),
		libp2p.ResourceManager(limits),
		libp2p.BandwidthReporter(c.Traffic),
		libp2p.UDPBlackHoleSuccessCounter(nil),
		libp2p.IPv6BlackHoleSuccessCounter(nil),
	}
	if c.Resolver != nil {
		opts = append(opts, libp2p.MultiaddrResolver(c.Resolver))
	}
	if c.Metrics != nil {
		opts = append(opts, libp2p.PrometheusRegisterer(c.Metrics))
	} else {
		opts = append(opts, libp2p.DisableMetrics())
	}
	opts = append(opts, reach(c)...)
	c.Reach.relays.metrics = c.Metrics
	h, err := libp2p.New(append(opts, c.Options...)...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("libp2p: %w", err), trim.Close(), limits.Close())
	}
	return h, nil
}

// reach is how a node behind a router is found out, mapped, relayed and punched
// through to.
func reach(c HostConfig) []libp2p.Option {
	if c.Private {
		return nil
	}
	opts := []libp2p.Option{
		libp2p.EnableHolePunching(punchTracer(c), holepunch.WithAddrFilter(new(punchable))),
		libp2p.EnableNATService(), // AutoNAT v1: DHT, AutoRelay and relay service listen to no other
		libp2p.EnableAutoNATv2(),
		libp2p.NonPublicAddrPublishing(false),
		libp2p.AddrsFactory(offered),
	}
	if c.MapPort {
		opts = append(opts, libp2p.NATManager(c.Reach.mapper.manage))
	}
	if c.Relay {
		opts = append(opts, libp2p.EnableRelayService(relay.WithResources(relayResources())))
	}
	if c.Public {
		opts = append(opts, libp2p.ForceReachabilityPublic())
	}
	return opts
}

// punchTracer records hole punches, in Prometheus too where there is one.
func punchTracer(c HostConfig) holepunch.Option {
	if c.Metrics == nil {
		return holepunch.WithTracer(c.Reach.punches)
	}
	return holepunch.WithMetricsAndEventTracer(holepunch.NewMetricsTracer(holepunch.WithRegisterer(c.Metrics)), c.Reach.punches)
}
