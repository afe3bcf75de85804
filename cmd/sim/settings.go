package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/sim"
)

// settings are what the flags say. A scenario has its own defaults, and shows
// only the flags that it heeds.
type settings struct {
	Nodes    int
	Seed     uint64
	Map      string
	Delay    time.Duration
	Mbit     float64
	Loss     float64
	Links    int
	Peers    int
	DHT      bool
	Public   bool
	Sizes    string
	Txs      int
	Blocks   int
	Interval time.Duration
	Hash     string
	Churn    time.Duration
	Withhold float64
	Cold     float64
	Joining  int
	Burst    int
	Origins  int
	Alphas   string
	Reach    time.Duration
	Trials   int
	Sybils   int
	JSON     string
	HTML     string
	SVG      string
	Verbose  bool
	CPU      string
	Heap     string

	set *flag.FlagSet
}

// define adds the flag with the given name.
func (s *settings) define(f *flag.FlagSet, name string) {
	switch name {
	case "nodes":
		f.IntVar(&s.Nodes, name, s.Nodes, "how many nodes")
	case "map":
		f.StringVar(&s.Map, name, s.Map, "where the nodes are: flat (the same delay between all) or world")
	case "delay":
		f.DurationVar(&s.Delay, name, s.Delay, "one-way delay of the flat map")
	case "mbit":
		f.Float64Var(&s.Mbit, name, s.Mbit, "Mbit/s of each node's link, each way, on the flat map")
	case "loss":
		f.Float64Var(&s.Loss, name, s.Loss, "share of packets that vanish")
	case "links":
		f.IntVar(&s.Links, name, s.Links, "other nodes that each node dials")
	case "peers":
		f.IntVar(&s.Peers, name, s.Peers, "most peers of a node; 0: as usual")
	case "dht":
		f.BoolVar(&s.DHT, name, s.DHT, "nodes look for each other in the DHT")
	case "public":
		f.BoolVar(&s.Public, name, s.Public, "public-looking addresses, and the rules for the open Internet")
	case "sizes":
		f.StringVar(&s.Sizes, name, s.Sizes, "bytes of blocks, a list: 25k,250k,1M,4M (the weight limit holds)")
	case "txs":
		f.IntVar(&s.Txs, name, s.Txs, "transactions in a block of 4 MB, in smaller ones fewer in proportion; at least 1,000 bytes a block are one")
	case "blocks":
		f.IntVar(&s.Blocks, name, s.Blocks, "blocks to mine (of each size)")
	case "interval":
		f.DurationVar(&s.Interval, name, s.Interval, "mean time between blocks")
	case "hash":
		f.StringVar(&s.Hash, name, s.Hash, "hash power: even, or shares of the first nodes like 30,20,10 (percent; the rest is even)")
	case "churn":
		f.DurationVar(&s.Churn, name, s.Churn, "mean time between two losses of a node, which returns after as long; 0: none")
	case "withhold":
		f.Float64Var(&s.Withhold, name, s.Withhold, "share of nodes that pass announcements on and never have a body")
	case "cold":
		f.Float64Var(&s.Cold, name, s.Cold, "share of a block's transactions that only its miner knows")
	case "joining":
		f.IntVar(&s.Joining, name, s.Joining, "nodes that come")
	case "burst":
		f.IntVar(&s.Burst, name, s.Burst, "transactions published at once")
	case "origins":
		f.IntVar(&s.Origins, name, s.Origins, "nodes that publish them; 0: all")
	case "alphas":
		f.StringVar(&s.Alphas, name, s.Alphas, "the attacker's shares of the hash power, a list of percents")
	case "reach":
		f.DurationVar(&s.Reach, name, s.Reach, "the attacker's one-way delay to everybody; less than the others' makes its blocks win more ties")
	case "sybils":
		f.IntVar(&s.Sybils, name, s.Sybils, "attackers for each honest node")
	case "trials":
		f.IntVar(&s.Trials, name, s.Trials, "races for each share and depth")
	default:
		panic("no flag is called " + name)
	}
}

// parse reads a scenario's flags.
func parse(s scenario, args []string, w io.Writer) (*settings, error) {
	set := s.defaults
	f := flag.NewFlagSet("sim "+s.name, flag.ContinueOnError)
	f.SetOutput(w)
	f.Usage = func() {
		fmt.Fprintf(w, "%s: %s\n", s.name, s.about)
		f.PrintDefaults()
	}
	for _, name := range strings.Fields(s.flags) {
		set.define(f, name)
	}
	f.Uint64Var(&set.Seed, "seed", 1, "of delays, links, miners and transactions")
	f.StringVar(&set.JSON, "json", "", "file to write the report to, as JSON")
	f.StringVar(&set.HTML, "html", "", "file to write the report to, as a page with plots")
	f.StringVar(&set.SVG, "svg", "", "folder to write the plots to, as pictures by themselves")
	f.StringVar(&set.CPU, "cpuprofile", "", "file to write a profile of the processor's time to")
	f.StringVar(&set.Heap, "memprofile", "", "file to write a profile of the memory to, when the nodes are about to stop")
	f.BoolVar(&set.Verbose, "v", false, "log what the nodes log, at level info")
	set.set = f
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	return &set, set.check()
}

