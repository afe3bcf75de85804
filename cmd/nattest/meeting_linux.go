package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// strangers is how many servers the private copy of the public DHT has.
const strangers = 6

// meeting is two nodes that know no address of the swarm, only where to enter
// the public DHT, of which this is a private copy.
func meeting(ctx context.Context, t *trial) error {
	crowd, err := t.crowd(ctx, strangers)
	if err != nil {
		return err
	}
	var pair []*node
	for i, name := range []string{"one", "two"} {
		at, err := t.host(ctx, name, fmt.Sprintf("11.%d.0.1/8", 51+i))
		if err != nil {
			return err
		}
		// On by default for commons; only the way in is not the real one.
		n, err := t.node(at, name, "commons", "--p2p.public_dht_peers", crowd[0].at)
		if err != nil {
			return err
		}
		pair = append(pair, n)
	}
	one, two := pair[0], pair[1]
	started := time.Now()
	if err := together(pair, func(n *node) error { return n.start(ctx) }); err != nil {
		return err
	}
	met := func(ctx context.Context) bool { return one.connected(ctx, two) && two.connected(ctx, one) }
	if !t.within(ctx, "two nodes with no address in common meet", started, 60*time.Second, met) {
		return nil
	}
	t.tell("they were found by", one.link(ctx, two).Source+", "+two.link(ctx, one).Source)
	if err := t.mineFor(ctx, one, pair); err != nil {
		return err
	}
	ids := []string{one.id, two.id}
	t.within(ctx, "both have left that DHT", time.Now(), 60*time.Second, func(context.Context) bool {
		now, _ := visits(crowd, ids)
		return now == 0
	})
	_, ever := visits(crowd, ids)
	t.check("their connections to it, ever", fmt.Sprint(ever), "≥ 2", ever >= 2)
	for _, n := range pair {
		list, err := n.peers(ctx)
		if err != nil {
			return err
		}
		foreign := slices.ContainsFunc(list, func(p peerState) bool {
			return slices.ContainsFunc(crowd, func(s *outsider) bool { return s.id == p.PeerID })
		})
		t.check(n.name+" has no stranger for a peer", fmt.Sprint(!foreign), "true", !foreign)
	}
	return nil
}

// outsider is one stranger that runs.
type outsider struct {
	proc *process
	at   string // multiaddr
	id   string
}

// visits sums the connections that strangers have and had with peers.
func visits(crowd []*outsider, peers []string) (now, ever int) {
	for _, s := range crowd {
		_, n, e := guests(s.proc.tail(1 << 20))
		for _, id := range peers {
			now, ever = now+n[id], ever+e[id]
		}
	}
	return now, ever
}

// crowd starts a private copy of the public DHT.
func (t *trial) crowd(ctx context.Context, n int) ([]*outsider, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var crowd []*outsider
	for i := range n {
		name, ip := fmt.Sprintf("stranger%d", i+1), fmt.Sprintf("11.%d.0.1", 201+i)
		at, err := t.host(ctx, name, ip+"/8")
		if err != nil {
			return nil, err
		}
		args := []string{strangerCommand, "-listen", "/ip4/" + ip + "/udp/4001/quic-v1"}
		if i > 0 {
			args = append(args, "-friend", crowd[0].at)
		}
		s := new(outsider)
		if s.proc, err = t.other(ctx, at, name, self, args...); err != nil {
			return nil, err
		}
		if err := s.settle(ctx); err != nil {
			return nil, err
		}
		crowd = append(crowd, s)
	}
	return crowd, nil
}

// settle waits until the stranger says where it is.
func (s *outsider) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for s.at == "" {
		select {
		case <-s.proc.ended:
			return fmt.Errorf("%s ended: %w: %s", s.proc.name, s.proc.err, s.proc.tail(2000))
		case <-ctx.Done():
			return fmt.Errorf("%s says nothing: %w", s.proc.name, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
		s.at, _, _ = guests(s.proc.tail(1 << 20))
	}
	s.id = s.at[strings.LastIndex(s.at, "/")+1:]
	return nil
}
