package attack

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/gossip/relay"
	"github.com/quernnet/quern/node/sim"
)

// Mirror answers as an honest node would, from that node's chain; until
// Silent is set, from when on its questions stay open, but for the handshake.
type Mirror struct {
	Of     *sim.Node
	Silent atomic.Bool
	asked  atomic.Int64
}

// Answers are for all protocols.
func (m *Mirror) Answers() map[string]Answer {
	c := m.Of.Chain
	nonce := uint64(time.Now().UnixNano())
	guard := func(f func(q []byte) []byte) Answer {
		return func(_ peer.ID, q []byte) ([]byte, bool) {
			m.asked.Add(1)
			if m.Silent.Load() {
				return nil, false
			}
			return f(q), true
		}
	}
	return map[string]Answer{
		"hello/1": func(peer.ID, []byte) ([]byte, bool) {
			nonce++ // nobody is to take two villains for one
			return hello(c.Tip().Params, c.Tip(), nonce), true
		},
		"headers/1": guard(func(q []byte) []byte { return headers(c.Tip(), c.HeadersAfter(ids(q), 2000)) }),
		"blocks/1": guard(func(q []byte) []byte {
			var raws [][]byte
			for _, id := range ids(q) {
				if b, err := c.Block(id); err == nil {
					raws = append(raws, b.Bytes())
				} else {
					raws = append(raws, nil)
				}
			}
			return bodies(raws)
		}),
		"blocktxn/1": guard(m.blockTxs),
		"txs/1":      guard(func([]byte) []byte { return txs() }),
		"mempool/1":  guard(func([]byte) []byte { return txs() }),
	}
}

func (m *Mirror) blockTxs(raw []byte) []byte {
	absent := relay.Answer{Kind: relay.Absent}
	q, err := relay.DecodeQuestion(raw)
	if err != nil {
		return absent.Append(nil)
	}
	b, err := m.Of.Chain.Block(q.Block)
	if err != nil {
		return absent.Append(nil)
	}
	if relay.Digest(b, q.Nonce) != q.Digest {
		other := relay.Answer{Kind: relay.Other, Other: relay.New(b, 1, nil)}
		return other.Append(nil)
	}
	a := relay.Answer{Kind: relay.Found}
	for _, i := range q.Indexes {
		if i < len(b.Txs) {
			a.Txs = append(a.Txs, b.Txs[i].Append(nil))
		}
	}
	return a.Append(nil)
}

// crowded are addresses of an attacker who owns few networks: groups of /16,
// filled one after the other.
func crowded(k, groups int) []net.IP {
	ips := make([]net.IP, k)
	for i := range ips {
		ips[i] = net.IPv4(11, byte(1+i%groups), byte(1+i/groups/250), byte(1+i/groups%250))
	}
	return ips
}

// delays are a node's times of arrival.
type delays []time.Duration

// at is the delay that a share of all stay below; 0 without any.
func (d delays) at(share float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(d))
	return s[min(len(s)-1, int(share*float64(len(s))))]
}

// Share is so many of so many.
type Share struct{ Got, Of int }

// Percent is the share in percent; of nothing it is all.
func (s Share) Percent() float64 {
	if s.Of == 0 {
		return 100
	}
	return 100 * float64(s.Got) / float64(s.Of)
}

func (s Share) String() string { return fmt.Sprintf("%d of %d", s.Got, s.Of) }

type tip = consensus.State

// within waits until something is so, at most max, and says how long it took.
func within(max time.Duration, is func() bool) (time.Duration, bool) {
	began := time.Now()
	for !is() {
		if time.Since(began) >= max {
			return max, false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began), true
}

// faces counts a node's peers that are honest and those that are not.
func faces(s *sim.Swarm, n *sim.Node) (honest, lying int) {
	nodes := map[peer.ID]bool{}
	for _, o := range s.Nodes {
		nodes[o.Net.ID()] = true
	}
	for _, p := range n.Net.Peers() {
		if nodes[p.ID] {
			honest++
		} else {
			lying++
		}
	}
	return honest, lying
}

// punished counts the honest peers that honest nodes hold something against,
// and the bans of others.
func punished(s *sim.Swarm) (honest, others int) {
	nodes := map[string]bool{}
	for _, n := range s.Nodes {
		nodes[n.Net.ID().String()] = true
	}
	for _, n := range s.Running() {
		for _, p := range n.Net.Peers() {
			if nodes[p.ID.String()] && p.Score > 0 {
				honest++
			}
		}
		for whom := range n.Net.Bans() {
			switch {
			case nodes[whom], strings.HasPrefix(whom, "20."): // where nodes live
				honest++
			case !strings.Contains(whom, "."): // peers rather than addresses
				others++
			}
		}
	}
	return honest, others
}
