package gossip

import (
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
)

// newWorld builds nodes with the standard protocols on a simulated network, 25 ms
// and 20 Mbit/s from each other, each with a public address of its own. They do
// not run yet. It is for a bubble of testing/synctest.
func newWorld(t *testing.T, count int, change func(i int, c *Config)) []*node {
	t.Helper()
	sim := &simnet.Simnet{LatencyFunc: simnet.StaticLatency(25 * time.Millisecond)}
	sim.Start()
	t.Cleanup(sim.Close)
	link := simnet.NodeBiDiLinkSettings{
		Downlink: simnet.LinkSettings{BitsPerSecond: 20 * simlibp2p.OneMbps},
		Uplink:   simnet.LinkSettings{BitsPerSecond: 20 * simlibp2p.OneMbps},
	}
	nodes := make([]*node, count)
	for i := range nodes {
		c := Config{Swarm: "test", Private: true, Listen: []string{fmt.Sprintf("/ip4/%d.%d.0.1/udp/8000/quic-v1", 20+i/250, 1+i%250)}}
		c.Options = []libp2p.Option{
			simlibp2p.QUICSimnet(sim, link),
			libp2p.DisableIdentifyAddressDiscovery(), // stalls virtual time
		}
		change(i, &c)
		nodes[i] = build(t, c)
		nodes[i].standard()
	}
	return nodes
}
