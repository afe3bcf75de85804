package gossip

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quernnet/quern/gossip/swarm"
)

// A node without peers says what it tried; metrics name exactly one state.
func TestReachAlone(t *testing.T) {
	registry := prometheus.NewRegistry()
	c := loopback()
	c.Metrics = registry
	gone, _ := start(t, loopback())
	c.Peers = gone.Addrs()[:1]
	gone.stop()
	n, _ := start(t, c)
	waitFor(t, func() error {
		r := n.Reach()
		if len(r.Troubles) == 1 && strings.Contains(r.Troubles[0].Problem, "tried 1 configured (") {
			return nil
		}
		return fmt.Errorf("troubles: %+v", r.Troubles)
	})
	if r := n.Reach(); r.State != swarm.StateLAN || r.Search.DHT {
		t.Errorf("%+v", r)
	}
	n.SetActive(false)
	if r := n.Reach(); len(r.Troubles) != 1 || !strings.Contains(r.Troubles[0].Problem, "switched off") {
		t.Errorf("%+v", r.Troubles)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	states, on := 0, ""
	for _, f := range families {
		if f.GetName() != "quern_reachability" {
			continue
		}
		for _, m := range f.GetMetric() {
			states++
			if m.GetGauge().GetValue() == 1 {
				on += m.GetLabel()[0].GetValue()
			}
		}
	}
	if states != len(swarm.States()) || on != string(swarm.StateLAN) {
		t.Errorf("%d states, %q is on", states, on)
	}
}

// Pings find a peer by each of its names, and say what is wrong with a bad one.
func TestPing(t *testing.T) {
	a, b := pair(t, nil)
	id := b.ID().String()
	for _, name := range []string{id, id[len(id)-8:], "…" + id[len(id)-8:], b.Addrs()[0]} {
		got, err := a.Ping(t.Context(), name, 3)
		if err != nil || got.ID != b.ID() || len(got.Times) != 3 || got.Lost != 0 || got.Relayed || got.Dialed || got.Transport != "quic" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{
		"":                     "names no peer",
		"abc":                  "names no peer",
		"zzzzzzzz":             "no connected peer's id ends in",
		"/ip4/127.0.0.1/tcp/1": "peer address",
		a.ID().String():        "this node itself",
		"/ip4/127.0.0.1/tcp/9/p2p/12D3KooWJ8a5E2UWc5ymyFumNAU6aQcPAvphGU5m93Z8Qk3yEXJq": "is not reached",
	} {
		if _, err := a.Ping(t.Context(), name, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
	// A peer that is not connected is dialed, and parted from.
	c, _ := start(t, loopback())
	got, err := a.Ping(t.Context(), c.Addrs()[0], 1)
	if err != nil || !got.Dialed || len(got.Times) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	waitFor(t, func() error {
		if a.members.connected(c.ID()) {
			return errors.New("still connected")
		}
		return nil
	})
}
