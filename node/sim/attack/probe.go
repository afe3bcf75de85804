package attack

import (
	"fmt"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/sim"
)

// Spread is how blocks and transactions of honest nodes reached the honest ones.
type Spread struct {
	Blocks, Txs                      Share // deliveries within the time given
	BlockP50, BlockP99, TxP50, TxP99 time.Duration

	raw
}

func (s Spread) String() string {
	return fmt.Sprintf("blocks %.1f %% p50 %v p99 %v, transactions %.1f %% p50 %v p99 %v",
		s.Blocks.Percent(), s.BlockP50, s.BlockP99, s.Txs.Percent(), s.TxP50, s.TxP99)
}

// Spread's raw data, until finish.
type raw struct{ blocks, txs delays }

// probe has honest nodes pay and mine by turns, and waits for each payment and
// each block until all honest nodes have it, at most max. A block has fill
// transactions that waited everywhere, besides.
func probe(s *sim.Swarm, rounds, fill int, max time.Duration) Spread {
	f := probeFrom(s, 0, rounds, fill, max)
	f.finish()
	return f
}

// probeFrom is probe of some rounds, the first of a number that says whose turn it
// is. More may be added before finish.
func probeFrom(s *sim.Swarm, first, rounds, fill int, max time.Duration) (f Spread) {
	nodes := s.Running()
	for i := first; i < first+rounds; i++ {
		ts := s.Spend(1, 400)
		nodes[(2*i)%len(nodes)].Add(ts...)
		id := ts[0].ID()
		got := arrivals(nodes, max, func(n *sim.Node) bool { _, ok := n.Pool.Get(id); return ok })
		f.txs, f.Txs.Of, f.Txs.Got = append(f.txs, got...), f.Txs.Of+len(nodes), f.Txs.Got+len(got)

		s.Fill(s.Spend(fill, 400))
		got = spreadOf(nodes, nodes[(2*i+1)%len(nodes)].Mine(), max)
		f.blocks, f.Blocks.Of, f.Blocks.Got = append(f.blocks, got...), f.Blocks.Of+len(nodes), f.Blocks.Got+len(got)
		time.Sleep(5 * time.Second)
	}
	return f
}

func (s *Spread) add(o Spread) {
	s.blocks, s.txs = append(s.blocks, o.blocks...), append(s.txs, o.txs...)
	s.Blocks = Share{s.Blocks.Got + o.Blocks.Got, s.Blocks.Of + o.Blocks.Of}
	s.Txs = Share{s.Txs.Got + o.Txs.Got, s.Txs.Of + o.Txs.Of}
}

func (s *Spread) finish() {
	s.BlockP50, s.BlockP99, s.TxP50, s.TxP99 = s.blocks.at(.5), s.blocks.at(.99), s.txs.at(.5), s.txs.at(.99)
}

// spreadOf is how long a block took to become the tip of each node.
func spreadOf(nodes []*sim.Node, id wire.Hash, max time.Duration) delays {
	return arrivals(nodes, max, func(n *sim.Node) bool { _, ok := n.Seen(id); return ok })
}

// arrivals waits until something is so at every node, at most max, and lists how
// long it took at those where it was.
func arrivals(nodes []*sim.Node, max time.Duration, is func(*sim.Node) bool) (d delays) {
	began := time.Now()
	missing := append([]*sim.Node(nil), nodes...)
	for {
		rest := missing[:0]
		for _, n := range missing {
			if is(n) {
				d = append(d, time.Since(began))
			} else {
				rest = append(rest, n)
			}
		}
		if missing = rest; len(missing) == 0 || time.Since(began) >= max {
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// near has all outsiders, who choose where they stand, closer to everybody than
// honest nodes are to each other.
func near(honest, outsiders time.Duration) sim.Latency {
	return func(from, to int) time.Duration {
		if from >= sim.FirstOutsider || to >= sim.FirstOutsider {
			return outsiders
		}
		return honest
	}
}
