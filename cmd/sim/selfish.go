package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/peering"
	"github.com/quernnet/quern/node/sim"
)

// revenue is the share of the blocks that a selfish pool of size alpha gets
// when a share gamma of the honest works on its block in a tie (Eyal and Sirer: "Majority
// is not enough: Bitcoin mining is vulnerable", 2013, equation 8).
func revenue(alpha, gamma float64) float64 {
	a, b := alpha, 1-alpha
	return (a*b*b*(4*a+gamma*(1-2*a)) - a*a*a) / (1 - a*(1+(2-a)*a))
}

// selfish mines with one attacker of each share, in a swarm of its own.
func selfish(t *testing.T, s *settings, r *report) {
	alphas, _ := percents(s.Alphas)
	tab := table{Title: "A selfish miner's share of the blocks in the chain that all agree on",
		Head: []string{"hash power", "ties", "γ, measured", "share, measured", "share by the paper's formula at that γ", "± (95 %)", "stale blocks"}}
	lines := []series{{Name: "measured", Points: true}, {Name: "the paper's formula at the measured γ"}, {Name: "an honest miner's share"}}
	worst := 0.0
	for _, alpha := range alphas {
		o := outcome{}
		bubble(t, s, attackerOptions(s, &o), r, func(t *testing.T, w *sim.Swarm) { o.mine(t, s, w, alpha) })
		share, gamma := float64(o.his)/float64(o.all), o.gamma()
		want := revenue(alpha, gamma)
		tab.Rows = append(tab.Rows, []string{
			percent(alpha), fmt.Sprint(o.ties), short(gamma), percent(share), percent(want), percent(2 * deviation(want, o.all)), fmt.Sprint(o.mined - o.all),
		})
		for i, v := range []float64{share, want, alpha} {
			lines[i].X, lines[i].Y = append(lines[i].X, 100*alpha), append(lines[i].Y, 100*v)
		}
		worst = max(worst, max(share-want, want-share))
	}
	r.Tables = append(r.Tables, tab)
	r.Plots = append(r.Plots, plot{Title: "What selfish mining earns", X: "share of the hash power, %", Y: "share of the blocks, %", Series: lines})
	r.want("worst difference from the formula", 100*worst, "points", 100*max(.02, 4*deviation(.4, s.Blocks)))
	r.note("γ is measured: of each tie, the share of the honest hash power that was working on the attacker's block when the next block was found.")
	r.note("The blocks of one chain are not independent, so the 95 % is a little wider than it says.")
}

func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

// attackerOptions makes the last node the attacker's, near to everybody.
func attackerOptions(s *settings, o *outcome) sim.Options {
	opts := sim.Options{Nodes: s.Nodes + 1}
	s.world(&opts, s.Nodes+1)
	honest := opts.Latency
	opts.Latency = func(from, to int) time.Duration {
		if from == s.Nodes || to == s.Nodes {
			return s.Reach
		}
		return honest(from, to)
	}
	opts.Peering = func(i int, c *peering.Config) {
		if i == s.Nodes {
			o.a = &attacker{Chain: c.Chain, held: map[wire.Hash]*wire.Block{}, let: map[wire.Hash]bool{}}
			c.Chain = o.a
		}
	}
	return opts
}

// outcome is what came of one attacker.
type outcome struct {
	a        *attacker
	mined    int
	his, all int // blocks in the chain
	ties     int
	withHim  float64 // sum over the ties of the honest power on his side
}

func (o *outcome) gamma() float64 {
	if o.ties == 0 {
		return 0
	}
	return o.withHim / float64(o.ties)
}

// mine runs the swarm and judges the chain that is left.
func (o *outcome) mine(t *testing.T, s *settings, w *sim.Swarm, alpha float64) {
	w.Connect(s.Links)
	o.a.node = w.Nodes[s.Nodes]
	for _, n := range w.Nodes[:s.Nodes] {
		w.Link(o.a.node, n)
	}
	w.Await(time.Minute, w.Synced())
	time.Sleep(5 * time.Second)
	o.a.begin()
	stop := o.a.watch()
	dice := rand.New(rand.NewPCG(s.Seed, uint64(alpha*1000)))
	for o.mined = 0; o.mined < s.Blocks; o.mined++ {
		time.Sleep(time.Duration(dice.ExpFloat64() * float64(s.Interval)))
		o.poll(w.Nodes[:s.Nodes])
		if dice.Float64() < alpha {
			o.a.find(uint64(o.mined))
		} else {
			w.Nodes[dice.IntN(s.Nodes)].Mine()
		}
	}
	time.Sleep(time.Minute)
	stop()
	if err := o.a.failure(); err != nil {
		t.Fatal(err)
	}
	o.judge(w)
}

