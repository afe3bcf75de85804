package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// What the soak does, on average how often. A node that is killed comes back
// within half a minute, so at any time some are away and some catch up.
const (
	mineEvery = 2 * time.Second
	payEvery  = time.Second
	killEvery = 8 * time.Second
	cutEvery  = 90 * time.Second

	shortestDown = 2 * time.Second
	longestDown  = 30 * time.Second
	shortestCut  = 10 * time.Second
	longestCut   = 40 * time.Second
	calm         = 10 * time.Second // at the end: nobody is killed, nothing is cut
)

// act is one thing that happens in a soak.
type act struct {
	At   time.Duration // since the start
	Kind deed
	Node int
	To   int     // pay: who is paid
	Pay  float64 // pay: coins
	Side []int   // cut: who is apart from the others
}

// deed is what an act does.
type deed string

const (
	doMine  deed = "mine"  // Node mines a block
	doPay   deed = "pay"   // Node pays To
	doKill  deed = "kill"  // Node's process is killed
	doStart deed = "start" // Node's process is started again
	doCut   deed = "cut"   // Side can reach only itself
	doHeal  deed = "heal"  // everybody can reach everybody
)

// plan is all that a soak does, in order of time. It is a function of its
// arguments: the same seed does the same again, as far as processes allow.
//
// Invariants: a node is killed only while it runs and started only after that;
// at most a third of the nodes are down at a time; the steady ones never are;
// cuts do not overlap and leave at least two nodes on each side; in the last
// calm everybody runs and is joined.
type plan struct {
	Seed   uint64
	Nodes  int
	Steady int // the first so many are never killed: their memory is watched
	Length time.Duration
	Acts   []act
}

// newPlan makes the plan of a soak of n nodes.
func newPlan(seed uint64, n int, length time.Duration) plan {
	p := plan{Seed: seed, Nodes: n, Steady: max(2, n/4), Length: length}
	r := rand.New(rand.NewPCG(seed, 0))
	end := length - calm
	p.outages(r, end)
	p.cuts(r, end)
	p.traffic(r)
	slices.SortStableFunc(p.Acts, func(a, b act) int { return cmp.Compare(a.At, b.At) })
	return p
}

// outages kills nodes and starts them again.
func (p *plan) outages(r *rand.Rand, end time.Duration) {
	back := make([]time.Duration, p.Nodes) // when a node that is down comes back
	for at := pause(r, killEvery); at < end-shortestDown; at += pause(r, killEvery) {
		down := 0
		for _, b := range back {
			if b > at {
				down++
			}
		}
		i := p.Steady + r.IntN(p.Nodes-p.Steady)
		if back[i] >= at || down >= p.Nodes/3 {
			continue
		}
		back[i] = min(at+shortestDown+rand64(r, longestDown-shortestDown), end)
		p.Acts = append(p.Acts, act{At: at, Kind: doKill, Node: i}, act{At: back[i], Kind: doStart, Node: i})
	}
}

// cuts parts the nodes into two sides, and joins them again.
func (p *plan) cuts(r *rand.Rand, end time.Duration) {
	every := min(cutEvery, end/3)
	for at := pause(r, every); at < end-shortestCut; {
		side := r.Perm(p.Nodes)[:2+r.IntN(p.Nodes-3)]
		slices.Sort(side)
		heal := min(at+shortestCut+rand64(r, longestCut-shortestCut), end)
		p.Acts = append(p.Acts, act{At: at, Kind: doCut, Side: side}, act{At: heal, Kind: doHeal})
		at = heal + pause(r, every)
	}
}

// traffic mines and pays to the very end.
func (p *plan) traffic(r *rand.Rand) {
	for at := pause(r, mineEvery); at < p.Length; at += pause(r, mineEvery) {
		p.Acts = append(p.Acts, act{At: at, Kind: doMine, Node: r.IntN(p.Nodes)})
	}
	for at := pause(r, payEvery); at < p.Length; at += pause(r, payEvery) {
		from := r.IntN(p.Nodes)
		to := (from + 1 + r.IntN(p.Nodes-1)) % p.Nodes
		p.Acts = append(p.Acts, act{At: at, Kind: doPay, Node: from, To: to, Pay: float64(1+r.IntN(1000)) / 1000})
	}
}

// pause is a random wait, between a half and one and a half of the mean.
func pause(r *rand.Rand, mean time.Duration) time.Duration { return mean/2 + rand64(r, mean) }

// rand64 is a random duration below n.
func rand64(r *rand.Rand, n time.Duration) time.Duration { return time.Duration(r.Int64N(int64(n))) }

// count tells how many acts of a kind there are.
func (p *plan) count(k deed) int {
	n := 0
	for _, a := range p.Acts {
		if a.Kind == k {
			n++
		}
	}
	return n
}

func (p *plan) String() string {
	return fmt.Sprintf("seed %d: %d nodes (%d never killed) for %s: %d blocks, %d payments, %d kills, %d cuts",
		p.Seed, p.Nodes, p.Steady, p.Length, p.count(doMine), p.count(doPay), p.count(doKill), p.count(doCut))
}

// validate says what no soak can be made of.
func (o soakOptions) validate() error {
	if o.nodes < 4 || o.nodes > 100 {
		return fmt.Errorf("-nodes %d: use 4 to 100", o.nodes)
	}
	if o.length < 30*time.Second || o.length > 24*time.Hour {
		return fmt.Errorf("-for %s: use 30s to 24h", o.length)
	}
	return nil
}
