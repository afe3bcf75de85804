package wallet

import (
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// A wallet's file may be ahead of the chain: after a crash, or when it is another node's. So
// that it need not be read from the start then, which a node that prunes cannot, the
// file also has blocks that the wallet was at before (Core's has a locator).

// stop is a block up to which the wallet has read.
type stop struct {
	Block  wire.Hash `json:"block"`
	Height uint32    `json:"height"`
}

// advance takes the wallet to the next block. One stop in saveEvery blocks is remembered, so that after a crash
// one lies above all that may have been pruned. mu is held.
func (w *Wallet) advance(id wire.Hash, height uint32) {
	if n := len(w.before); n == 0 || w.height >= w.before[n-1].Height+saveEvery {
		w.before = append(w.before, stop{w.tip, w.height})
	}
	w.tip, w.height = id, height
}

// retreat takes the wallet back to a block. mu is held.
func (w *Wallet) retreat(id wire.Hash, height uint32) {
	w.tip, w.height = id, height
	for n := len(w.before); n > 0 && w.before[n-1].Height >= height; n-- {
		w.before = w.before[:n-1]
	}
}

// settled forgets stops below the newest that the chain has on disk. mu is held.
func (w *Wallet) settled() {
	disk, ok := w.c.Chain.Header(w.c.Chain.Flushed())
	if !ok {
		return
	}
	if at, ok := w.c.Chain.ActiveAt(disk.Height); !ok || at.ID != disk.ID {
		return // a crash may lead to another branch
	}
	for len(w.before) > 1 && w.before[1].Height <= disk.Height {
		w.before = w.before[1:]
	}
}

// standing is the last block that the wallet has read and the chain knows; err is why it
// cannot go on from there. mu is held.
func (w *Wallet) standing() (at stop, err error) {
	at = stop{w.tip, w.height}
	for i := len(w.before); ; i-- {
		if _, _, err = w.c.Chain.UpdatesSince(at.Block, 1); !errors.Is(err, chain.ErrUnknown) {
			return at, err
		}
		if i == 0 {
			break
		}
		at = w.before[i-1]
	}
	at = stop{Block: w.c.Params.Genesis.ID()}
	_, _, err = w.c.Chain.UpdatesSince(at.Block, 1)
	return at, err
}

// goBack takes the wallet back to the last block that the chain knows: the transactions
// stand, where those above it are in the chain is read anew. mu is held.
func (w *Wallet) goBack() error {
	at, err := w.standing()
	if errors.Is(err, chain.ErrPruned) {
		return fmt.Errorf("the chain does not know block %v, and blocks from height %d on were pruned: %w", w.tip, at.Height+1, errPruned)
	}
	w.c.Log.Warn("the wallet's last block is not on the chain, reading from an earlier one on", "wallet", w.name, "block", w.tip, "height", at.Height)
	for _, e := range w.ledger.ordered {
		if (e.state == confirmed || e.state == conflicted) && e.height > at.Height {
			w.ledger.forget(e)
		}
	}
	w.regrow = max(w.regrow, w.height)
	w.retreat(at.Block, at.Height)
	w.note(w.tipRecord())
	return w.commit()
}
