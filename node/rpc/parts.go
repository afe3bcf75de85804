package rpc

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/alarm"
	"github.com/quernnet/quern/node/fees"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/invite"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/peering"
	"github.com/quernnet/quern/node/rpc/chainrpc"
	"github.com/quernnet/quern/node/rpc/controlrpc"
	"github.com/quernnet/quern/node/rpc/minerpc"
	"github.com/quernnet/quern/node/rpc/netrpc"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/poolrpc"
	"github.com/quernnet/quern/node/rpc/quernrpc"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txrpc"
	"github.com/quernnet/quern/node/rpc/utilrpc"
	"github.com/quernnet/quern/node/rpc/walletrpc"
	"github.com/quernnet/quern/node/wallet"
)

// Parts are what the methods may reach: the node's parts, of which each
// category gets what it asks for. All are safe for concurrent use.
type Parts struct {
	Chain     *chain.Chain
	Pool      *mempool.Pool
	Fees      *fees.Follower
	Indexes   *index.Set
	Wallets   *wallet.Set
	Assembler *mining.Assembler
	Templates *mining.Keeper
	Miner     *mining.Miner
	Net       *gossip.Net      // nil without P2P
	Peering   *peering.Peering // nil without P2P
	Params    *consensus.Params

	// FallbackFee is what wallets pay while fees cannot be estimated, in satoshis per 1000
	// virtual bytes; 0: they do not pay then.
	FallbackFee int64
	Rand        io.Reader // nil: the operating system's

	Swarm, Folder, Version string

	Logs controlrpc.Logs

	Cache int64        // bytes for coins and their database
	Log   *slog.Logger // nil: discarded

	Reorgs func() []alarm.Reorg // deep ones to warn of, the newest first; nil: none

	Invite  func(own, others []string) (i invite.Invite, meet bool, err error) // into the node's swarm
	Now     func() time.Time
	SetTime func(time.Time)     // stops the clock; the zero time lets it run
	PayTo   func(script []byte) // what the solo miner pays from its next block on
	Stop    func()              // asks the node to end; returns at once

	Notifications []controlrpc.Notification // published by ZeroMQ

	// REST makes what answers below rest.Prefix, given a way to run methods; nil: nothing does.
	REST func(call Call) http.Handler
}

// Call runs a method for the node itself.
type Call func(ctx context.Context, method string, params ...any) (any, error)

// methods is the whole dialect, put together of the categories' lists.
func (p Parts) methods(started time.Time, running func() []controlrpc.Running) table.Table {
	var t table.Table
	control := controlrpc.Parts{
		Params: p.Params, Table: func() table.Table { return t }, Started: started, SetTime: p.SetTime, Stop: p.Stop,
		Running: running, Logs: p.Logs, Sync: p.sync, Notifications: p.Notifications,
	}
	t = table.New(
		controlrpc.Methods(control),
		chainrpc.Methods(p.chainIndexes(chainrpc.Parts{
			Chain: p.Chain, Pool: p.Pool, Bits: p.Assembler, Params: p.Params, Folder: p.Folder,
			Syncing: p.syncing, Progress: p.progress, Warnings: p.warnings, Cache: p.Cache, Log: p.Log,
		})),
		txrpc.Methods(p.txIndexes(txrpc.Parts{Chain: p.Chain, Pool: p.Pool, Params: p.Params, Block: p.walletBlock})),
		poolrpc.Methods(p.poolIndexes(poolrpc.Parts{Chain: p.Chain, Pool: p.Pool, Syncing: p.syncing})),
		minerpc.Methods(minerpc.Parts{
			Chain: p.Chain, Pool: p.Pool, Assembler: p.Assembler, Templates: p.Templates, Params: p.Params, Now: p.Now,
			Syncing: p.syncing, Peers: p.peers, Warnings: p.warnings,
		}),
		netrpc.Methods(p.net()),
		utilrpc.Methods(utilrpc.Parts{Params: p.Params, Pool: p.Pool, Fees: p.Fees, Indexes: p.Indexes.Status}),
		quernrpc.Methods(p.quern(started)),
		walletrpc.Methods(walletrpc.Parts{Chain: p.Chain, Pool: p.Pool, Params: p.Params, Wallets: p.Wallets, Fees: p.walletFees(), Fallback: p.FallbackFee, Now: p.Now, Rand: p.Rand}),
	)
	return t
}

// walletFees is the estimator, where there is one.
func (p Parts) walletFees() walletrpc.Fees {
	if p.Fees == nil {
		return nil
	}
	return p.Fees
}

// net leaves the swarm out where there is none: a nil pointer in an interface
// would be a swarm.
func (p Parts) net() netrpc.Parts {
	out := netrpc.Parts{Chain: p.Chain, Pool: p.Pool, Version: p.Version, Now: p.Now, Warnings: p.warnings}
	if p.Net != nil {
		out.Net, out.Peering = p.Net, p.Peering
	}
	return out
}

func (p Parts) quern(started time.Time) quernrpc.Parts {
	out := quernrpc.Parts{
		Chain: p.Chain, Pool: p.Pool, Miner: p.Miner, Params: p.Params,
		Swarm: p.Swarm, Folder: p.Folder, Version: p.Version, Started: started, Now: p.Now,
		Syncing: p.syncing, Progress: p.progress, Warnings: p.warnings, PayTo: p.PayTo, Invite: p.Invite,
		Wallet: func() own.WalletStatus {
			w, err := p.Wallets.Primary()
			if err != nil {
				return own.WalletStatus{}
			}
			st := w.Status()
			return own.WalletStatus{Exists: st.Exists, Height: st.Height, Synced: st.Synced}
		},
	}
	out.Indexes = p.indexes
	if p.Net != nil {
		out.Net = p.Net
	}
	return out
}

// warnings are what an operator should see.
func (p Parts) warnings() []string {
	out := []string{}
	if err := p.Chain.Err(); err != nil {
		out = append(out, "the store has failed, restart the node: "+err.Error())
	}
	if p.Reorgs != nil {
		for _, r := range p.Reorgs() {
			out = append(out, r.Words())
		}
	}
	return out
}

// syncing says whether the node still catches up (Core's initial block download).
func (p Parts) syncing() bool { return p.Peering != nil && !p.Peering.Synced() }

// progress is the share of the best chain that is verified, 0 to 1.
func (p Parts) progress(ctx context.Context) float64 {
	if p.Peering != nil {
		if st := p.Peering.Status(ctx); st.Headers > 0 {
			return st.Progress
		}
	}
	tip, best := p.Chain.Tip().Height, p.Chain.BestHeader().Height
	if best <= tip {
		return 1
	}
	return float64(tip) / float64(best)
}

// peers counts who is connected.
func (p Parts) peers() int {
	if p.Net == nil {
		return 0
	}
	return len(p.Net.Peers())
}

// sync waits for mempool and wallets to reach the tip.
func (p Parts) sync(ctx context.Context) error {
	tip := p.Chain.Tip()
	if err := p.Pool.Sync(ctx); err != nil {
		return err
	}
	for _, w := range p.Wallets.Loaded() {
		if err := walletrpc.At(ctx, p.Chain, w, tip.Height); err != nil {
			return err
		}
	}
	return nil
}

// walletBlock is where a wallet saw a transaction of its own.
func (p Parts) walletBlock(id wire.Hash) (wire.Hash, bool) {
	for _, w := range p.Wallets.Loaded() {
		if t, ok := w.Tx(id); ok && !t.Block.IsZero() {
			return t.Block, true
		}
	}
	return wire.Hash{}, false
}
