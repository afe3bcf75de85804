package main

import (
	"fmt"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quernnet/quern/node/sim"
)

// scenario is something to find out. run fills the report.
type scenario struct {
	name, about string
	flags       string // that it heeds
	defaults    settings
	run         func(t *testing.T, s *settings, r *report)
}

const netFlags = "nodes map delay mbit loss links peers dht public "

// scenarios are in the order in which they are listed.
var scenarios = []scenario{
	{
		name: "relay", about: "how long a block takes to reach everybody, by size",
		flags:    netFlags + "sizes txs blocks withhold cold",
		defaults: settings{Nodes: 50, Map: "flat", Delay: 50 * time.Millisecond, Mbit: 20, Links: 8, Sizes: "4M", Txs: 2000, Blocks: 5},
		run:      relay,
	},
	{
		name: "stale", about: "forks and stale blocks of many miners on the world map",
		flags: netFlags + "sizes txs blocks interval hash churn withhold",
		defaults: settings{Nodes: 500, Map: "world", Delay: 50 * time.Millisecond, Mbit: 20, Links: 8, Sizes: "1M", Txs: 8000,
			Blocks: 12, Interval: time.Minute, Hash: "even"},
		run: stale,
	},
	{
		name: "burst", about: "many transactions at once: when is each of them everywhere",
		flags:    netFlags + "burst origins",
		defaults: settings{Nodes: 50, Map: "flat", Delay: 50 * time.Millisecond, Mbit: 20, Links: 8, Burst: 5000},
		run:      burst,
	},
	{
		name: "join", about: "new nodes that know one address find peers and sync",
		flags:    netFlags + "joining sizes txs blocks",
		defaults: settings{Nodes: 100, Map: "flat", Delay: 50 * time.Millisecond, Mbit: 20, Joining: 100, DHT: true, Sizes: "100k", Txs: 2000, Blocks: 20},
		run:      join,
	},
	{
		name: "leave", about: "half of all nodes vanish at once; who is cut off a minute later",
		flags:    netFlags,
		defaults: settings{Nodes: 100, Map: "flat", Delay: 50 * time.Millisecond, Mbit: 20, DHT: true},
		run:      leave,
	},
	{
		name: "selfish", about: "what a selfish miner earns (Eyal and Sirer), with real blocks and nodes",
		flags: "nodes delay mbit links blocks interval alphas reach",
		defaults: settings{Nodes: 12, Map: "flat", Delay: 10 * time.Millisecond, Mbit: 100, Links: 4, Blocks: 1000,
			Interval: 4 * time.Second, Alphas: "20,30,40", Reach: 2 * time.Millisecond},
		run: selfish,
	},
	{
		name: "catchup", about: "the chance to catch up from z blocks behind (the paper's section 11)",
		flags:    "trials",
		defaults: settings{Trials: 4000},
		run:      catchup,
	},
	{
		name: "attack-boot", about: "a node starts among sybils, its seeds four parts lies in five",
		flags: "nodes sybils blocks dht", defaults: settings{Nodes: 20, Sybils: 4, Blocks: 10}, run: coldBoot,
	},
	{
		name: "attack-flash", about: "sybils in all meshes stop passing anything on, at once",
		flags: "nodes sybils blocks", defaults: settings{Nodes: 20, Sybils: 4, Blocks: 10}, run: flash,
	},
	{
		name: "attack-malleate", about: "false copies come before every block and transaction (-sybils: attackers in all)",
		flags: "nodes sybils blocks", defaults: settings{Nodes: 20, Sybils: 6, Blocks: 10}, run: malleate,
	},
	{
		name: "attack-rewrite", about: "a majority of the hash power rewrites blocks",
		flags: "nodes blocks", defaults: settings{Nodes: 20, Blocks: 100}, run: rewrite,
	},
	{
		name: "attack-leave", about: "half of the honest nodes vanish, and the sybils stay",
		flags: "nodes sybils", defaults: settings{Nodes: 30, Sybils: 4}, run: leaveAmongSybils,
	},
}

// bubble runs f with a swarm in virtual time.
func bubble(t *testing.T, s *settings, o sim.Options, r *report, f func(t *testing.T, w *sim.Swarm)) {
	if s.Verbose {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		w := sim.New(t, o)
		tell("%d nodes run", len(w.Nodes))
		f(t, w)
		if err := profileHeap(s.Heap); err != nil {
			t.Error(err)
		}
		r.Virtual += seconds(w.Now())
	})
	tell("%.0f s of virtual time in %.0f s", r.Virtual, time.Since(began).Seconds())
}

// tell says on the terminal how far a run is.
func tell(format string, args ...any) {
	if !testing.Testing() {
		fmt.Fprintf(os.Stderr, "sim: "+format+"\n", args...)
	}
}

// settle links the nodes and waits until gossip has formed its meshes.
func settle(s *settings, w *sim.Swarm) {
	if s.Links > 0 {
		w.Connect(min(s.Links, len(w.Nodes)-1))
	}
	w.Await(2*time.Minute, w.Linked(min(max(s.Links, 1), len(w.Nodes)-1)))
	w.Await(2*time.Minute, w.Synced())
	time.Sleep(10 * time.Second)
}

// load is what fills a block of a size: transactions of equal size, most of it
// witness, no more than the weight limit lets in.
type load struct{ txs, each int }

const (
	blockSpace = 4_000_000 - 8_000 // weight for transactions: what templates leave free is for the coinbase
	baseWeight = 3 * 94            // of one transaction: its 94 bytes without witness count four times
)

func (s *settings) load(size int) load {
	n := max(1, s.Txs*size/4_000_000, (size+sim.MaxSpend-1)/sim.MaxSpend)
	each := min(size/n, blockSpace/n-baseWeight-3)
	return load{n, max(each, sim.MinSpend)}
}

// bytesSent adds up what all nodes have sent.
func bytesSent(w *sim.Swarm) (sum int64) {
	for _, n := range w.Nodes {
		out, _ := n.Bytes()
		sum += out
	}
	return sum
}
