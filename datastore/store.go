package datastore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/mount"
	"github.com/ipfs/go-datastore/namespace"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/blocks"
	"github.com/quernnet/quern/datastore/failpoint"
)

// Config is what a Store is opened from.
type Config struct {
	Dir     string // folder of one chain; created when absent
	Params  *consensus.Params
	Backend string // "pebble" (default), "memory" (nothing survives; Dir unused), or another registered name
	Cache   int64  // bytes of memory for coins, for what is not yet flushed, and for the database; 0: 64 MiB
	Log     *slog.Logger

	// BlockFile is how many bytes a block file gets; 0: 128 MiB. Whole files are
	// what is pruned.
	BlockFile int64

	// Reindex has the database built anew from the block files, see Salvage. One that was
	// begun and not ended goes on all the same.
	Reindex bool
	// Scanned, if not nil, is told how many bytes of the block files a reindex
	// has looked at.
	Scanned func(done, total int64)

	// FreeSpace says how many bytes may still be written under dir; nil asks
	// the operating system.
	FreeSpace func(dir string) (uint64, error)

	fs vfs.FS // where files are; nil: the operating system's, or memory for a volatile backend
}

const defaultCache = 64 << 20

// ErrClosed is what use of a Store after Close comes to.
var ErrClosed = errors.New("the store is closed")

// Store implements chain.Store, and keeps small values for others by name.
//
// The chain's goroutine owns the state; mu lets others read beside it. Only the
// owner changes what mu guards, so that the owner reads it without the lock;
// but for frozen, broken and what else Flush changes, on its own goroutine, when
// it ends. Invariants: the coins of a set's cache over kv are those at its tip, before and
// after a flush; what kv has is the whole state of one earlier Freeze.
//
// moment is held, for writing, while a batch is committed, so that those who
// begin to read all of kv know which state they see.
type Store struct {
	c      Config
	log    *slog.Logger
	shares shares // of Config.Cache
	folder *folder
	kv     *door            // coins, headers, positions, tip
	files  *mount.Datastore // bodies under /blocks, undo data under /undo
	parts  [2]*blocks.Files // what is mounted there

	filesDisk, kvDisk volume // where free space is counted

	moment sync.RWMutex
	saved  saved // what the last flush wrote

	mu     sync.RWMutex
	set    *coinSet // the chain's
	behind *coinSet // what proves the snapshot that set began with; nil: there is nothing to prove
	heads  headers
	bodies map[wire.Hash]struct{} // blocks whose bodies are stored
	pruned bool                   // bodies were forgotten on purpose, at some time
	broken error                  // why nothing may be flushed any more
	frozen *saved                 // what Flush is to write; nil: nothing

	reindex *reindex // nil unless one is under way; the owner's
}

var _ chain.Store = (*Store)(nil)

// Open opens or creates the store. A folder of another chain, of another format
// version, or in use by another process is refused with an error that says so.
func Open(c Config) (*Store, error) {
	c.Backend = cmp.Or(c.Backend, "pebble")
	c.Cache = cmp.Or(c.Cache, defaultCache)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Params == nil || c.Params.Genesis == nil {
		return nil, errors.New("a store needs the parameters of its chain")
	}
	b, err := backend(c.Backend)
	if err != nil {
		return nil, err
	}
	if b.Volatile {
		c.Dir = "/"
	}
	if c.fs == nil && b.Volatile {
		c.fs = vfs.NewMem()
	}
	s := &Store{c: c, log: c.Log, shares: share(c.Cache), bodies: make(map[wire.Hash]struct{})}
	if err := s.open(b); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(b Backend) (err error) {
	if s.folder, err = openFolder(&s.c, b.Volatile); err != nil {
		return err
	}
	whole := volume{dir: s.c.Dir, free: s.c.FreeSpace}
	if whole.free == nil && !b.Volatile {
		whole.free = s.folder.free
	}
	s.filesDisk, s.kvDisk = whole.part("blocks"), whole.part(kvName)
	for _, v := range []volume{whole, s.filesDisk, s.kvDisk} {
		if err := v.require(0); err != nil {
			return err
		}
	}
	if err := s.beginReindex(); err != nil {
		return err
	}
	kv, err := b.Open(filepath.Join(s.c.Dir, kvName), s.shares.database, s.log)
	if err != nil {
		return notOpened(err)
	}
	s.kv = newDoor(kv)
	if err := s.takeOver(b); err != nil {
		return err
	}
	if err := s.openFiles(); err != nil {
		return err
	}
	failpoint.Hit(failpoint.BeforeLoad)
	err = s.load(context.Background())
	if err == nil {
		err = s.kv.Damaged() // iterators end early over it, without a word
	}
	if err != nil {
		return fmt.Errorf("%w: the database is damaged: %s", err, Advice)
	}
	failpoint.Hit(failpoint.AfterLoad)
	return nil
}

func (s *Store) openFiles() error {
	dir, err := s.folder.sub("blocks")
	if err != nil {
		return err
	}
	if err := s.known(context.Background(), dir); err != nil {
		return err
	}
	for i, c := range []blocks.Config{{Name: "blk", Space: bodySpace}, {Name: "rev", Space: undoSpace}} {
		c.FS, c.Magic, c.Index = dir, s.c.Params.Magic, s.kv
		if c.Limit = s.c.BlockFile; i == 1 && c.Limit > 0 {
			c.Limit = max(c.Limit/undoShare, leastUndo)
		}
		if i == 0 && s.reindex != nil {
			c.Scan = s.scan()
		}
		f, err := blocks.Open(context.Background(), c)
		if err != nil {
			return err
		}
		s.parts[i] = f
	}
	if err := s.sweepFiles(context.Background()); err != nil {
		return err
	}
	s.files = mount.New([]mount.Mount{
		{Prefix: bodyMount, Datastore: s.parts[0]},
		{Prefix: undoMount, Datastore: s.parts[1]},
	})
	return nil
}

// Close does not flush; what was not flushed is gone, as after a crash.
func (s *Store) Close() error {
	var errs []error
	for _, f := range s.parts {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	if s.kv != nil {
		errs = append(errs, s.kv.Close())
	}
	if s.folder != nil {
		errs = append(errs, s.folder.Close())
	}
	return errors.Join(errs...)
}

// Space is a datastore of small values for one other part of the program,
// apart from all others' by name, which consists of letters, digits and dashes.
// Values are kept across Close; they are durable after Sync, or with the next Flush. Keys are
// go-datastore's usual ones; binary ones, made by ds.RawKey, can be put and got, not
// asked for by prefix.
func (s *Store) Space(name string) ds.Batching { return namespace.Wrap(s.kv, spaceKey(name)) }

func spaceKey(name string) ds.Key {
	for _, r := range name {
		if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			panic(fmt.Sprintf("datastore: space name %q", name))
		}
	}
	return ds.NewKey(spaces + "/" + name)
}
