package walletrpc

import (
	"context"
	"time"

	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/wallet"
)

// patience is how long a method waits for the wallet to read the tip.
const patience = 3 * time.Second

// handler is a method on a wallet.
type handler func(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error)

// on runs f with the wallet that the request's path names, or with the only one that is
// loaded.
func (n *node) on(f handler) table.Handler {
	return func(ctx context.Context, a table.Args) (any, error) {
		w, err := n.named(a)
		if err != nil {
			return nil, walletError(err)
		}
		out, err := f(ctx, w, a)
		return out, walletError(err)
	}
}

func (n *node) named(a table.Args) (*wallet.Wallet, error) {
	if name, given := a.Wallet(); given {
		return n.Wallets.Get(name)
	}
	return n.Wallets.Only()
}

// synced is on with a wallet that has read the blocks and the mempool's news that the
// caller may know of (Core's BlockUntilSyncedToCurrentChain). While it reads a whole chain anew
// the method answers with what is known so far.
func (n *node) synced(f handler) table.Handler {
	return n.on(n.afterBlocks(f))
}

// pays is synced for what chooses coins: a wallet makes one payment at a time, so that none
// spends what another has just chosen.
func (n *node) pays(f handler) table.Handler {
	return n.synced(func(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
		defer w.BeginPayment()()
		return f(ctx, w, a)
	})
}

// onOwn is synced for Quern's own methods, which without a path are about the wallet of
// the command line.
func (n *node) onOwn(f handler) table.Handler {
	f = n.afterBlocks(f)
	return func(ctx context.Context, a table.Args) (any, error) {
		w, err := n.Wallets.Primary()
		if name, given := a.Wallet(); given {
			w, err = n.Wallets.Get(name)
		}
		if err != nil {
			return nil, walletError(err)
		}
		out, err := f(ctx, w, a)
		return out, walletError(err)
	}
}

func (n *node) afterBlocks(f handler) handler {
	return func(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
		patient, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := At(patient, n.Chain, w, n.Chain.Tip().Height); err != nil && patient.Err() == nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := w.CatchUp(); err != nil {
			return nil, err
		}
		return f(ctx, w, a)
	}
}

// At waits until a wallet has read the chain up to a height. One that stands on a branch which
// the chain has left has not, however high it is.
func At(ctx context.Context, c Chain, w *wallet.Wallet, height uint32) error {
	for {
		changed := w.Changed()
		st := w.Status()
		if !st.Exists || st.Synced || st.Missed {
			return nil
		}
		if h, ok := c.Header(st.Tip); ok && h.Active && st.Height >= height {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
