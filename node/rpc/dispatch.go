package rpc

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/alarm"
	"github.com/quernnet/quern/node/invite"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/peering"
	"github.com/quernnet/quern/node/wallet"
)

// Parts are what the methods may reach.
type Parts struct {
	Chain     *chain.Chain
	Pool      *mempool.Pool
	Wallet    *wallet.Wallet
	Assembler *mining.Assembler
	Miner     *mining.Miner
	Net       *gossip.Net      // nil without P2P
	Peering   *peering.Peering // nil without P2P
	Params    *consensus.Params

	Swarm, Folder, Version string

	Reorgs func() []alarm.Reorg // deep ones to warn of, the newest first; nil: none

	Invite  func(own, others []string) (i invite.Invite, meet bool, err error) // into the node's swarm
	Now     func() time.Time
	SetTime func(time.Time)     // stops the clock; the zero time lets it run
	PayTo   func(script []byte) // what the solo miner pays from its next block on
	Stop    func()              // asks the node to end; returns at once
}

// node is what methods work on. The parts are safe for concurrent use; what
// the node adds guards itself.
type node struct {
	Parts
	methods table
	started time.Time

	peers  peerNumbers
	scan   scan
	mining sync.Mutex // one generate… call at a time, so that blocks follow each other
}

// attachment is the node, once there is one.
type attachment struct{ node atomic.Pointer[node] }

// Attach gives the methods their parts: from now on they answer.
func (s *Server) Attach(p Parts) {
	s.attach.node.Store(&node{Parts: p, methods: methods(), started: time.Now()})
}

// dispatch runs one call.
func (s *Server) dispatch(ctx context.Context, r *request) (any, error) {
	n := s.attach.node.Load()
	if n == nil {
		return nil, errorf(codeWarmup, "Loading block index…")
	}
	m, ok := n.methods[r.method]
	if !ok {
		return nil, errorf(codeNoMethod, "Method not found")
	}
	a, err := m.bind(r)
	if err != nil {
		return nil, err
	}
	if m.wallet && r.wallet != "" {
		return nil, errorf(codeNoWallet, "Requested wallet does not exist or is not loaded")
	}
	if m.pool {
		// With bitcoind mempool and tip change together, and clients count on it.
		if err := n.Pool.Sync(ctx); err != nil {
			return nil, err
		}
	}
	if m.wallet {
		if err := n.walletCatchesUp(ctx); err != nil {
			return nil, err
		}
	}
	return m.call(ctx, n, a)
}
