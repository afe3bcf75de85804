package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// lan is two machines in one home that nobody told anything: multicast joins them.
func lan(ctx context.Context, t *trial) error {
	router, err := t.router(ctx, "router", "11.101.0.1/8", cone)
	if err != nil {
		return err
	}
	var pair []*node
	for i, name := range []string{"desk", "laptop"} {
		at, err := t.behind(ctx, router, name, 10+i)
		if err != nil {
			return err
		}
		n, err := t.node(at, name, "regtest")
		if err != nil {
			return err
		}
		pair = append(pair, n)
	}
	desk, laptop := pair[0], pair[1]
	if err := t.fill(ctx, desk); err != nil {
		return err
	}
	started := time.Now()
	if err := together(pair, func(n *node) error { return n.start(ctx) }); err != nil {
		return err
	}
	met := func(ctx context.Context) bool { return desk.connected(ctx, laptop) && laptop.connected(ctx, desk) }
	if !t.within(ctx, "two nodes of one LAN find each other", started, 10*time.Second, met) {
		return nil
	}
	found := []string{desk.link(ctx, laptop).Source, laptop.link(ctx, desk).Source}
	t.check("found by", strings.Join(found, ", "), "mdns", strings.Contains(strings.Join(found, " "), "mdns"))
	addr := desk.link(ctx, laptop).Addr
	t.check("desk reaches laptop by", addr, "/ip4/192.168.1.11/…", strings.HasPrefix(addr, "/ip4/192.168.1.11/"))
	t.within(ctx, "laptop has the chain", started, syncTime, func(ctx context.Context) bool { return same(ctx, pair) })
	return t.mineFor(ctx, laptop, pair)
}

// six is nodes with nothing but IPv6.
func six(ctx context.Context, t *trial) error {
	var list []*node
	for i, name := range []string{"first", "second", "third"} {
		at, err := t.host(ctx, name, fmt.Sprintf("2a0%d:100::1/8", i+1))
		if err != nil {
			return err
		}
		n, err := t.node(at, name, "regtest")
		if err != nil {
			return err
		}
		list = append(list, n)
	}
	first, second, third := list[0], list[1], list[2]
	if err := first.start(ctx); err != nil {
		return err
	}
	started := time.Now()
	if err := together(list[1:], func(n *node) error {
		n.knows(first.addr("ip6/2a01:100::1", "quic-v1"))
		return n.start(ctx)
	}); err != nil {
		return err
	}
	t.within(ctx, "nodes with IPv6 alone have a peer", started, 10*time.Second, func(ctx context.Context) bool {
		return second.connected(ctx, first) && third.connected(ctx, first)
	})
	t.within(ctx, "the two that were told of the first find each other", started, 60*time.Second, func(ctx context.Context) bool {
		return second.connected(ctx, third)
	})
	addr := second.link(ctx, third).Addr
	t.check("by", addr, "/ip6/…", strings.HasPrefix(addr, "/ip6/2a03:100::1/"))
	return t.mineFor(ctx, third, list)
}
