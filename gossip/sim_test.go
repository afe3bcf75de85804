package gossip

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
)

// Ten nodes with 50 ms between them, in virtual time: they find each other from
// one address, and a burst of values from each arrives everywhere, once.
func TestFanOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 10
		burst := 100
		if testing.Short() { // with the race detector, each value costs milliseconds
			burst = 20
		}
		sim := &simnet.Simnet{LatencyFunc: simnet.StaticLatency(50 * time.Millisecond)}
		link := simnet.NodeBiDiLinkSettings{
			Downlink: simnet.LinkSettings{BitsPerSecond: 20 * simlibp2p.OneMbps},
			Uplink:   simnet.LinkSettings{BitsPerSecond: 20 * simlibp2p.OneMbps},
		}
		sim.Start()
		defer sim.Close()

		var nodes []*node
		var publish []func(context.Context, string) error
		for i := range count {
			c := Config{Swarm: "test", Private: true, DHT: true, Listen: []string{fmt.Sprintf("/ip4/1.0.0.%d/udp/8000/quic-v1", i+1)}}
			if i > 0 {
				c.Peers = []string{c0(nodes[0])}
			}
			c.Options = []libp2p.Option{
				simlibp2p.QUICSimnet(sim, link),
				libp2p.DisableIdentifyAddressDiscovery(), // stalls virtual time
			}
			n := build(t, c)
			publish = append(publish, n.standard())
			n.run()
			defer n.stop()
			nodes = append(nodes, n)
		}
		began := time.Now()
		waitFor(t, func() error {
			for i, n := range nodes {
				if got := len(n.Peers()); got < 8 {
					return fmt.Errorf("node %d has %d peers", i, got)
				}
			}
			return nil
		})
		t.Logf("found each other after %v", time.Since(began))
		time.Sleep(3 * time.Second) // of virtual time: three heartbeats form the meshes

		began = time.Now()
		for i := range nodes {
			for j := range burst {
				if err := publish[i](t.Context(), fmt.Sprint(i, "-", j)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, n := range nodes {
			seen := make(map[string]bool)
			for range (count - 1) * burst {
				v := await(t, n.values, fmt.Sprintf("node %d's values", i))
				if seen[v.text] {
					t.Fatalf("node %d got %q twice", i, v.text)
				}
				seen[v.text] = true
			}
		}
		t.Logf("everybody has everything after %v", time.Since(began))
	})
}

func c0(n *node) string { return n.Addrs()[0] }
