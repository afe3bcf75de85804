package datastore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/blocks"
	"github.com/quernnet/quern/datastore/failpoint"
	"github.com/quernnet/quern/work"
)

// A reindex makes the database anew from the block files. It is begun by
// Config.Reindex and goes on, whatever Config says, until Reindexed: a file in
// the folder says so, which is older than the first change and younger than the
// last. In between the database is as good as that of a node that has begun to
// sync, so that a start can go on with it.
//
//	marker "move"  the old database is to be moved away, or is being moved
//	marker "take"  it is moved; the new one may take over what is of use of it
//	marker "taking" it does; whoever finds this has died of it, and does not try again
//	marker "feed"  the new one stands alone; blocks are fed to the chain
//	no marker      done
const (
	markerName = "reindex"
	markMove   = "move"
	markTake   = "take"
	markTaking = "taking"
	markFeed   = "feed"

	kvName    = "kv"
	oldKVName = "kv.old"
)

// Advice is what an error that only a new database helps against ends in.
const Advice = "stop, and start with `quern run --reindex`, which builds the database anew from the block files"

// Salvage is what a reindex has to begin with.
type Salvage struct {
	// Headers are those of the old database, as far as it could be read, in an
	// order that has parents first if it is sound. Nobody has judged them.
	Headers []wire.Header
	// Blocks are the bodies in the block files, in the order of those. Block
	// reads them; PutBlock keeps them where they are.
	Blocks []SalvagedBlock
	// Damages are what the files have beside them.
	Damages []blocks.Damage
}

// SalvagedBlock is a whole record in a block file. Its work was looked at, and
// nothing else.
type SalvagedBlock struct {
	wire.Header
	Size int // bytes
}

// Reindexing says that a reindex was begun and Reindexed not yet called. The
// chain is then to be given what Salvage has.
func (s *Store) Reindexing() bool { return s.reindex != nil }

// Salvage is for one call, while Reindexing.
func (s *Store) Salvage() (Salvage, error) {
	found, damages := s.parts[0].Found()
	out := Salvage{Headers: s.reindex.headers, Blocks: make([]SalvagedBlock, len(found)), Damages: damages}
	for i := range found {
		h, err := wire.DecodeHeader(found[i].First)
		if err != nil {
			return out, fmt.Errorf("header of a stored block: %w", err)
		}
		out.Blocks[i] = SalvagedBlock{h, found[i].Size}
	}
	s.reindex.headers = nil
	return out, nil
}

// Reindexed ends a reindex. The caller has flushed.
func (s *Store) Reindexed() error {
	failpoint.Hit(failpoint.ReindexEnd)
	// An earlier start may not have lived to remove it.
	err := s.folder.fs.RemoveAll(s.folder.fs.PathJoin(s.c.Dir, oldKVName))
	if err == nil {
		err = s.folder.unmark()
	}
	if err != nil {
		return fmt.Errorf("end of the reindex: %w", err)
	}
	s.reindex = nil
	return nil
}

// reindex is a store's memory of one that is under way.
type reindex struct{ headers []wire.Header }

// beginReindex sees what the marker says, or writes one if that is asked for.
func (s *Store) beginReindex() error {
	mark, err := s.folder.marker()
	switch {
	case s.c.Reindex && mark != markTake && mark != markTaking:
		mark = markMove // also where the marker is damaged
	case err != nil:
		return err
	case mark == "":
		return nil
	}
	s.reindex = new(reindex)
	if mark != markMove {
		s.log.Info("going on with the reindex that was begun", "folder", s.c.Dir)
		return nil
	}
	s.log.Info("building the database anew from the block files", "folder", s.c.Dir)
	if err := s.folder.mark(markMove); err != nil {
		return err
	}
	failpoint.Hit(failpoint.ReindexMarked)
	return s.folder.moveKV()
}

// moveKV moves the database out of the way. Where one is there already, an
// earlier call has ended between its two steps, or a later one has lost its power.
func (f *folder) moveKV() error {
	from, to := f.fs.PathJoin(f.dir, kvName), f.fs.PathJoin(f.dir, oldKVName)
	if _, err := f.fs.Stat(from); err == nil {
		if err := f.fs.RemoveAll(to); err != nil {
			return fmt.Errorf("remove what an earlier reindex left: %w", err)
		}
		if err := f.fs.Rename(from, to); err != nil {
			return fmt.Errorf("move the old database away: %w", err)
		}
		if err := syncDir(f.fs, f.dir); err != nil {
			return fmt.Errorf("move the old database away: %w", err)
		}
	} else if !notThere(err) {
		return fmt.Errorf("look for the old database: %w", err)
	}
	failpoint.Hit(failpoint.ReindexMoved)
	return f.mark(markTake)
}

// takeOver copies into the new database what the old one has for other parts
// of the program, and reads its headers. An old database that cannot be
// read costs both: peers are found and headers fetched anew.
func (s *Store) takeOver(b Backend) error {
	old := s.folder.fs.PathJoin(s.c.Dir, oldKVName)
	mark, err := s.folder.marker()
	switch {
	case s.reindex == nil || mark == markFeed || err != nil:
		return err
	case mark == markTaking:
		err = errors.New("an earlier start ended while it read it")
	default:
		// Pebble may end the process over a damaged file.
		if err := s.folder.mark(markTaking); err != nil {
			return err
		}
		if _, there := s.folder.fs.Stat(old); !notThere(there) {
			err = s.takeFrom(b, old)
		}
	}
	if err != nil {
		s.log.Warn("the old database cannot be read: known peers are lost, and headers without blocks fetched anew", "error", err)
	}
	failpoint.Hit(failpoint.ReindexTaken)
	if err := s.kv.Sync(context.Background(), ds.NewKey("/")); err != nil {
		return fmt.Errorf("new database: %w", err)
	}
	if err := s.folder.mark(markFeed); err != nil {
		return err
	}
	if err := s.folder.fs.RemoveAll(old); err != nil {
		return fmt.Errorf("remove the old database: %w", err)
	}
	return nil
}

