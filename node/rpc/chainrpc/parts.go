package chainrpc

import (
	"context"
	"log/slog"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/index/gcs"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/table"
)

// Chain is what is asked of the chain.
type Chain interface {
	Tip() consensus.State
	BestHeader() consensus.State
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	ActiveAt(height uint32) (chain.HeaderInfo, bool)
	StateAt(id wire.Hash) (consensus.State, bool)
	Branches() []chain.Branch
	Block(id wire.Hash) (*wire.Block, error)
	Spent(id wire.Hash) ([]consensus.Coin, error)
	Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error)
	EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) (consensus.State, error)
	Invalidate(ctx context.Context, id wire.Hash) error
	Reconsider(ctx context.Context, id wire.Hash) error
	Precious(ctx context.Context, id wire.Hash) error
	Changed() <-chan struct{}
	EachCoinAt(ctx context.Context, id wire.Hash, f func(wire.Outpoint, consensus.Coin) error) (consensus.State, error)
	LoadSnapshot(ctx context.Context, s chain.Snapshot) (consensus.State, error)
	Background() (chain.Background, bool)
	Audit(ctx context.Context, level, depth int) error
	Prune(ctx context.Context, height uint32) error
	PruneTarget() int64
	FirstBody() uint32
	Usage() int64
	HoldPruning(name string, from uint32)
	ReleasePruning(name string)
}

// Pool is what is asked of the mempool.
type Pool interface {
	Get(id wire.Hash) (mempool.Entry, bool)
	IDs() []wire.Hash // in mining order
	Spender(op wire.Outpoint) (wire.Hash, bool)
	Sync(ctx context.Context) error
	Stats() mempool.Stats
}

// Txs is where transactions are. The error wraps chain.ErrNoBlock where a block is
// not stored.
type Txs interface {
	Ready(ctx context.Context) (bool, error) // it has read the chain; false: it is being built
	Find(ctx context.Context, id wire.Hash) (*index.Found, error)
}

// Filters are those of blocks; ok is false where the index has not come to one.
type Filters interface {
	Ready(ctx context.Context) (bool, error)
	Filter(ctx context.Context, height uint32, id wire.Hash) (f gcs.Filter, ok bool, err error)
	Header(ctx context.Context, height uint32, id wire.Hash) (h wire.Hash, ok bool, err error)
}

// Sums are what the coins came to after a block.
type Sums interface {
	Ready(ctx context.Context) (bool, error)
	At(ctx context.Context, height uint32, id wire.Hash) (s index.Sums, muhash wire.Hash, ok bool, err error)
	Height() uint32 // of the last block in it
}

// Bits are the deployments by version bits.
type Bits interface {
	Deployments(s *consensus.State) []mining.Progress
}

// Parts are what the methods reach.
type Parts struct {
	Chain    Chain
	Pool     Pool
	Txs      Txs     // nil: there is no such index
	Filters  Filters // the same
	Sums     Sums    // the same
	Bits     Bits
	Params   *consensus.Params
	Folder   string                            // of the ledger; empty: it has none
	Syncing  func() bool                       // the node still catches up
	Progress func(ctx context.Context) float64 // share of the best chain that is verified, 0 to 1
	Warnings func() []string                   // for an operator
	Cache    int64                             // bytes for coins and their database
	Log      *slog.Logger                      // nil: discarded
}

// node is what the methods work on.
type node struct {
	Parts
	scan    scan
	filters filterScan
	recent  recent
}

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	n := &node{Parts: p}
	return slices.Concat(n.chainMethods(), n.blockMethods(), n.chainInfoMethods(), n.coinMethods(), n.scanMethods(),
		n.filterMethods(), n.scanBlocksMethods(), n.proofMethods(),
		[]table.Method{n.blockStatsMethod(), n.chainTxStatsMethod(), n.activityMethod()},
		n.waitMethods(), n.pruneMethods(), n.snapshotMethods())
}
