package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/sim"
)

// found is a block that was mined.
type found struct {
	id    wire.Hash
	miner int
	at    time.Time
}

// stale has nodes mine by their shares of the hash power, at times of a Poisson
// process, each on the tip that it has then.
func stale(t *testing.T, s *settings, r *report) {
	sizes, _ := s.sizes()
	l := s.load(sizes[0])
	shares, _ := s.shares()
	o := sim.Options{Nodes: s.Nodes, Coins: s.Blocks * l.txs}
	s.world(&o, s.Nodes)
	liars := withholders(s, &o)
	bubble(t, s, o, r, func(t *testing.T, w *sim.Swarm) {
		settle(s, w)
		before := bytesSent(w)
		c := newChurn(s, w)
		blocks := mineBy(s, w, shares, liars, l, c)
		c.end()
		time.Sleep(time.Minute)
		w.Await(10*time.Minute, func(w *sim.Swarm) error {
			return reached(w.Nodes[0].Chain.Tip().ID, liars)(w)
		})
		r.count(s, w, blocks, shares, liars)
		r.add("bytes sent a node and block", float64((bytesSent(w)-before)/int64(len(w.Nodes)*len(blocks))), "bytes")
	})
}

// mineBy mines Blocks blocks. Half of the time before each one its transactions come
// into the mempools.
func mineBy(s *settings, w *sim.Swarm, shares []float64, liars map[int]bool, l load, c *churn) (blocks []found) {
	dice := rand.New(rand.NewPCG(s.Seed, 'm'))
	for range s.Blocks {
		wait := time.Duration(dice.ExpFloat64() * float64(s.Interval))
		c.sleep(wait / 2)
		w.Fill(w.Spend(l.txs, l.each))
		c.sleep(wait - wait/2)
		miner := pick(dice, shares)
		for liars[miner] || !w.Nodes[miner].Running() {
			miner = pick(dice, shares)
		}
		blocks = append(blocks, found{w.Nodes[miner].Mine(), miner, time.Now()})
		tell("%d of %d blocks, after %v", len(blocks), s.Blocks, w.Now().Round(time.Second))
	}
	return blocks
}

// count reckons forks and stale blocks from what was mined and when it came where.
func (r *report) count(s *settings, w *sim.Swarm, blocks []found, shares []float64, liars map[int]bool) {
	chain, at := w.Nodes[0].Chain, map[uint32]int{}
	forks, lost := 0, 0
	var all, mean times
	cdf := plot{Title: "Share of nodes that have a block", X: "seconds since it was found", Y: "share of nodes", YMax: 1}
	size, txs := 0, 0
	for _, b := range blocks {
		info, ok := chain.Header(b.id)
		if at[info.Height]++; ok && at[info.Height] == 2 {
			forks++
		}
		if !info.Active {
			lost++
			continue
		}
		if body, err := chain.Block(b.id); err == nil {
			size, txs = size+body.Size(), txs+len(body.Txs)
		}
		weighted, sum := 0.0, 0.0
		for i, n := range w.Nodes {
			if t, ok := n.Seen(b.id); ok && i != b.miner && !liars[i] && n.Since().Before(b.at) {
				all = append(all, t.Sub(b.at))
				weighted += shares[i] * t.Sub(b.at).Seconds()
				sum += shares[i]
			}
		}
		if sum > 0 {
			mean = append(mean, time.Duration(weighted/sum*(1-shares[b.miner])*1e9))
		}
	}
	kept := len(blocks) - lost
	r.add("blocks mined", float64(len(blocks)), "")
	r.add("mean size of a block", float64(size/max(kept, 1)), "bytes")
	r.add("mean transactions of a block", float64(txs/max(kept, 1)), "")
	r.add("heights with more than one block", float64(forks), "")
	r.add("stale blocks, counted", float64(lost), "")
	r.add("stale rate, counted", 100*float64(lost)/float64(len(blocks)), "%")
	name, rate := "stale rate, reckoned from the delays", 100*mean.mean().Seconds()/s.Interval.Seconds()
	if s.Map == "world" && s.Interval >= time.Minute {
		r.want(name, rate, "%", 1)
	} else {
		r.add(name, rate, "%")
	}
	for _, p := range []struct {
		name  string
		share float64
	}{{"50 % of", .5}, {"90 % of", .9}, {"99 % of", .99}, {"all", 1}} {
		r.add("time until "+p.name+" nodes have a block", all.at(p.share).Seconds(), "s")
	}
	r.note("Reckoned: while a block is on its way to a node, that node's hash power works on a rival. The rate is the mean over blocks " +
		"of the delay to the other nodes, weighted by their hash power, divided by the time between blocks. It needs no rare event to be seen.")
	cdf.Series = append(cdf.Series, all.curve("all blocks", len(all)))
	r.Plots = append(r.Plots, cdf)
}

// churn has nodes vanish and return while it sleeps.
type churn struct {
	s    *settings
	w    *sim.Swarm
	dice *rand.Rand
	next time.Time
	back []returning
}

type returning struct {
	node *sim.Node
	at   time.Time
}

func newChurn(s *settings, w *sim.Swarm) *churn {
	c := &churn{s: s, w: w, dice: rand.New(rand.NewPCG(s.Seed, 'c'))}
	c.next = time.Now().Add(c.wait())
	return c
}

func (c *churn) wait() time.Duration {
	return time.Duration(c.dice.ExpFloat64() * float64(c.s.Churn))
}

// sleep waits, and meanwhile kills nodes and runs them again. Node 0 stays.
func (c *churn) sleep(d time.Duration) {
	end := time.Now().Add(d)
	for c.s.Churn > 0 {
		at, what := end, func() {}
		if c.next.Before(at) {
			at, what = c.next, c.lose
		}
		for i, b := range c.back {
			if b.at.Before(at) {
				at, what = b.at, func() { c.bring(i) }
			}
		}
		time.Sleep(time.Until(at))
		if at.Equal(end) {
			return
		}
		what()
	}
	time.Sleep(time.Until(end))
}

func (c *churn) lose() {
	c.next = time.Now().Add(c.wait())
	running := c.w.Running()
	if len(running) < len(c.w.Nodes)/2 {
		return
	}
	n := running[1+c.dice.IntN(len(running)-1)]
	c.w.Kill(n)
	c.back = append(c.back, returning{n, time.Now().Add(c.wait() * time.Duration(len(c.w.Nodes)/10+1))})
}

// bring runs a node again. It has its chain; of the peers that it knew it
// is told as many as it had dialed.
func (c *churn) bring(i int) {
	n := c.back[i].node
	c.back = append(c.back[:i:i], c.back[i+1:]...)
	running := c.w.Running()
	c.dice.Shuffle(len(running), func(i, j int) { running[i], running[j] = running[j], running[i] })
	var peers []string
	for _, o := range running[:min(len(running), max(1, c.s.Links))] {
		peers = append(peers, o.Addr())
	}
	n.Start(peers...)
}

// end brings all back.
func (c *churn) end() {
	for len(c.back) > 0 {
		c.bring(0)
	}
}
