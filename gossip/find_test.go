package gossip

import (
	"fmt"
	"testing"
	"time"
)

// Five nodes, of which four know one address, find each other over the DHT.
func TestDiscovery(t *testing.T) {
	const count = 5
	c := loopback()
	c.DHT = true
	hub, _ := start(t, c)
	nodes := []*node{hub}
	c.Peers = hub.Addrs()[:1]
	began := time.Now()
	for range count - 1 {
		n, _ := start(t, c)
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		waitFor(t, func() error {
			if got := len(n.Peers()); got != count-1 {
				return fmt.Errorf("%d peers, want %d", got, count-1)
			}
			return nil
		})
	}
	t.Logf("all know all after %v", time.Since(began))
}
