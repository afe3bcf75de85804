package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// Swarm is nodes on a network. It is to be used by the test's goroutine alone.
type Swarm struct {
	Nodes []*Node
	Rand  *rand.Rand // of the seed; for scenarios

	t         testing.TB
	o         Options
	net       *network
	ledger    *ledger
	seed      *store // what new nodes begin with
	base      uint32 // its height
	coins     []wire.Outpoint
	worth     int64
	taken     int
	outsiders []*Outsider
	watch     sync.WaitGroup
}

// New builds a swarm and starts Options.Nodes nodes that do not know each
// other. It must be called in a bubble of testing/synctest.
func New(t testing.TB, o Options) *Swarm {
	t.Helper()
	o.complete()
	time.Sleep(time.Until(o.Start)) // the bubble's clock begins in 2000, before any block
	s := &Swarm{t: t, o: o, Rand: rand.New(rand.NewPCG(o.Seed, 's')), ledger: newLedger()}
	if err := s.begin(); err != nil {
		t.Fatalf("sim: history: %v", err)
	}
	s.net = newNetwork(&s.o)
	t.Cleanup(s.close)
	s.Grow(o.Nodes)
	return s
}

// begin makes the history and judges it, once for all.
func (s *Swarm) begin() error {
	h := past(s.o.Params, s.o.Coins, time.Now())
	s.coins, s.worth = h.coins, h.worth
	s.seed = newStore(s.ledger, s.o.Params)
	c, err := chain.Open(context.Background(), chain.Config{Params: s.o.Params, Store: s.seed})
	if err != nil {
		return err
	}
	for _, b := range h.blocks {
		if err := c.AddBlock(context.Background(), b); err != nil {
			_ = c.Close() // the block's error says more
			return err
		}
	}
	s.base = c.Tip().Height
	return c.Close()
}

// Grow adds k nodes that have the history, starts them, and returns them. They
// know the given addresses.
func (s *Swarm) Grow(k int, peers ...string) []*Node {
	s.t.Helper()
	return s.grow(k, s.seed, peers)
}

// GrowFresh is Grow of nodes that have nothing but the genesis block.
func (s *Swarm) GrowFresh(k int, peers ...string) []*Node {
	s.t.Helper()
	return s.grow(k, newStore(s.ledger, s.o.Params), peers)
}

func (s *Swarm) grow(k int, from *store, peers []string) []*Node {
	s.t.Helper()
	for range k {
		n := &Node{
			I: len(s.Nodes), s: s, store: from.clone(),
			seen: map[wire.Hash]time.Time{},
		}
		s.net.add(n.I, ip(n.I))
		s.Nodes = append(s.Nodes, n)
		n.Start(peers...)
	}
	return s.Nodes[len(s.Nodes)-k:]
}

// close ends all nodes, all at once, and the network.
func (s *Swarm) close() {
	var wg sync.WaitGroup
	for _, n := range s.Nodes {
		wg.Go(n.Stop)
	}
	for _, o := range s.outsiders {
		for _, end := range o.ends {
			wg.Go(end)
		}
	}
	wg.Wait()
	s.watch.Wait()
	s.net.sim.Close()
}

// Kill ends nodes at the same moment, without a word to their peers, as when the power fails.
func (s *Swarm) Kill(nodes ...*Node) {
	s.t.Helper()
	var wg sync.WaitGroup
	for _, n := range nodes {
		s.net.setDown(n.I, true)
	}
	for _, n := range nodes {
		wg.Go(n.Stop)
	}
	wg.Wait()
	for _, n := range nodes {
		s.net.setDown(n.I, false)
	}
}

// Now is the virtual time since the swarm began.
func (s *Swarm) Now() time.Duration { return time.Since(s.o.Start) }

// Base is the height of the history that all nodes begin with.
func (s *Swarm) Base() uint32 { return s.base }

// Params are the rules of the swarm's chain.
func (s *Swarm) Params() *consensus.Params { return s.o.Params }

// Coin takes a mature coin of PayAnyone that was not taken yet.
func (s *Swarm) Coin() (wire.Outpoint, int64) {
	s.t.Helper()
	if s.taken == len(s.coins) {
		s.t.Fatalf("sim: all %d coins are taken: Options.Coins is too low", s.taken)
	}
	s.taken++
	return s.coins[s.taken-1], s.worth
}

// Spend makes k transactions of about size bytes each, of coins not taken yet.
// They pay different fees, so that every template has them in the same order.
func (s *Swarm) Spend(k, size int) []*wire.Tx {
	s.t.Helper()
	ts := make([]*wire.Tx, k)
	for i := range ts {
		op, worth := s.Coin()
		ts[i] = Pay(op, worth, int64(size+s.taken%997), size, 0)
	}
	return ts
}