func (s *settings) check() error {
	switch {
	case s.Map != "" && s.Map != "flat" && s.Map != "world":
		return fmt.Errorf("-map %q: flat or world", s.Map)
	case s.Peers < 0:
		return fmt.Errorf("-peers %d: not negative", s.Peers)
	case s.Sybils < 0 || s.Sybils > 100:
		return fmt.Errorf("-sybils %d: 0 to 100", s.Sybils)
	case s.Nodes < 0 || s.Nodes > 10000:
		return fmt.Errorf("-nodes %d: 2 to 10000", s.Nodes)
	case s.Loss < 0 || s.Loss >= 1 || s.Withhold < 0 || s.Withhold >= 1 || s.Cold < 0 || s.Cold > 1:
		return errors.New("a share is between 0 and 1")
	case s.Mbit < 0 || s.Delay < 0 || s.Interval < 0 || s.Churn < 0 || s.Reach < 0:
		return errors.New("speeds and times are not negative")
	}
	if _, err := s.sizes(); err != nil {
		return err
	}
	if _, err := s.shares(); err != nil {
		return err
	}
	_, err := percents(s.Alphas)
	return err
}

// list is the settings by flag, for the report.
func (s *settings) list() map[string]string {
	out := map[string]string{}
	if s.set != nil {
		s.set.VisitAll(func(f *flag.Flag) {
			if !slices.Contains([]string{"json", "html", "svg", "v", "cpuprofile", "memprofile"}, f.Name) {
				out[f.Name] = f.Value.String()
			}
		})
	}
	return out
}

// sizes are the block sizes, in bytes.
func (s *settings) sizes() ([]int, error) {
	var out []int
	for _, text := range list(s.Sizes) {
		unit := 1
		digits := strings.TrimRight(text, "kKM")
		switch text[len(digits):] {
		case "":
		case "k", "K":
			unit = 1000
		case "M":
			unit = 1_000_000
		default:
			return nil, fmt.Errorf("-sizes: %q is no size; like 25k or 4M", text)
		}
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil || n <= 0 || n*float64(unit) > 4e6 {
			return nil, fmt.Errorf("-sizes: %q is no size up to 4M", text)
		}
		out = append(out, int(n*float64(unit)))
	}
	return out, nil
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

func percents(s string) (out []float64, err error) {
	for _, text := range list(s) {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n < 0 || n > 100 {
			return nil, fmt.Errorf("%q is no percentage", text)
		}
		out = append(out, n/100)
	}
	return out, nil
}

// shares are the nodes' shares of the hash power; they add up to 1.
func (s *settings) shares() ([]float64, error) {
	out := make([]float64, s.Nodes)
	rest := 1.0
	var named []float64
	if s.Hash != "" && s.Hash != "even" {
		var err error
		if named, err = percents(s.Hash); err != nil {
			return nil, fmt.Errorf("-hash: %w", err)
		}
	}
	if len(named) > len(out) {
		return nil, fmt.Errorf("-hash: %d shares for %d nodes", len(named), len(out))
	}
	for i, share := range named {
		out[i] = share
		rest -= share
	}
	if rest < -1e-9 {
		return nil, errors.New("-hash: the shares add up to more than 100 percent")
	}
	for i := len(named); i < len(out); i++ {
		out[i] = max(rest, 0) / float64(len(out)-len(named))
	}
	return out, nil
}

// pick chooses a node by the shares.
func pick(dice *rand.Rand, shares []float64) int {
	x := dice.Float64()
	for i, share := range shares {
		if x -= share; x < 0 {
			return i
		}
	}
	return len(shares) - 1
}

// world has o use the map, delays and speeds that the flags say, for more nodes than Nodes
// if others join.
func (s *settings) world(o *sim.Options, nodes int) {
	if s.Peers > 0 {
		o.Gossip = func(_ int, c *gossip.Config) { c.MaxPeers = s.Peers }
	}
	o.Seed, o.Loss, o.DHT, o.Public = s.Seed, s.Loss, s.DHT, s.Public
	if s.Map == "world" {
		o.Latency, o.Speed = sim.OnWorld(sim.Place(nodes, s.Seed), s.Seed)
		return
	}
	bits := int(s.Mbit * 1e6)
	o.Latency = sim.Static(s.Delay)
	o.Speed = func(int) sim.Speed { return sim.Speed{Up: bits, Down: bits} }
}
