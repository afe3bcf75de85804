package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/blockfile"
)

// Reindex is how a node begins that builds its database anew from the block
// files it has.
type Reindex struct {
	Wanted bool // begin one; one that was begun and not ended goes on all the same

	// Told how many bytes of the files were searched, then of each block that was
	// judged, from one goroutine at a time. May be nil, as may Done, which is
	// called at the end.
	Scanned func(done, total int64)
	Judged  func(Progress)
	Done    func()
}

// refeed gives the chain what is in the store's files, by the door through which
// all blocks come: every rule is judged again. Bodies stay where they are.
type refeed struct {
	chain  *chain.Chain
	log    *slog.Logger
	report func(Progress)

	mu       sync.Mutex // guards what follows; done is called from the chain's goroutines
	progress Progress
	refused  int   // blocks that do not hold
	fault    error // the first that is nobody's but the disk's
}

// reindex ends a reindex that the store has begun.
func (l *ledger) reindex(ctx context.Context, log *slog.Logger, r Reindex) error {
	if r.Done != nil {
		defer r.Done()
	}
	s, err := l.store.Salvage()
	if err != nil {
		return err
	}
	for _, d := range s.Damages {
		log.Warn("skipped what is damaged in a block file; the blocks in it will be fetched anew", "damage", d.String())
	}
	f := &refeed{chain: l.chain, log: log, report: r.Judged}
	if err := f.headers(ctx, s.Headers); err != nil {
		return err
	}
	if err := f.blocks(ctx, s.Blocks); err != nil {
		return err
	}
	if err := l.chain.Flush(ctx); err != nil {
		return err
	}
	if err := l.store.Reindexed(); err != nil {
		return err
	}
	tip := l.chain.Tip()
	log.Info("database built anew", "blocks", f.progress.Blocks, "refused", f.refused, "damages", len(s.Damages),
		"height", tip.Height, "tip", tip.ID, "best", l.chain.BestHeader().Height)
	return nil
}

// headers enters those of the old database up to the first that does not hold.
func (f *refeed) headers(ctx context.Context, hs []wire.Header) error {
	err := enterHeaders(ctx, f.chain, hs)
	if stopped := errors.Join(ctx.Err(), f.chain.Err()); stopped != nil {
		return stopped
	}
	if err != nil {
		f.log.Warn("a header of the old database does not hold; those after it are fetched anew", "error", err)
	}
	return nil
}

// enterHeaders gives c headers, parents first, up to one that does not hold. They
// go in runs, each header the next one's parent, which are checked on all cores.
func enterHeaders(ctx context.Context, c *chain.Chain, hs []wire.Header) error {
	const most = 2000
	ids := make([]wire.Hash, most)
	for len(hs) > 0 {
		run := hs[:min(most, len(hs))]
		wire.HeaderIDs(ids[:len(run)], run)
		n := 1
		for n < len(run) && run[n].Parent == ids[n-1] {
			n++
		}
		if _, err := c.AddHeaders(ctx, run[:n]); err != nil {
			return err
		}
		hs = hs[n:]
	}
	return nil
}

// blocks feeds all bodies, parents first.
func (f *refeed) blocks(ctx context.Context, found []datastore.SalvagedBlock) error {
	entries := make([]blockfile.Entry, len(found))
	for i := range found {
		entries[i] = blockfile.Entry{Header: found[i].Header, Length: found[i].Size}
	}
	ordered, strays := blockfile.Order(entries, func(id wire.Hash) bool {
		_, ok := f.chain.Header(id)
		return ok
	})
	if len(strays) > 0 {
		f.log.Warn("blocks whose ancestors are neither in the files nor known wait for those", "blocks", len(strays), "first", strays[0].Header.ID())
	}
	f.progress.TotalBlocks = len(ordered)
	for _, e := range ordered {
		f.progress.TotalBytes += int64(e.Length)
	}
	var pending sync.WaitGroup
	for _, e := range ordered {
		if f.err() != nil {
			break
		}
		if err := f.feed(ctx, e, &pending); err != nil {
			f.fail(err)
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = f.chain.Close() }) // its error comes again when the ledger closes
	defer stop()
	pending.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("the reindex was interrupted; it goes on at the next start: %w", err)
	}
	if err := f.err(); err != nil {
		return err
	}
	return f.chain.Settle(ctx)
}

// feed queues one body. One that can no longer be read is left out.
func (f *refeed) feed(ctx context.Context, e blockfile.Entry, pending *sync.WaitGroup) error {
	id := e.Header.ID()
	b, err := f.chain.Block(id)
	if err != nil {
		f.log.Warn("a block in the files cannot be read, it will be fetched anew", "block", id, "error", err)
		return ctx.Err()
	}
	pending.Add(1)
	err = f.chain.QueueBlock(ctx, b, func(err error) {
		defer pending.Done()
		f.done(b, err)
	})
	if err != nil {
		pending.Done()
	}
	return err
}

func (f *refeed) done(b *wire.Block, err error) {
	refused := consensus.RuleOf(err) != "" || errors.Is(err, chain.ErrNoParent)
	switch {
	case refused:
		f.log.Warn("a block in the files does not hold", "block", b.ID(), "error", err)
	case err != nil && !errors.Is(err, chain.ErrDuplicate):
		f.fail(err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if refused {
		f.refused++
	}
	f.progress.Blocks++
	f.progress.Bytes += int64(b.Size())
	f.progress.Inputs += b.Spends()
	if f.report != nil {
		f.report(f.progress)
	}
}

func (f *refeed) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil {
		f.fault = fmt.Errorf("reindex: %w", err)
	}
}

func (f *refeed) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}
