package wallet

import (
	"errors"
	"math"

	"github.com/quernnet/quern/consensus/chain"
)

// Blocks may be missing: pruned, or below the base of a snapshot that is not
// proven yet. A loaded wallet holds pruning back for what it has not read, and waits for
// blocks that have yet to come. (Core's wallets skip those, and want a rescan.)

func (w *Wallet) holdName() string { return "wallet " + w.path }

// hold keeps what would have to be read after a crash. mu is held.
func (w *Wallet) hold() { w.c.Chain.HoldPruning(w.holdName(), w.saved+1) }

// readable holds the blocks that a wallet has not read; errPruned when
// they are gone for good.
func (w *Wallet) readable() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, _ := w.standing()
	w.c.Chain.HoldPruning(w.holdName(), min(w.saved, at.Height)+1)
	_, err := w.standing()
	if errors.Is(err, chain.ErrPruned) {
		w.c.Chain.ReleasePruning(w.holdName())
		return errPruned
	}
	return nil // others come to light when blocks are read
}

// miss notes that the next block is not stored. The chain's next change has
// it tried again. mu is held.
func (w *Wallet) miss(err error) {
	if !w.missed {
		w.missed = true
		w.c.Log.Warn("a wallet waits for blocks that are not stored", "wallet", w.name, "height", w.height, "err", err)
	}
	w.announce()
}

// hasBlocks looks whether the blocks of a range are stored; last is nil for up
// to the tip.
func (w *Wallet) hasBlocks(first uint32, last *uint32) error {
	end := uint32(math.MaxUint32)
	if last != nil {
		end = *last
	}
	for h := max(first, 1); h <= end; h++ {
		b, ok := w.c.Chain.ActiveAt(h)
		if !ok {
			break
		}
		if b.HasBody {
			continue
		}
		if _, err := w.c.Chain.Block(b.ID); errors.Is(err, chain.ErrPruned) {
			return refuse(Misc, "Can't rescan beyond pruned data. Use RPC call getblockchaininfo to determine your pruned height.")
		}
		if _, proving := w.c.Chain.Background(); proving {
			return refuse(Misc, "Failed to rescan unavailable blocks likely due to an in-progress assumeutxo background sync. Check logs or getchainstates RPC for assumeutxo background sync progress and try again later.")
		}
		return refuse(Misc, "Failed to rescan unavailable blocks, potentially caused by data corruption. If the issue persists you may want to reindex (see -reindex option).")
	}
	return nil
}

// whyMissing ends the error of an import that missed a block.
func (w *Wallet) whyMissing(failed chain.HeaderInfo) string {
	if _, err := w.c.Chain.Block(failed.ID); errors.Is(err, chain.ErrPruned) {
		return " This error could be caused by pruning or data corruption (see bitcoind log for details) and could be dealt with by downloading and " +
			"rescanning the relevant blocks (see -reindex option and rescanblockchain RPC)."
	}
	if _, proving := w.c.Chain.Background(); proving {
		return " This error is likely caused by an in-progress assumeutxo background sync. Check logs or getchainstates RPC for assumeutxo background " +
			"sync progress and try again later."
	}
	return " This error could potentially caused by data corruption. If the issue persists you may want to reindex (see -reindex option)."
}
