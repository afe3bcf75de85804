package swarm

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/x/rate"
)

// Limits are what connections and streams may cost, all together and each.
type Limits struct {
	Memory        int64         // bytes; 0: an eighth of the machine's
	Connections   int           // at a time, in both directions
	Questions     int           // streams of one protocol that peers may have open
	PeerQuestions int           // … that one peer may
	Protocols     []protocol.ID // ours: each has the two limits above
}

const (
	// besides is room for a peer's streams that are no questions: gossip,
	// identify, ping, DHT.
	besides = 64
)

// limits scales libp2p's defaults to the memory, and sets what these would get
// wrong: connections by our own cap, streams by protocol, and caps per address.
func limits(c HostConfig) (network.ResourceManager, error) {
	per := c.PerIP
	if c.Private {
		per = 2 * (c.MaxPeers + 32)
	}
	m, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(scopes(c.Limits)),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: per}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: per}, {PrefixLength: 48, ConnCount: 8 * per}}),
		rcmgr.WithConnRateLimiters(rates(c, per)),
		rcmgr.WithMetricsDisabled())
	if err != nil {
		return nil, fmt.Errorf("resource limits: %w", err)
	}
	return m, nil
}

// scopes are the limits of libp2p's scopes: the whole, a peer, a protocol, a
// protocol's streams of one peer.
func scopes(l Limits) rcmgr.ConcreteLimitConfig {
	scaled := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&scaled)
	auto := scaled.AutoScale()
	usual := auto.ToPartialLimitConfig()
	if l.Memory > 0 {
		files := int(usual.System.FD) // half of what the process may open, whatever the memory
		auto = scaled.Scale(l.Memory, files)
		usual = auto.ToPartialLimitConfig()
		usual.System.Memory = rcmgr.LimitVal64(l.Memory)
	}
	memory := usual.System.Memory
	own := rcmgr.PartialLimitConfig{
		System: rcmgr.ResourceLimits{
			Memory: memory,
			Conns:  rcmgr.LimitVal(l.Connections), ConnsInbound: rcmgr.LimitVal(l.Connections), ConnsOutbound: rcmgr.LimitVal(l.Connections),
			StreamsInbound: atLeast(usual.System.StreamsInbound, l.Connections*besides/4),
			Streams:        atLeast(usual.System.Streams, l.Connections*besides/2),
		},
		Transient: rcmgr.ResourceLimits{Memory: memory / 4},
		PeerDefault: rcmgr.ResourceLimits{
			StreamsInbound: rcmgr.LimitVal(2*l.PeerQuestions + besides),
			Memory:         min(usual.PeerDefault.Memory, memory/4),
		},
		Protocol:     make(map[protocol.ID]rcmgr.ResourceLimits),
		ProtocolPeer: make(map[protocol.ID]rcmgr.ResourceLimits),
	}
	for _, id := range l.Protocols {
		own.Protocol[id] = rcmgr.ResourceLimits{StreamsInbound: rcmgr.LimitVal(l.Questions), Memory: memory / 2}
		own.ProtocolPeer[id] = rcmgr.ResourceLimits{
			StreamsInbound: rcmgr.LimitVal(l.PeerQuestions),
			Memory:         min(usual.PeerDefault.Memory, memory/4),
		}
	}
	return own.Build(auto)
}

func atLeast(v rcmgr.LimitVal, n int) rcmgr.LimitVal { return max(v, rcmgr.LimitVal(n)) }

// rates bounds new connections: four times as many at once as may stay, then one
// in five seconds. libp2p's own defaults, but for the burst, since a node that is
// started again a few times within a minute dials, is dialed back by AutoNAT, and
// must not be shut out; without subnet limits in private mode, where a rate of
// zero would mean never.
func rates(c HostConfig, per int) *rate.Limiter {
	r := &rate.Limiter{
		NetworkPrefixLimits: []rate.PrefixLimit{
			{Prefix: netip.MustParsePrefix("127.0.0.0/8")},
			{Prefix: netip.MustParsePrefix("::1/128")},
		},
		SubnetRateLimiter: rate.SubnetLimiter{GracePeriod: time.Minute},
	}
	if !c.Private {
		one, many := rate.Limit{RPS: 0.2, Burst: 4 * per}, rate.Limit{RPS: 0.5, Burst: 20 * per}
		r.SubnetRateLimiter.IPv4SubnetLimits = []rate.SubnetLimit{{PrefixLength: 32, Limit: one}}
		r.SubnetRateLimiter.IPv6SubnetLimits = []rate.SubnetLimit{{PrefixLength: 56, Limit: one}, {PrefixLength: 48, Limit: many}}
	}
	return r
}
