package datastore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
	ds "github.com/ipfs/go-datastore"
	pebbleds "github.com/ipfs/go-ds-pebble"
)

// tuning is what decides Pebble's memory and speed, in bytes.
type tuning struct {
	// memory is for the blocks of files that are read most, and for memtables. What
	// each lookup needs of 5 million coins, indexes and filters, is 8 MiB.
	memory int64
	// memtable is how much small writes may come to before they are sorted into
	// a file. A flush's batch is larger than half of it, and becomes a file as it is.
	memtable uint64
	// file is the most that a file holds. One file's filter is read at once.
	file int64
	// block is what is read at once of a file's coins.
	block int
}

// bloomBits a key let 99 % of the lookups of absent keys end without a read.
const bloomBits = 10

func openPebble(dir string, memory int64, log *slog.Logger) (ds.Batching, error) {
	return openPebbleOn(vfs.Default, dir, memory, log)
}

// openPebbleOn opens Pebble in a folder of fs. Writes are not synced one by one
// (go-ds-pebble's default): a batch is atomic all the same, and Sync makes
// everything before it durable.
func openPebbleOn(fsys vfs.FS, dir string, memory int64, log *slog.Logger) (ds.Batching, error) {
	t := tuned(memory)
	return openPebbleWith(pebbleOptions(fsys, log, t), dir, t.memory)
}

// tuned is what was measured to be best (docs/performance.md), with so much memory.
func tuned(memory int64) tuning {
	return tuning{memory: memory, memtable: 1 << 20, file: 8 << 20, block: 4 << 10}
}

func pebbleOptions(fsys vfs.FS, log *slog.Logger, t tuning) *pebble.Options {
	o := &pebble.Options{
		FS:           fsys,
		Logger:       pebbleLog{log},
		MemTableSize: t.memtable,
		MaxOpenFiles: 256,
		// The format is fixed, so that a newer Pebble does not change folders
		// which an older Quern may still have to open.
		FormatMajorVersion: pebble.FormatValueSeparation,
		// A flush's coins lie anywhere among all, so that each merge writes the
		// next level anew: it waits for many flushes. Filters spare most of
		// them to lookups.
		L0CompactionThreshold: 24,
		L0StopWritesThreshold: 60,
	}
	for i := range o.Levels {
		o.TargetFileSizes[i] = t.file
		l := &o.Levels[i]
		l.FilterPolicy = bloom.FilterPolicy(bloomBits)
		l.BlockSize = t.block
		// Coins are hashes and keys: there is nothing to compress.
		l.Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	return o
}

func openPebbleWith(o *pebble.Options, dir string, memory int64) (ds.Batching, error) {
	p := new(pebbleStore)
	o.EventListener = &pebble.EventListener{DataCorruption: func(info pebble.DataCorruptionInfo) {
		err := fmt.Errorf("the database is damaged: %s: %w", info.Path, firstLine(info.Details))
		if p.damage.CompareAndSwap(nil, &err) {
			o.Logger.Errorf("%v", err)
		}
	}, BackgroundError: func(err error) {
		// Pebble would try again for ever, and neither a write nor Close return.
		if errors.Is(err, syscall.ENOSPC) {
			o.Logger.Fatalf("disk full: %v; free space and start again", err)
		}
		o.Logger.Errorf("in the background: %v", err)
	}}
	var err error
	p.Datastore, err = pebbleds.NewDatastore(dir, pebbleds.WithPebbleOpts(o), pebbleds.WithCacheSize(memory))
	if err != nil {
		return nil, fmt.Errorf("open database in %s: %w", dir, err)
	}
	return p, nil
}

// pebbleStore remembers the first damage that Pebble came upon, in a call or in
// its own work, in which it would otherwise try again and again. By default
// Pebble ends the process.
type pebbleStore struct {
	*pebbleds.Datastore
	damage atomic.Pointer[error]
}

// Damaged is that damage, nil for none.
func (p *pebbleStore) Damaged() error {
	if err := p.damage.Load(); err != nil {
		return *err
	}
	return nil
}

// damageOf is what a backend says of its own damage.
func damageOf(kv ds.Read) error {
	if p, ok := kv.(interface{ Damaged() error }); ok {
		return p.Damaged()
	}
	return nil
}

// firstLine is an error without the stack that Pebble hangs on it.
func firstLine(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(line)
}

// pebbleLog gives Pebble's messages to slog; its reports of routine work are
// of use only to those who debug it.
type pebbleLog struct{ log *slog.Logger }

func (l pebbleLog) Infof(format string, args ...any) {
	l.log.Debug("pebble: " + fmt.Sprintf(format, args...))
}

func (l pebbleLog) Errorf(format string, args ...any) {
	l.log.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf is called when Pebble can neither go on nor fail a call: its log
// cannot be written, or a file is damaged. It must not return. What was flushed
// is safe on disk, so that ending at once is as good as a crash, and a crash is
// what a Store recovers from.
func (l pebbleLog) Fatalf(format string, args ...any) {
	l.log.Error("the database cannot go on, stopping: " + fmt.Sprintf(format, args...))
	os.Exit(1)
}

// advised adds what to do to an error that says that the database is damaged.
func advised(err error) error {
	if pebble.IsCorruptionError(err) {
		return fmt.Errorf("%w: %s", firstLine(err), Advice)
	}
	return err
}

// notOpened adds what to do where a database cannot be opened and neither a
// right nor room is missing.
func notOpened(err error) error {
	for _, other := range []error{fs.ErrPermission, syscall.ENOSPC, syscall.EAGAIN, syscall.EROFS, syscall.EIO} {
		if errors.Is(err, other) {
			return err
		}
	}
	return fmt.Errorf("%w; if it comes again: %s", firstLine(err), Advice)
}

// DeleteUnder removes everything under a prefix, at the cost of one write.
func (p *pebbleStore) DeleteUnder(_ context.Context, prefix string) error {
	const slash, next = "/", "0" // bytes that follow each other
	return p.DB.DeleteRange([]byte(prefix+slash), []byte(prefix+next), pebble.NoSync)
}
