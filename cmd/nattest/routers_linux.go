package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// routers is the network of most homes: two routers that translate addresses
// predictably and one that does not. Each node is given one public address.
func routers(ctx context.Context, t *trial) error {
	public, err := t.publics(ctx, 5, true)
	if err != nil {
		return err
	}
	first, begin := public[0], time.Now()
	if err := t.sideBySide(
		func() {
			t.within(ctx, "public nodes have the chain", begin, syncTime, func(ctx context.Context) bool { return same(ctx, public) })
		},
		func() { t.public(ctx, public, begin) },
	); err != nil {
		return err
	}
	home, err := t.homes(ctx, first)
	if err != nil {
		return err
	}
	started := time.Now()
	if err := together(home, func(n *node) error { return n.start(ctx) }); err != nil {
		return err
	}
	if err := t.sideBySide(t.whatHomesGet(ctx, home, first, started)...); err != nil {
		return err
	}
	ann, bob, cyd := home[0], home[1], home[2]
	t.tell("ann reaches bob by", ann.link(ctx, bob).Addr)
	everybody := slices.Concat(public, home)
	for _, n := range home {
		if err := t.mineFor(ctx, n, everybody); err != nil {
			return err
		}
	}
	for _, other := range []*node{ann, bob} {
		link := cyd.link(ctx, other)
		t.check("cyd's direct connection to "+other.name, link.Addr, "nothing", link.PeerID == "" || link.relayed())
	}
	return nil
}

// homes makes a router and a node behind it three times: ann and bob have usual
// routers, cyd a symmetric one.
func (t *trial) homes(ctx context.Context, known *node) ([]*node, error) {
	var list []*node
	for i, k := range []kind{cone, cone, symmetric} {
		name := []string{"ann", "bob", "cyd"}[i]
		router, err := t.router(ctx, name+"-rt", fmt.Sprintf("11.%d.0.1/8", 101+i), k)
		if err != nil {
			return nil, err
		}
		at, err := t.behind(ctx, router, name, 2+i)
		if err != nil {
			return nil, err
		}
		n, err := t.node(at, name, "regtest")
		if err != nil {
			return nil, err
		}
		n.knows(known.addr("ip4/11.1.0.1", "tcp"))
		list = append(list, n)
	}
	return list, nil
}

// whatHomesGet are the waits for all that has a time of its own.
func (t *trial) whatHomesGet(ctx context.Context, home []*node, first *node, started time.Time) []func() {
	ann, bob, cyd := home[0], home[1], home[2]
	waits := []func(){
		func() {
			t.within(ctx, "ann and bob have a direct QUIC connection", started, 60*time.Second, func(ctx context.Context) bool {
				return ann.direct(ctx, bob, "quic-v1") && bob.direct(ctx, ann, "quic-v1")
			})
		},
		func() {
			t.within(ctx, "ann and cyd meet through a relay", started, 60*time.Second, func(ctx context.Context) bool {
				return ann.waitsFor(ctx, cyd) || cyd.waitsFor(ctx, ann)
			})
		},
	}
	states := map[*node]string{ann: "hole-punchable", bob: "hole-punchable", cyd: "relayed"}
	for _, n := range home {
		waits = append(waits, func() { t.comesUp(ctx, n, first, started) }, func() {
			t.within(ctx, n.name+" says that it is "+states[n], started, 90*time.Second, func(ctx context.Context) bool {
				return n.says(ctx, states[n])
			})
		})
	}
	return waits
}

// comesUp waits for what a node behind a router gets from one public address.
func (t *trial) comesUp(ctx context.Context, n, first *node, started time.Time) {
	t.within(ctx, n.name+" has a peer", started, 10*time.Second, func(ctx context.Context) bool {
		p, err := n.peers(ctx)
		return err == nil && len(p) > 0
	})
	t.within(ctx, n.name+" has a relay reservation", started, 30*time.Second, func(ctx context.Context) bool {
		st, err := n.net(ctx)
		return err == nil && len(st.Relays) > 0 && reserved(st.Addresses)
	})
	t.within(ctx, n.name+" has the chain", started, syncTime, func(ctx context.Context) bool {
		return same(ctx, []*node{first, n})
	})
}