// poll asks in a tie whom the honest follow.
func (o *outcome) poll(honest []*sim.Node) {
	his, tie := o.a.tie()
	if !tie {
		return
	}
	with := 0
	for _, n := range honest {
		if n.Chain.Tip().ID == his {
			with++
		}
	}
	o.ties++
	o.withHim += float64(with) / float64(len(honest))
}

func (o *outcome) judge(w *sim.Swarm) {
	c := w.Nodes[0].Chain
	for h := w.Base() + 1; ; h++ {
		info, ok := c.ActiveAt(h)
		if !ok {
			return
		}
		o.all++
		if o.a.his[info.ID] {
			o.his++
		}
	}
}

// attacker is a selfish miner (Eyal and Sirer's algorithm 1). He runs a real node.
// Its chain, as peering sees it, keeps the honest's bodies back, so that the node has his
// own branch active, announces it, and serves it, until he gives it up. What
// is not published is in no chain.
//
// mu guards what follows it. Blocks are given to the chain while it is held.
type attacker struct {
	peering.Chain
	node *sim.Node

	mu      sync.Mutex
	held    map[wire.Hash]*wire.Block // bodies that came and were kept back
	let     map[wire.Hash]bool        // blocks of the branch that he follows
	his     map[wire.Hash]bool
	private []*wire.Block // his branch since the fork, published ones included
	state   consensus.State
	shown   int    // of private
	public  uint32 // height of the best public block
	err     error
}

// QueueBlock lets only the blocks through that he has agreed to.
func (a *attacker) QueueBlock(ctx context.Context, b *wire.Block, done func(error)) error {
	a.mu.Lock()
	ok := a.let[b.ID()]
	if !ok {
		a.held[b.ID()] = b
	}
	a.mu.Unlock()
	if ok {
		return a.Chain.QueueBlock(ctx, b, done)
	}
	go done(nil)
	return nil
}

func (a *attacker) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.his = map[wire.Hash]bool{}
	a.state = a.Chain.Tip()
	a.public = a.state.Height
}

// watch reacts to what the honest find until the function that it returns is called.
func (a *attacker) watch() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			changed := a.Chain.Changed()
			a.look()
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// look finds out whether the honest have a longer branch than he knew of.
func (a *attacker) look() {
	a.mu.Lock()
	defer a.mu.Unlock()
	best := a.Chain.BestHeader()
	for a.public < best.Height {
		lead := int(a.state.Height) - int(a.public)
		a.public++
		switch {
		case lead <= 0:
			a.adopt(best)
			a.public = best.Height
		case lead == 1:
			a.show(len(a.private))
		case lead == 2:
			a.show(len(a.private))
			a.private, a.shown = nil, 0
			a.public = a.state.Height
		default:
			a.show(a.shown + 1)
		}
	}
}

// adopt gives his branch up for the public one.
func (a *attacker) adopt(best consensus.State) {
	a.private, a.shown, a.state = nil, 0, best
	var path []wire.Hash
	for id := best.ID; !a.let[id]; {
		info, ok := a.Chain.Header(id)
		if !ok || info.Active && info.HasBody {
			break
		}
		path = append(path, id)
		id = info.Parent
	}
	for i := len(path) - 1; i >= 0; i-- {
		a.let[path[i]] = true
		if b := a.held[path[i]]; b != nil {
			delete(a.held, path[i])
			a.give(b)
		}
	}
}

// show publishes his branch up to its nth block.
func (a *attacker) show(n int) {
	for ; a.shown < min(n, len(a.private)); a.shown++ {
		a.give(a.private[a.shown])
	}
}

// give hands a block to his node, which tells everybody.
func (a *attacker) give(b *wire.Block) {
	err := a.node.Chain.AddBlock(context.Background(), b)
	if err != nil && !errors.Is(err, chain.ErrDuplicate) && a.err == nil {
		a.err = fmt.Errorf("the attacker's own node refuses block %v: %w", b.ID(), err)
	}
}

// find is a block that he finds. He keeps it to himself, unless it decides a tie.
func (a *attacker) find(tag uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	lead := int(a.state.Height) - int(a.public)
	b := sim.Block(a.state, uint32(time.Now().Unix()), tag|1<<40, 0)
	next, err := consensus.ApplyHeader(a.state, &b.Header, b.ID())
	if err != nil {
		a.err = fmt.Errorf("the attacker's block is bad: %w", err)
		return
	}
	a.private, a.state, a.his[b.ID()] = append(a.private, b), next, true
	if lead == 0 && len(a.private) == 2 {
		a.show(2)
		a.private, a.shown = nil, 0
		a.public = a.state.Height
	}
}

// tie says whether one block of his stands against one of the honest's.
func (a *attacker) tie() (his wire.Hash, tie bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.private) != 1 || a.shown != 1 || a.state.Height != a.public {
		return his, false
	}
	return a.private[0].ID(), true
}

func (a *attacker) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}
