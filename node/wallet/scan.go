package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// timestampWindow is how far a block's time may be from when its transactions were made, as
// Core assumes: seconds.
const timestampWindow = 2 * 60 * 60

// Filters tell blocks that cannot concern a set of scripts from others, as an index of
// BIP158 filters does.
type Filters interface {
	// Query makes a function that says whether a block may pay to or spend from one of the
	// scripts; known is false where the block has no filter. It is for one goroutine.
	Query(scripts [][]byte) func(ctx context.Context, height uint32, block wire.Hash) (match, known bool)
}

// scan is a rescan that runs. Wallet.mu guards it.
type scan struct {
	running  bool
	stop     bool // somebody wants it to end
	keys     bool // it needs the wallet to stay unlocked
	began    time.Time
	progress float64 // 0 to 1
}

// Scanning is how far a rescan is.
type Scanning struct {
	Running  bool
	Duration time.Duration
	Progress float64 // 0 to 1
}

// Scanning returns it.
func (w *Wallet) Scanning() Scanning {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.scan.running {
		return Scanning{}
	}
	return Scanning{true, w.c.Now().Sub(w.scan.began), w.scan.progress}
}

// AbortScan asks a rescan to end; false when there is none, or it was asked
// before.
func (w *Wallet) AbortScan() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.scan.running || w.scan.stop {
		return false
	}
	w.scan.stop = true
	return true
}

// reserve takes the right to rescan, which release gives back.
func (w *Wallet) reserve(keys bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.journal == nil:
		return ErrNotLoaded
	case w.scan.running:
		return ErrScanning
	}
	w.scan = scan{running: true, keys: keys, began: w.c.Now()}
	return nil
}

func (w *Wallet) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scan = scan{}
}

// scanningWithKeys says that locking must wait for a rescan. mu is held.
func (w *Wallet) scanningWithKeys() bool { return w.scan.running && w.scan.keys }

// Scanned is what a rescan did.
type Scanned struct {
	Aborted bool
	Last    *uint32    // height of the last block read, nil for none
	Failed  *wire.Hash // the last block that could not be read
}

// Rescan reads the blocks of a range of heights again; to is nil for up to the
// tip. The errors are of the kinds and texts of rescanblockchain.
func (w *Wallet) Rescan(ctx context.Context, from int64, to *int64) (Scanned, error) {
	if err := w.reserve(true); err != nil {
		return Scanned{}, err
	}
	defer w.release()
	first, last, err := w.scanRange(from, to)
	if err != nil {
		return Scanned{}, err
	}
	if err := w.hasBlocks(first, last); err != nil {
		return Scanned{}, err
	}
	s, err := w.rescan(ctx, first, last)
	switch {
	case err != nil:
		return s, err
	case s.Aborted:
		return s, refuse(Misc, "Rescan aborted.")
	case s.Failed != nil:
		return s, refuse(Misc, "Rescan failed. Potentially corrupted data files.")
	}
	return s, nil
}

func (w *Wallet) scanRange(from int64, to *int64) (first uint32, last *uint32, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	tip := int64(w.height)
	switch {
	case w.vault.locked():
		return 0, nil, ErrLocked
	case from < 0 || from > tip:
		return 0, nil, refuse(Invalid, "Invalid start_height")
	case to != nil && (*to < 0 || *to > tip):
		return 0, nil, refuse(Invalid, "Invalid stop_height")
	case to != nil && *to < from:
		return 0, nil, refuse(Invalid, "stop_height must be greater than start_height")
	}
	if to != nil {
		h := uint32(*to)
		last = &h
	}
	return uint32(from), last, nil
}

// rescan reads blocks from a height on, then the mempool if it goes up to the tip.
func (w *Wallet) rescan(ctx context.Context, first uint32, last *uint32) (out Scanned, err error) {
	most := int64(0)
	for h := range first {
		if b, ok := w.c.Chain.ActiveAt(h); ok {
			most = max(most, int64(b.Time))
		}
	}
	filter := sieve{w: w}
	for h := first; ; h++ {
		b, ok := w.c.Chain.ActiveAt(h)
		if !ok {
			break
		}
		most = max(most, int64(b.Time))
		end, stop := w.scanStep(h, first, last)
		if stop || ctx.Err() != nil {
			out.Aborted = true
			return out, w.flush()
		}
		if filter.passes(ctx, b) {
			err = w.scanBlock(b, most, &out)
		} else {
			out.Last = &b.Height
		}
		if err != nil {
			return out, err
		}
		if end {
			break
		}
	}
	if last == nil {
		err = w.scanPool()
	}
	return out, errors.Join(err, w.flush())
}

// scanStep notes progress; end says that h is the last block, stop that
// somebody wants the scan to end.
func (w *Wallet) scanStep(h, first uint32, last *uint32) (end, stop bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	until := w.height
	if last != nil {
		until = *last
	}
	if until > first {
		w.scan.progress = min(1, float64(h-first)/float64(until-first))
	}
	return h >= until, w.scan.stop || w.journal == nil
}

// sieve asks the filters about one block after another. The query is made anew
// when the wallet has got more scripts: addresses were used, and others are watched behind them.
type sieve struct {
	w     *Wallet
	known int // scripts in the query
	query func(ctx context.Context, height uint32, block wire.Hash) (match, known bool)
}

// passes says whether a block has to be read.
func (s *sieve) passes(ctx context.Context, h chain.HeaderInfo) bool {
	if s.w.c.Filters == nil || h.Height == 0 {
		return true
	}
	if scripts := s.w.scriptsBeyond(s.known); scripts != nil {
		s.known, s.query = len(scripts), s.w.c.Filters.Query(scripts)
	}
	if s.query == nil {
		return true
	}
	match, known := s.query(ctx, h.Height, h.ID)
	return match || !known
}

// scanBlock reads one block.
func (w *Wallet) scanBlock(h chain.HeaderInfo, most int64, out *Scanned) error {
	height := h.Height
	b, err := w.c.Chain.Block(h.ID)
	if err != nil {
		if out.Failed == nil { // of many that were pruned one is told
			w.c.Log.Warn("a block could not be read for a rescan", "wallet", w.name, "height", height, "err", err)
		}
		out.Failed = &h.ID
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now, ok := w.c.Chain.ActiveAt(height); !ok || now.ID != h.ID {
		out.Failed = &h.ID // a reorganisation: the follower reads it
		return nil
	}
	if height > w.height {
		return nil // the follower has not come to it
	}
	if err := w.connect(b, height, most, true); err != nil {
		return err
	}
	out.Last = &height
	return nil
}

// scriptsBeyond lists all scripts of the wallet, nil when they are as many as
// the caller knows.
func (w *Wallet) scriptsBeyond(known int) [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.places) == known {
		return nil
	}
	out := make([][]byte, 0, len(w.places))
	for s := range w.places {
		out = append(out, []byte(s))
	}
	return out
}

// scanPool looks at everything in the mempool.
func (w *Wallet) scanPool() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ev := range w.hearAll() {
		if err := w.hearOne(ev.Added); err != nil {
			return fmt.Errorf("rescan: %w", err)
		}
	}
	return nil
}

// flush makes what is known durable.
func (w *Wallet) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.announce()
	return w.commit()
}

// firstSince is the height of the first block at or after which the chain has seen a
// time, Unix seconds; ok is false when it is younger than the tip.
func (w *Wallet) firstSince(t int64) (height uint32, ok bool) {
	for h := uint32(0); ; h++ {
		b, ok := w.c.Chain.ActiveAt(h)
		if !ok {
			return 0, false
		}
		if int64(b.Time) >= t {
			return h, true
		}
	}
}
