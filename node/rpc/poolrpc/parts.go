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

// Pool is what is asked of the mempool.
type Pool interface {
	Stats() mempool.Stats
	IDs() []wire.Hash
	Entries() (tip wire.Hash, es []mempool.Entry)
	Get(id wire.Hash) (mempool.Entry, bool)
	Spender(op wire.Outpoint) (wire.Hash, bool)
	Add(t *wire.Tx, from string) (mempool.Result, error)
	Test(t *wire.Tx) (mempool.Result, error)
	TestPackage(txs []*wire.Tx) ([]mempool.Verdict, error)
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
	Spenders Spenders // nil: there is no such index
}

// node is what the methods work on.
type node struct{ Parts }

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{p}
	return slices.Concat(n.mempoolMethods(), n.sendMethods(), n.spendingMethods())
}
