package txrpc

import (
	"context"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
)

// Chain is what is asked of the chain.
type Chain interface {
	Tip() consensus.State
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	ActiveAt(height uint32) (chain.HeaderInfo, bool)
	Block(id wire.Hash) (*wire.Block, error)
	Spent(id wire.Hash) ([]consensus.Coin, error)
	Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error)
}

// Pool is what is asked of the mempool.
type Pool interface {
	Get(id wire.Hash) (mempool.Entry, bool)
}

// Txs is where transactions are. The error wraps chain.ErrNoBlock where a block is
// not stored.
type Txs interface {
	Ready(ctx context.Context) (bool, error) // it has read the chain; false: it is being built
	Find(ctx context.Context, id wire.Hash) (*index.Found, error)
}

// Parts are what the methods reach.
type Parts struct {
	Chain  Chain
	Pool   Pool
	Txs    Txs // nil: there is no such index
	Params *consensus.Params
	Block  func(tx wire.Hash) (block wire.Hash, ok bool) // where a wallet saw a transaction of its own
}

// node is what the methods work on.
type node struct{ Parts }

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{p}
	return slices.Concat(n.rawTxMethods(), n.scriptMethods(), n.createMethods(), n.signMethods(), n.psbtMethods(), n.decodePSBTMethods(), n.processMethods(), n.showMethods())
}