// Fill puts transactions into the mempools of all running nodes, silently.
func (s *Swarm) Fill(ts []*wire.Tx) {
	s.t.Helper()
	var wg sync.WaitGroup
	set := ids(ts)
	for _, n := range s.Running() {
		wg.Go(func() { n.fill(ts, set) })
	}
	wg.Wait()
}

// Running lists the nodes that run.
func (s *Swarm) Running() []*Node {
	var list []*Node
	for _, n := range s.Nodes {
		if n.Running() {
			list = append(list, n)
		}
	}
	return list
}

// Connect has each node dial k others that are chosen at random, as of those it has known
// for long, and keep them. It returns when all dials have ended.
func (s *Swarm) Connect(k int) {
	s.t.Helper()
	var wg sync.WaitGroup
	for _, n := range s.Nodes {
		order := s.Rand.Perm(len(s.Nodes))
		var to []*Node
		for _, j := range order {
			if j != n.I && len(to) < k {
				to = append(to, s.Nodes[j])
			}
		}
		wg.Go(func() {
			for _, o := range to {
				s.link(n, o)
			}
		})
	}
	wg.Wait()
}

// Link has a dial b and keep it.
func (s *Swarm) Link(a, b *Node) {
	s.t.Helper()
	s.link(a, b)
}

func (s *Swarm) link(a, b *Node) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := a.Net.Connect(ctx, b.Addr()); err != nil && !a.connected(b) {
		s.t.Errorf("sim: node %d dials node %d: %v", a.I, b.I, err)
	}
}

func (n *Node) connected(o *Node) bool {
	for _, p := range n.Net.Peers() {
		if p.ID == o.Net.ID() {
			return true
		}
	}
	return false
}

// Partition cuts the swarm into parts that do not hear each other. Nodes that
// are in none of the lists form one more part together.
func (s *Swarm) Partition(parts ...[]*Node) {
	s.net.mu.Lock()
	defer s.net.mu.Unlock()
	clear(s.net.side)
	for k, part := range parts {
		for _, n := range part {
			s.net.side[n.I] = k + 1
		}
	}
}

// Heal ends Partition.
func (s *Swarm) Heal() { s.Partition() }

func (n *network) setDown(i int, down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[i] = down
}

// Await sleeps until a condition holds, and fails the test when it does not
// within max of virtual time. It returns how long it took, to a hundredth of a
// second.
func (s *Swarm) Await(max time.Duration, c Condition) time.Duration {
	s.t.Helper()
	began := time.Now()
	for {
		err := c(s)
		if err == nil {
			return time.Since(began)
		}
		if time.Since(began) > max {
			s.t.Fatalf("sim: after %v: %v", max, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Condition says why the swarm is not yet as wanted; nil: it is.
type Condition func(*Swarm) error

// Linked wants each running node to have at least k peers that passed the handshake.
func (s *Swarm) Linked(k int) Condition {
	return func(s *Swarm) error {
		for _, n := range s.Running() {
			if got := len(n.Net.Peers()); got < k {
				return fmt.Errorf("node %d has %d peers, not %d", n.I, got, k)
			}
		}
		return nil
	}
}

// Synced wants each running node to have caught up, so that it takes transactions.
func (s *Swarm) Synced() Condition {
	return func(s *Swarm) error {
		for _, n := range s.Running() {
			if !n.Peering.Synced() {
				return fmt.Errorf("node %d has not caught up", n.I)
			}
		}
		return nil
	}
}

// AtTip wants a block to be the tip of each running node.
func (s *Swarm) AtTip(id wire.Hash) Condition {
	return func(s *Swarm) error {
		for _, n := range s.Running() {
			if tip := n.Chain.Tip(); tip.ID != id {
				return fmt.Errorf("node %d is at %v, height %d, not at %v", n.I, tip.ID, tip.Height, id)
			}
		}
		return nil
	}
}

// Agreed wants all running nodes to have the same tip.
func (s *Swarm) Agreed() Condition {
	return func(s *Swarm) error { return s.AtTip(s.Running()[0].Chain.Tip().ID)(s) }
}

// Have wants all transactions in the mempools of all running nodes.
func (s *Swarm) Have(ts []*wire.Tx) Condition {
	return func(s *Swarm) error {
		for _, n := range s.Running() {
			missing := 0
			for _, t := range ts {
				if _, ok := n.Pool.Get(t.ID()); !ok {
					missing++
				}
			}
			if missing > 0 {
				return fmt.Errorf("node %d lacks %d of %d transactions", n.I, missing, len(ts))
			}
		}
		return nil
	}
}
