package netrpc

import (
	"context"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/peering"
	"github.com/quernnet/quern/node/rpc/table"
)

// Chain is what is asked of the chain.
type Chain interface {
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	Tip() consensus.State
	PruneTarget() int64
}

// Pool is what is asked of the mempool.
type Pool interface {
	Stats() mempool.Stats
}

// Net is the swarm.
type Net interface {
	Active() bool
	SetActive(on bool)
	Addrs() []string
	Peers() []gossip.Info
	Known() []gossip.Known
	Traffic() (sent, received int64)
	Ping(ctx context.Context, name string, times int) (gossip.Pinged, error)
	Protected(p gossip.Peer) bool
	Keeps(p gossip.Peer) bool
	Connect(ctx context.Context, addr string) error
	Forget(p gossip.Peer)
	Disconnect(p gossip.Peer) error
	Ban(p gossip.Peer, d time.Duration) error
	Unban(whom string) error
	Bans() map[string]time.Time
	BanReason(whom string) string
}

// Peering knows how far peers are.
type Peering interface {
	Status(ctx context.Context) peering.Status
	Limited() bool
	Fetch(p gossip.Peer, id wire.Hash) error
}

// Parts are what the methods reach.
type Parts struct {
	Chain    Chain
	Pool     Pool
	Net      Net     // nil without P2P
	Peering  Peering // nil without P2P
	Version  string  // Quern's
	Now      func() time.Time
	Warnings func() []string // for an operator
}

// node is what the methods work on.
type node struct {
	Parts
	peers peerNumbers
}

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{Parts: p}
	return slices.Concat(n.networkMethods(), n.banMethods(), n.knownMethods(), n.trafficMethods(), n.fetchMethods())
}
