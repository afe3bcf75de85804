package quernrpc

import (
	"context"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/invite"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
)

// Chain is what is asked of the chain.
type Chain interface {
	Tip() consensus.State
	BestHeader() consensus.State
}

// Pool is what is asked of the mempool.
type Pool interface {
	Stats() mempool.Stats
}

// Miner is the node's own.
type Miner interface {
	SetWorkers(n int)
	Stats() mining.MinerStats
}

// Net is the swarm.
type Net interface {
	ID() gossip.Peer
	Addrs() []string
	Peers() []gossip.Info
	Reach() gossip.Reach
	Ping(ctx context.Context, name string, times int) (gossip.Pinged, error)
	Keeps(p gossip.Peer) bool
	Disconnect(p gossip.Peer) error
	Ban(p gossip.Peer, d time.Duration) error
	Unban(whom string) error
	Bans() map[string]time.Time
	Protect(p gossip.Peer) error
	Unprotect(p gossip.Peer) error
	Protected(p gossip.Peer) bool
	ProtectedPeers() []gossip.Peer
}

// Parts are what the methods reach.
type Parts struct {
	Chain  Chain
	Pool   Pool
	Miner  Miner
	Net    Net // nil without P2P
	Params *consensus.Params

	Swarm, Folder, Version string
	Started                time.Time
	Now                    func() time.Time

	Syncing  func() bool                       // the node still catches up
	Progress func(ctx context.Context) float64 // share of the best chain that is verified, 0 to 1
	Warnings func() []string                   // for an operator
	Wallet   func() own.WalletStatus
	Indexes  func() []own.IndexStatus
	PayTo    func(script []byte)                                                // what the miner pays from its next block on
	Invite   func(own, others []string) (i invite.Invite, meet bool, err error) // into the node's swarm
}

// node is what the methods work on.
type node struct{ Parts }

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{p}
	return slices.Concat(n.quernMethods(), n.netMethods(), n.inviteMethods(), n.peerMethods())
}
