package walletrpc

import (
	"io"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/wallet"
)

// Chain is what is asked of the chain.
type Chain interface {
	Tip() consensus.State
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	ActiveAt(height uint32) (chain.HeaderInfo, bool)
	Block(id wire.Hash) (*wire.Block, error)
	Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error)
}

// Pool is what is asked of the mempool.
type Pool interface {
	Get(id wire.Hash) (mempool.Entry, bool)
	Ancestors(id wire.Hash) ([]mempool.Entry, bool)
	Cluster(id wire.Hash) ([]mempool.ClusterChunk, bool)
	Stats() mempool.Stats
	Connects(t *wire.Tx, weight int64) bool
}

// Fees tells what transactions should pay.
type Fees interface {
	Smart(target int, conservative bool) (feerate int64, within int)
}

// Parts are what the methods reach.
type Parts struct {
	Chain   Chain
	Pool    Pool
	Params  *consensus.Params
	Wallets *wallet.Set

	Fees     Fees  // nil: nobody knows
	Fallback int64 // satoshis per 1000 virtual bytes that are paid when nobody knows; 0: nothing is paid then
	Now      func() time.Time
	Rand     io.Reader // nil: the operating system's
}

// node is what the methods work on.
type node struct{ Parts }

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{p}
	return slices.Concat(
		n.setMethods(), n.addressMethods(), n.lockMethods(), n.balanceMethods(), n.historyMethods(), n.descriptorMethods(), n.quernMethods(),
		n.sendMethods(), n.fundMethods(), n.bumpMethods(), n.coinMethods(), n.signingMethods(),
	)
}

// unspent says of each outpoint whether it is a coin of the chain or an output of
// the mempool (Core's findCoins).
func (n *node) unspent(ops []wire.Outpoint) ([]bool, error) {
	_, coins, err := n.Chain.Coins(ops)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(ops))
	for i, op := range ops {
		e, pooled := n.Pool.Get(op.TxID)
		out[i] = !coins[i].Missing || pooled && int(op.Index) < len(e.Tx.Outs)
	}
	return out, nil
}
