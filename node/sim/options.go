package sim

import (
	"log/slog"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/peering"
)

// Options say what swarm New builds. The zero value of each is a sensible one.
type Options struct {
	Nodes   int
	Seed    uint64
	Latency Latency           // nil: 50 ms between any two
	Speed   func(i int) Speed // of node i; nil: 20 Mbit/s both ways
	Loss    float64           // share of packets that vanish, 0 to 1
	Coins   int               // mature coins that anybody may spend, besides the coinbases; see Swarm.Spend

	// Public gives each node an address that looks public, of a network group
	// of its own, and has the rules for the open Internet apply. Without it all
	// is as on a LAN or in tests: no limits by address, no filters.
	Public bool
	Stem   bool // a node's own transactions begin on a stem, as in a node of package node
	DHT    bool // nodes look for each other in the swarm's DHT

	Params *consensus.Params // nil: regtest
	Log    *slog.Logger      // nil: none; gets "node" with each line
	Start  time.Time         // of the virtual clock; zero: Epoch

	// Gossip and Peering change a node's configs before it is built, as for
	// limits, attackers, or a wrapped chain.
	Gossip  func(i int, c *gossip.Config)
	Peering func(i int, c *peering.Config)
}

// Speed is what a node's link carries.
type Speed struct{ Up, Down int } // bits a second

// Epoch is when a swarm begins, unless Options.Start says otherwise.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Mbit makes a symmetric Speed.
func Mbit(n int) Speed { return Speed{n * 1_000_000, n * 1_000_000} }

func (o *Options) complete() {
	if o.Latency == nil {
		o.Latency = Static(50 * time.Millisecond)
	}
	if o.Speed == nil {
		o.Speed = func(int) Speed { return Mbit(20) }
	}
	if o.Params == nil {
		o.Params = regtest()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Start.IsZero() {
		o.Start = Epoch
	}
}
