package mempool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// load reads the file. A damaged one is renamed, reported and otherwise
// ignored; one that cannot be read is left alone, and not overwritten later.
func (p *Pool) load(ctx context.Context) {
	if p.file == "" || p.forget {
		return
	}
	tally, err := p.read(ctx, p.file, ImportOptions{Deltas: true, Unbroadcast: true})
	var bad *FileError
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case errors.As(err, &bad):
		aside := fmt.Sprintf("%s.damaged-%d", p.file, p.now().Unix())
		p.log.Warn("the file of waiting transactions is damaged and was set aside; the pool starts without it",
			"err", err, "renamed", aside, "rename", os.Rename(p.file, aside))
	case ctx.Err() != nil:
		return // partly read: the old file must stay
	case err != nil:
		p.log.Error("waiting transactions not loaded, nor will they be saved; make the file readable and restart",
			"file", p.file, "err", err)
		return
	default:
		p.log.Info("waiting transactions loaded", "kept", tally.kept, "of", tally.tried)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loaded = true
	p.announce()
}

// ImportOptions are what of a file is taken over beside its transactions.
type ImportOptions struct {
	Now         bool // the transactions enter now, not when the file says
	Deltas      bool // fees that Prioritise added there are added here
	Unbroadcast bool
}

// Import adds what a file in the format of Bitcoin Core's mempool.dat has, and
// what is good by the rules of today. The error is a *FileError, or why the file cannot be read.
func (p *Pool) Import(ctx context.Context, path string, o ImportOptions) error {
	tally, err := p.read(ctx, path, o)
	if err == nil {
		p.log.Info("waiting transactions imported", "file", path, "kept", tally.kept, "of", tally.tried)
	}
	return err
}

// tally counts a file's transactions.
type tally struct{ tried, kept int }

// read judges what a file has by the rules of today. Two passes keep
// memory small: nothing is judged before the whole file is known to be sound.
func (p *Pool) read(ctx context.Context, path string, o ImportOptions) (n tally, err error) {
	f, err := os.Open(path)
	if err != nil {
		return n, err
	}
	defer f.Close()
	sound := visitor{
		tx:          func(*wire.Tx, int64, int64) error { return ctx.Err() },
		delta:       func(wire.Hash, int64) {},
		unbroadcast: func(wire.Hash) {},
	}
	if err := decode(f, sound); err != nil {
		return n, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return n, err
	}
	return n, decode(f, p.taker(ctx, o, &n))
}

// taker adds what it is told of to the pool.
func (p *Pool) taker(ctx context.Context, o ImportOptions, n *tally) visitor {
	return visitor{
		tx: func(t *wire.Tx, unix, delta int64) error {
			n.tried++
			when := time.Unix(unix, 0)
			if o.Now {
				when = p.now()
			}
			if o.Deltas && delta != 0 {
				p.Prioritise(t.ID(), delta)
			}
			if !when.After(p.now().Add(-p.expiry)) {
				return ctx.Err()
			}
			_, err := p.admit(t, "", terms{when: when}, true)
			var refused *Error
			if errors.As(err, &refused) {
				return ctx.Err()
			}
			n.kept++
			return errors.Join(err, ctx.Err())
		},
		delta: func(id wire.Hash, satoshis int64) {
			if o.Deltas {
				p.Prioritise(id, satoshis)
			}
		},
		unbroadcast: func(id wire.Hash) {
			if o.Unbroadcast {
				p.Unsent(id)
			}
		},
	}
}
