package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/blockfile"
)

// Progress counts what an import or export has done.
type Progress struct {
	Blocks, TotalBlocks int
	Bytes, TotalBytes   int64 // of blocks
	Inputs              int   // coins spent
	Known               int   // blocks that were there already
	Tip                 consensus.State
}

// ImportError says which block of a file stopped an import. What stood before
// it is in.
type ImportError struct {
	File   string
	Offset int64
	Block  wire.Hash
	Err    error
}

func (e *ImportError) Error() string {
	if e.Block.IsZero() {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s: block %v at byte %d: %v", e.File, e.Block, e.Offset, e.Err)
}

func (e *ImportError) Unwrap() error { return e.Err }

// Import reads a Bitcoin block file into the configured data folder, which no
// node may have open. report is called after each block, from one goroutine
// at a time. Blocks may stand in any order. A broken file or an invalid block ends the
// import with an *ImportError after all good blocks before it are in.
func Import(ctx context.Context, c Config, logs *Loggers, path string, report func(Progress)) (p Progress, err error) {
	params, err := c.Params()
	if err != nil {
		return p, err
	}
	f, err := blockfile.Open(path, params.Magic)
	if err != nil {
		return p, fmt.Errorf("block file: %w", err)
	}
	defer f.Close()
	l, err := openLedger(ctx, c, logs, time.Now)
	if err != nil {
		return p, err
	}
	defer func() {
		p.Tip = l.chain.Tip()
		err = l.close(err)
	}()
	entries, broken := blockfile.Index(f, l.params.Magic)
	ordered, strays := blockfile.Order(entries, func(id wire.Hash) bool {
		_, ok := l.chain.Header(id)
		return ok || id.IsZero() // genesis's parent
	})
	in := &intake{ctx: ctx, chain: l.chain, file: f, path: path, report: report}
	if err := in.run(ordered); err != nil {
		return in.progress, err
	}
	if broken != nil {
		return in.progress, &ImportError{File: path, Err: broken}
	}
	if len(strays) > 0 {
		e := strays[0]
		return in.progress, &ImportError{path, e.Offset, e.Header.ID(), fmt.Errorf(
			"its parent %v is neither in the file nor in the data folder (so for %d blocks)", e.Header.Parent, len(strays))}
	}
	return in.progress, nil
}

// intake feeds blocks to the chain, which judges several at once.
type intake struct {
	ctx    context.Context
	chain  *chain.Chain
	file   io.ReaderAt
	path   string
	report func(Progress)

	mu       sync.Mutex // guards what follows; done is called from many goroutines
	progress Progress
	fault    error // of the first entry that has one
	faultAt  int
}

func (in *intake) run(entries []blockfile.Entry) error {
	in.progress.TotalBlocks = len(entries)
	for _, e := range entries {
		in.progress.TotalBytes += int64(e.Length)
	}
	in.headers(entries)
	var pending sync.WaitGroup
	feeder := in.chain.NewFeeder(0)
	for i, e := range entries {
		if in.err() != nil {
			break
		}
		if err := in.feed(feeder, i, e, &pending); err != nil {
			in.fail(i, e, err)
		}
	}
	// An interrupted import leaves what is queued and not yet judged.
	stop := context.AfterFunc(in.ctx, func() { _ = in.chain.Close() }) // its error comes again when the ledger closes
	defer stop()
	feeder.Wait()
	pending.Wait()
	// Blocks that an earlier import stored count as known at once, judged or not.
	if err := in.chain.Settle(in.ctx); err != nil && in.ctx.Err() == nil {
		return also(in.err(), err)
	}
	return in.err()
}

// headers enters those of all blocks first, so that it is known what the blocks
// lead to: with that the first ones may be assumed valid. What is wrong with a header
// is told when its block's turn comes.
func (in *intake) headers(entries []blockfile.Entry) {
	hs := make([]wire.Header, len(entries))
	for i := range entries {
		hs[i] = entries[i].Header
	}
	_ = enterHeaders(in.ctx, in.chain, hs)
}

// feed has block number i read, decoded and queued behind its header.
func (in *intake) feed(f *chain.Feeder, i int, e blockfile.Entry, pending *sync.WaitGroup) error {
	if _, err := in.chain.AddHeaders(in.ctx, []wire.Header{e.Header}); err != nil {
		return err
	}
	var b *wire.Block
	get := func() (_ *wire.Block, err error) {
		b, err = blockfile.Read(in.file, e)
		return b, err
	}
	pending.Add(1)
	err := f.Feed(in.ctx, e.Length, get, func(err error) {
		defer pending.Done()
		in.done(i, e, b, err)
	})
	if err != nil {
		pending.Done()
	}
	return err
}

func (in *intake) done(i int, e blockfile.Entry, b *wire.Block, err error) {
	if err != nil && !errors.Is(err, chain.ErrDuplicate) {
		in.fail(i, e, err)
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.progress.Blocks++
	in.progress.Bytes += int64(e.Length)
	in.progress.Inputs += b.Spends()
	if err != nil {
		in.progress.Known++
	}
	if in.report != nil {
		in.report(in.progress)
	}
}

// fail notes what stopped block number i. The first block's fault counts, in
// whatever order they come to light.
func (in *intake) fail(i int, e blockfile.Entry, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.fault == nil || i < in.faultAt {
		in.fault, in.faultAt = &ImportError{in.path, e.Offset, e.Header.ID(), err}, i
	}
}

func (in *intake) err() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.ctx.Err(); err != nil {
		return fmt.Errorf("%s: interrupted, import it again to go on: %w", in.path, err)
	}
	return in.fault
}

// Export writes the active branch from height first to last (0: the tip) as a
// Bitcoin block file. A file that exists is refused.
func Export(ctx context.Context, c Config, logs *Loggers, path string, first, last uint32, report func(Progress)) (p Progress, err error) {
	l, err := openLedger(ctx, c, logs, time.Now)
	if err != nil {
		return p, err
	}
	defer func() { err = l.close(err) }()
	p.Tip = l.chain.Tip()
	if last == 0 {
		last = p.Tip.Height
	}
	if first > last || last > p.Tip.Height {
		return p, fmt.Errorf("no blocks from %d to %d: the tip is at height %d", first, last, p.Tip.Height)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return p, fmt.Errorf("block file: %w", err)
	}
	p.TotalBlocks = int(last-first) + 1
	out := bufio.NewWriterSize(f, 1<<20)
	err = l.export(ctx, out, first, &p, report)
	if err = errors.Join(err, out.Flush(), f.Sync(), f.Close()); err != nil {
		return p, errors.Join(fmt.Errorf("%s, removed again: %w", path, err), os.Remove(path))
	}
	return p, nil
}

func (l *ledger) export(ctx context.Context, w io.Writer, first uint32, p *Progress, report func(Progress)) error {
	for p.Blocks < p.TotalBlocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		height := first + uint32(p.Blocks)
		h, ok := l.chain.ActiveAt(height)
		if !ok {
			return fmt.Errorf("no block at height %d", height)
		}
		b, err := l.block(h)
		if err != nil {
			return fmt.Errorf("block at height %d: %w", height, err)
		}
		if err := blockfile.Write(w, l.params.Magic, b); err != nil {
			return err
		}
		p.Blocks++
		p.Bytes += int64(b.Size())
		p.Inputs += b.Spends()
		if report != nil {
			report(*p)
		}
	}
	return nil
}

// block reads a body; genesis comes from the parameters, no store holds it.
func (l *ledger) block(h chain.HeaderInfo) (*wire.Block, error) {
	if h.Height == 0 {
		return l.params.Genesis, nil
	}
	return l.chain.Block(h.ID)
}
