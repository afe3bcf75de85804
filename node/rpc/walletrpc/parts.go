package walletrpc

import (
	"context"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/wallet"
)

// Chain is what is asked of the chain.
type Chain interface {
	Tip() consensus.State
}

// Wallet is what is asked of a wallet.
type Wallet interface {
	Status() wallet.Status
	Changed() <-chan struct{}
	Create(password string) (words string, err error)
	Restore(words, password string) error
	NewAddress(k wallet.Kind) (string, error)
	Balance() (wallet.Balance, error)
	History(most int) ([]wallet.Record, error)
	Send(ctx context.Context, o wallet.Order) (wallet.Sent, error)
}

// Parts are what the methods reach.
type Parts struct {
	Chain  Chain
	Wallet Wallet // the node's only one
}

// node is what the methods work on.
type node struct{ Parts }

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{p}
	return n.quernMethods()
}
