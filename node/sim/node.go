package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/peering"
)

// Node is one of the swarm's nodes. The parts are there while it runs; they
// are others after Kill and Start.
type Node struct {
	I       int
	Chain   *chain.Chain
	Pool    *mempool.Pool
	Mill    *mining.Assembler
	Net     *gossip.Net
	Peering *peering.Peering

	s     *Swarm
	store *store
	peers []string // to know from the start on

	sent, got atomic.Int64 // bytes of UDP payload

	since  time.Time          // of the last Start
	cancel context.CancelFunc // nil: not running
	ended  chan error
	parts  int

	mu     sync.Mutex
	seen   map[wire.Hash]time.Time // when blocks became part of the active branch
	preset []idSet                 // transactions put into the pool by Fill; never changed
}

// Running says whether the node runs.
func (n *Node) Running() bool { return n.cancel != nil }

// Since is when the node last started.
func (n *Node) Since() time.Time { return n.since }

// Start runs the node on what its store holds, knowing the given peers'
// addresses besides its own book's.
func (n *Node) Start(peers ...string) {
	n.s.t.Helper()
	if err := n.start(peers); err != nil {
		n.s.t.Fatalf("sim: node %d: %v", n.I, err)
	}
}

func (n *Node) start(peers []string) error {
	if n.Running() {
		return errors.New("it runs already")
	}
	n.peers, n.since = peers, time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	err := n.build(ctx)
	if err != nil {
		cancel()
		return err
	}
	runs := []func(context.Context) error{n.Pool.Run, n.Peering.Run, n.Net.Run}
	n.ended, n.parts, n.cancel = make(chan error, len(runs)), len(runs), cancel
	for _, run := range runs {
		go func() { n.ended <- run(ctx) }()
	}
	select {
	case <-n.Net.Ready():
	case err := <-n.ended:
		n.parts--
		return fmt.Errorf("ended at once: %w", err)
	}
	c := n.Chain
	n.s.watch.Go(func() { n.follow(ctx, c) })
	return nil
}

// build wires a node as package node does, but for RPC, wallet and files.
func (n *Node) build(ctx context.Context) (err error) {
	o, log := &n.s.o, n.s.o.Log.With("node", n.I)
	if n.Chain, err = chain.Open(ctx, chain.Config{
		Params: o.Params, Store: n.store, Workers: 1, Log: log.With("part", "chain"), FlushEvery: 24 * time.Hour,
	}); err != nil {
		return err
	}
	if n.Pool, err = mempool.New(mempool.Config{Chain: n.Chain, NonStandard: true, Stem: o.Stem, Log: log.With("part", "mempool")}); err != nil {
		return err
	}
	if n.Mill, err = mining.New(mining.Config{Chain: n.Chain, Pool: n.Pool}); err != nil {
		return err
	}
	g := gossip.Config{
		Swarm: "sim", Listen: []string{n.listen()}, Peers: n.peers, Agent: fmt.Sprintf("sim/%d", n.I),
		Private: !o.Public, Public: o.Public, DHT: o.DHT, Log: log.With("part", "p2p"),
		Options: []libp2p.Option{n.s.net.transport(n.I, ip(n.I), o.Speed(n.I), &n.sent, &n.got), quiet},
	}
	if o.Gossip != nil {
		o.Gossip(n.I, &g)
	}
	if n.Net, err = gossip.New(g); err != nil {
		return err
	}
	p := peering.Config{
		Chain: sharing{n.Chain, n.s.ledger}, Pool: filled{n.Pool, n}, Net: n.Net, Params: o.Params,
		Agent: fmt.Sprintf("sim/%d", n.I), Log: log.With("part", "sync"),
	}
	if o.Peering != nil {
		o.Peering(n.I, &p)
	}
	n.Peering, err = peering.New(p)
	return err
}

func (n *Node) listen() string { return fmt.Sprintf("/ip4/%v/udp/8000/quic-v1", ip(n.I)) }

// Addr is the node's multiaddr with its peer id.
func (n *Node) Addr() string { return n.listen() + "/p2p/" + n.Net.ID().String() }

