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

// syncTime is how long nodes may take to fetch and verify the real chain, 57,246
// signatures: several do so at once, on the cores of one machine.
const syncTime = 5 * time.Minute

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
