package walletrpc

import (
	"context"
	"time"

	"github.com/quernnet/quern/node/rpc/table"
)

// patience is how long a method waits for the wallet to read the tip.
const patience = 3 * time.Second

// on runs f with the wallet that the request's path names, once it has read
// the blocks that the caller may know of (Core's
// BlockUntilSyncedToCurrentChain). While it reads a whole chain anew the
// method answers with what is known so far.
func (n *node) on(f func(ctx context.Context, w Wallet, a table.Args) (any, error)) table.Handler {
	return func(ctx context.Context, a table.Args) (any, error) {
		if name, _ := a.Wallet(); name != "" {
			return nil, table.Errorf(table.CodeNoWallet, "Requested wallet does not exist or is not loaded")
		}
		w := n.Wallet
		patient, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := At(patient, w, n.Chain.Tip().Height); err != nil && patient.Err() == nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return f(ctx, w, a)
	}
}

// At waits until a wallet has read the chain up to a height.
func At(ctx context.Context, w Wallet, height uint32) error {
	for {
		changed := w.Changed()
		st := w.Status()
		if !st.Exists || st.Synced || st.Height >= height {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