// Stop ends the node in good order: its peers are told.
func (n *Node) Stop() {
	n.s.t.Helper()
	if !n.Running() {
		return
	}
	n.cancel()
	n.cancel = nil
	for range n.parts {
		if err := <-n.ended; err != nil {
			n.s.t.Errorf("sim: node %d: %v", n.I, err)
		}
	}
	if err := n.Chain.Close(); err != nil {
		n.s.t.Errorf("sim: node %d: close chain: %v", n.I, err)
	}
}

// Bytes tells how much went out and came in at the node's link: payloads of UDP,
// so with QUIC's own, since it was made.
func (n *Node) Bytes() (sent, received int64) { return n.sent.Load(), n.got.Load() }

// Seen says when a block became part of the node's active branch, the first time.
func (n *Node) Seen(id wire.Hash) (time.Time, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, ok := n.seen[id]
	return t, ok
}

// follow notes when blocks come until ctx ends.
func (n *Node) follow(ctx context.Context, c *chain.Chain) {
	for {
		changed := c.Changed()
		n.note(c)
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (n *Node) note(c *chain.Chain) {
	now, tip := time.Now(), c.Tip()
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, h := tip.ID, tip.Height; h > n.s.base; h-- {
		if _, known := n.seen[id]; known {
			return
		}
		n.seen[id] = now
		info, ok := c.Header(id)
		if !ok {
			return
		}
		id = info.Parent
	}
}

// Mine finds a block: it is put together on the node's tip, of its mempool, given
// to its chain, and its id returned.
func (n *Node) Mine() wire.Hash {
	n.s.t.Helper()
	ids, err := n.Mill.Generate(context.Background(), 1, PayAnyone(), 0)
	if err != nil {
		n.s.t.Fatalf("sim: node %d: mine: %v", n.I, err)
	}
	return ids[0]
}

// Add brings transactions to the node as its own user would.
func (n *Node) Add(ts ...*wire.Tx) {
	n.s.t.Helper()
	for _, t := range ts {
		if _, err := n.Pool.Add(t, ""); err != nil {
			n.s.t.Fatalf("sim: node %d: add %v: %v", n.I, t.ID(), err)
		}
	}
}

// Fill puts transactions into the node's mempool without a word to its peers:
// as if gossip had brought them long ago.
func (n *Node) Fill(ts ...*wire.Tx) {
	n.s.t.Helper()
	n.fill(ts, ids(ts))
}

func (n *Node) fill(ts []*wire.Tx, ids idSet) {
	n.mu.Lock()
	n.preset = append(n.preset, ids)
	n.mu.Unlock()
	n.Add(ts...)
}

// idSet is a set of transactions' ids. Nodes share it.
type idSet map[wire.Hash]bool

func ids(ts []*wire.Tx) idSet {
	set := make(idSet, len(ts))
	for _, t := range ts {
		set[t.ID()] = true
	}
	return set
}

// filled says whether Fill brought a transaction. mu is held.
func (n *Node) filled(id wire.Hash) bool {
	return slices.ContainsFunc(n.preset, func(s idSet) bool { return s[id] })
}

// filled is the mempool as peering sees it: nothing is to be said of what Fill
// put there.
type filled struct {
	*mempool.Pool
	n *Node
}

func (f filled) EventsSince(seq uint64) ([]mempool.Event, bool) {
	es, ok := f.Pool.EventsSince(seq)
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	if len(f.n.preset) == 0 {
		return es, ok
	}
	var rest []mempool.Event
	for _, e := range es {
		if e.Added != nil && f.n.filled(e.Added.ID()) {
			e.Added = nil // its place in the sequence stays
		}
		rest = append(rest, e)
	}
	return rest, ok
}

// sharing is the chain as peering sees it: of a body that another node has
// already, this one keeps the same copy.
type sharing struct {
	*chain.Chain
	l *ledger
}

func (c sharing) QueueBlock(ctx context.Context, b *wire.Block, done func(error)) error {
	return c.Chain.QueueBlock(ctx, c.l.share(b), done)
}
