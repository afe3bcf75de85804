package poolrpc

import (
	"context"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
)

// Chain is what is asked of the chain.
type Chain interface {
	Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error)
}

// Pool is what is asked of the mempool. *mempool.Pool satisfies it.
type Pool interface {
	Stats() mempool.Stats
	SequencedIDs() (ids []wire.Hash, sequence uint64)
	Summaries() (es []mempool.Entry, sequence uint64)
	Get(id wire.Hash) (mempool.Entry, bool)
	Spender(op wire.Outpoint) (wire.Hash, bool)
	Has(id wire.Hash) (witnessID wire.Hash, ok bool)
	Ancestors(id wire.Hash) ([]mempool.Entry, bool)
	Descendants(id wire.Hash) ([]mempool.Entry, bool)
	Cluster(id wire.Hash) ([]mempool.ClusterChunk, bool)
	Diagram() []mempool.Point

	Send(t *wire.Tx, maxFee int64) (mempool.Result, error)
	Test(t *wire.Tx) (mempool.Result, error)
	TestPackage(txs []*wire.Tx) ([]mempool.Verdict, error)
	AddPackage(txs []*wire.Tx, maxRate int64) ([]mempool.Verdict, *mempool.Error, error)
	Unsent(id wire.Hash)

	Save() (path string, err error)
	Import(ctx context.Context, path string, o mempool.ImportOptions) error
}

// Spenders is who spent outputs in blocks.
type Spenders interface {
	Ready(ctx context.Context) (bool, error) // it has read the chain; false: it is being built
	Find(ctx context.Context, op wire.Outpoint) (*index.Found, error)
}

// Parts are what the methods reach.
type Parts struct {
	Chain    Chain
	Pool     Pool
	Spenders Spenders    // nil: there is no such index
	Syncing  func() bool // the chain is still being fetched
}

// node is what the methods work on.
type node struct{ Parts }

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{p}
	return slices.Concat(n.queryMethods(), n.familyMethods(), n.sendMethods(), n.testMethods(), n.packageMethods(), n.fileMethods(), n.spendingMethods())
}