func (s *Store) takeFrom(b Backend, dir string) (err error) {
	ctx := context.Background()
	kv, err := b.Open(dir, leastDatabase, s.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kv.Close()) }()
	for e, err := range entriesOf(ctx, kv, spaces, false) {
		if err == nil {
			err = s.kv.Put(ctx, ds.RawKey(e.Key), e.Value)
		}
		if err != nil {
			return fmt.Errorf("values of other parts: %w", err)
		}
	}
	for e, err := range entriesOf(ctx, kv, headerSpace, false) {
		if err != nil {
			return fmt.Errorf("headers: %w", err)
		}
		h, err := decodeHeader(e.Value)
		if err != nil {
			return err
		}
		s.reindex.headers = append(s.reindex.headers, h.Header)
	}
	return nil
}

// scan is how block files are searched: what is no header with its work done
// is no block.
func (s *Store) scan() *blocks.Scan {
	return &blocks.Scan{
		First: wire.HeaderSize, Largest: maxBody,
		Identify: func(first []byte) (id [wire.HashSize]byte, ok bool) {
			h, err := wire.DecodeHeader(first)
			if err != nil {
				return id, false
			}
			id = h.ID()
			return id, work.Bits(h.Bits).Met(id)
		},
		Report: s.c.Scanned,
	}
}

// maxBody is the longest body that there is, in bytes: 4,000,000 weight units.
const maxBody = 4_000_000

// marker reads the marker, "" for none.
func (f *folder) marker() (string, error) {
	if f.fs == nil {
		return "", nil
	}
	path := f.fs.PathJoin(f.dir, markerName)
	file, err := f.fs.Open(path)
	if notThere(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("marker of a reindex: %w", err)
	}
	b, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	switch mark := strings.TrimSpace(string(b)); mark {
	case markMove, markTake, markTaking, markFeed:
		return mark, nil
	default:
		return "", fmt.Errorf("%s is damaged: a reindex was under way; begin it again with `quern run --reindex`", path)
	}
}

// mark writes the marker: the old one or the new one is there, whole.
func (f *folder) mark(mark string) error {
	if err := f.replace(f.fs.PathJoin(f.dir, markerName), []byte(mark+"\n")); err != nil {
		return fmt.Errorf("marker of a reindex: %w", err)
	}
	return nil
}

func (f *folder) unmark() error {
	if err := f.fs.Remove(f.fs.PathJoin(f.dir, markerName)); err != nil {
		return err
	}
	return syncDir(f.fs, f.dir)
}

// replace makes a small file appear whole or not at all.
func (f *folder) replace(path string, b []byte) error {
	file, err := f.fs.Create(path+".new", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write(b)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := f.fs.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(f.fs, f.dir)
}

// known refuses a database that knows of nothing where there are block files:
// it was removed or has lost its files, and opening those by it would give them
// up. A new database is given a state to know.
func (s *Store) known(ctx context.Context, dir dirFS) error {
	_, err := s.kv.Get(ctx, stateKey)
	if err == nil || !errors.Is(err, ds.ErrNotFound) {
		return err
	}
	if s.reindex == nil {
		bytes, err := dir.bytes("blk")
		if err != nil {
			return err
		}
		if bytes > 0 {
			return fmt.Errorf("folder %s has %d bytes of blocks and a database that knows of none: %s", s.c.Dir, bytes, Advice)
		}
	}
	failpoint.Hit(failpoint.FirstOpened)
	first := saved{savedSet: savedSet{tip: s.c.Params.Genesis.ID()}}
	if err := s.kv.Put(ctx, stateKey, first.encode()); err != nil {
		return fmt.Errorf("first state: %w", err)
	}
	if err := s.kv.Sync(ctx, ds.NewKey("/")); err != nil {
		return fmt.Errorf("first state: %w", err)
	}
	return nil
}

// bytes adds up the sizes of the files whose names begin so.
func (d dirFS) bytes(prefix string) (n int64, err error) {
	names, err := d.List()
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		info, err := d.fs.Stat(d.fs.PathJoin(d.dir, name))
		if err != nil {
			return 0, err
		}
		n += info.Size()
	}
	return n, nil
}

// entriesOf iterates over what a database has under a prefix, in order of the
// keys.
func entriesOf(ctx context.Context, kv ds.Read, prefix string, keysOnly bool) func(yield func(query.Entry, error) bool) {
	return func(yield func(query.Entry, error) bool) {
		found, err := kv.Query(ctx, query.Query{Prefix: prefix, KeysOnly: keysOnly, Orders: []query.Order{query.OrderByKey{}}})
		if err != nil {
			yield(query.Entry{}, err)
			return
		}
		defer found.Close()
		for {
			r, ok := found.NextSync()
			if !ok {
				if err := damageOf(kv); err != nil {
					yield(query.Entry{}, err)
				}
				return
			}
			if err := ctx.Err(); err != nil {
				yield(query.Entry{}, err)
				return
			}
			if !yield(r.Entry, r.Error) || r.Error != nil {
				return
			}
		}
	}
}
