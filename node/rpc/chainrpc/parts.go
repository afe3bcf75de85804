package chainrpc

import (
	"context"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
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
}

// Pool is what is asked of the mempool.
type Pool interface {
	Get(id wire.Hash) (mempool.Entry, bool)
	Spender(op wire.Outpoint) (wire.Hash, bool)
	Sync(ctx context.Context) error
}

// Parts are what the methods reach.
type Parts struct {
	Chain    Chain
	Pool     Pool
	Params   *consensus.Params
	Folder   string                            // of the ledger; empty: it has none
	Syncing  func() bool                       // the node still catches up
	Progress func(ctx context.Context) float64 // share of the best chain that is verified, 0 to 1
	Warnings func() []string                   // for an operator
}

// node is what the methods work on.
type node struct {
	Parts
	scan   scan
	recent recent
}

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{Parts: p}
	return slices.Concat(n.chainMethods(), n.blockMethods(), n.chainInfoMethods(), n.coinMethods(), n.scanMethods())
}
