package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// publics starts n nodes with public addresses, each in a /16 of its own. All
// but the first are told where the first is, which has the real chain if filled.
func (t *trial) publics(ctx context.Context, n int, filled bool) ([]*node, error) {
	list := make([]*node, n)
	for i := range list {
		name := fmt.Sprintf("public%d", i+1)
		at, err := t.host(ctx, name, fmt.Sprintf("11.%d.0.1/8", i+1))
		if err != nil {
			return nil, err
		}
		if list[i], err = t.node(at, name, "regtest"); err != nil {
			return nil, err
		}
	}
	first := list[0]
	if filled {
		if err := t.fill(ctx, first); err != nil {
			return nil, err
		}
	}
	if err := first.start(ctx); err != nil {
		return nil, err
	}
	return list, together(list[1:], func(n *node) error {
		n.knows(first.addr("ip4/11.1.0.1", "tcp"))
		return n.start(ctx)
	})
}

// public waits until nodes with public addresses have found out that they have.
func (t *trial) public(ctx context.Context, list []*node, since time.Time) {
	t.within(ctx, "public nodes know that they are public", since, 60*time.Second, func(ctx context.Context) bool {
		return all(list, func(n *node) bool { return n.says(ctx, "public") })
	})
}

// knows adds the address of a peer to the node's flags.
func (n *node) knows(addr string) { n.args = append(n.args, "--p2p.peers", addr) }

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
	var home []*node
	for i, k := range []kind{cone, cone, symmetric} {
		name := []string{"ann", "bob", "cyd"}[i]
		router, err := t.router(ctx, name+"-rt", fmt.Sprintf("11.%d.0.1/8", 101+i), k)
		if err != nil {
			return err
		}
		at, err := t.behind(ctx, router, name, 2+i)
		if err != nil {
			return err
		}
		n, err := t.node(at, name, "regtest")
		if err != nil {
			return err
		}
		n.knows(first.addr("ip4/11.1.0.1", "tcp"))
		home = append(home, n)
	}
	started := time.Now()
	if err := together(home, func(n *node) error { return n.start(ctx) }); err != nil {
		return err
	}
	ann, bob, cyd := home[0], home[1], home[2]
	// What has a time of its own is waited for side by side.
	var waits []func()
	for _, n := range home {
		waits = append(waits, func() { t.comesUp(ctx, n, first, started) })
	}
	waits = append(waits, func() {
		t.within(ctx, "ann and bob have a direct QUIC connection", started, 60*time.Second, func(ctx context.Context) bool {
			return ann.direct(ctx, bob, "quic-v1") && bob.direct(ctx, ann, "quic-v1")
		})
	})
	if err := t.sideBySide(waits...); err != nil {
		return err
	}
	t.tell("ann reaches bob by", ann.link(ctx, bob).Addr)
	for _, n := range []*node{ann, bob} {
		t.within(ctx, n.name+" says that it is hole-punchable", started, 90*time.Second, func(ctx context.Context) bool {
			return n.says(ctx, "hole-punchable")
		})
	}
	t.within(ctx, "cyd says that it is relayed", started, 90*time.Second, func(ctx context.Context) bool { return cyd.says(ctx, "relayed") })
	everybody := slices.Concat(public, home)
	for _, n := range home {
		if err := t.mineFor(ctx, n, everybody); err != nil {
			return err
		}
	}
	for _, other := range []*node{ann, bob} {
		p, err := cyd.peers(ctx)
		direct := slices.ContainsFunc(p, func(p peerState) bool { return p.PeerID == other.id && !p.relayed() })
		t.check("cyd has no direct connection to "+other.name, fmt.Sprint(!direct), "true", err == nil && !direct)
	}
	return nil
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

// syncTime is how long nodes may take to fetch and verify the real chain, 57,246
// signatures: several do so at once, on the cores of one machine.
const syncTime = 2 * time.Minute

// mineFor mines a block on n, as a user would, and waits for everybody to have it.
func (t *trial) mineFor(ctx context.Context, n *node, everybody []*node) error {
	id, err := n.mine(ctx)
	if err != nil {
		return err
	}
	t.within(ctx, "everybody has the block that "+n.name+" mined", time.Now(), 10*time.Second, func(ctx context.Context) bool {
		return all(everybody, func(n *node) bool { return n.tip(ctx) == id })
	})
	return nil
}

// all tells whether ok holds for every one of the list.
func all(list []*node, ok func(*node) bool) bool {
	return !slices.ContainsFunc(list, func(n *node) bool { return !ok(n) })
}

// same tells whether all have one tip.
func same(ctx context.Context, list []*node) bool {
	tip := list[0].tip(ctx)
	return tip != "" && all(list[1:], func(n *node) bool { return n.tip(ctx) == tip })
}
