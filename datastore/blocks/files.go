package blocks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	ds "github.com/ipfs/go-datastore"
)

// Config is what Files are opened from.
type Config struct {
	FS    FS
	Name  string  // files are called Name00000.dat, Name00001.dat, …
	Magic [4]byte // starts each record
	Index ds.Read // has the positions that were committed
	Space ds.Key  // where in Index, and in the batches given to Commit, they are
	Limit int64   // bytes after which a new file begins; 0: 128 MiB
	Scan  *Scan   // look for what the files hold; nil: believe Index
}

const (
	defaultLimit = 128 << 20
	maxValue     = 1 << 30 // bytes; far above any block, and sums with it fit 32 bits
	maxOpen      = 32      // file handles kept open
)

// ErrImmutable is what changing or deleting a stored value comes to.
var ErrImmutable = errors.New("stored values cannot be changed or deleted")

// Files is a datastore of values under 32-byte keys, written once. A key is "/"
// and 64 hex digits. Put, Freeze and Thaw come from one goroutine at a time,
// Sync, Commit and Committed from one at a time that may be another; everything
// else from any.
//
// A value can be read from Put on. It lasts when its position does: Freeze sets
// aside what was put up to then, Sync makes it durable, Commit adds the
// positions to a batch, and Committed says that this is in Index, or Thaw that
// it will not be. Meanwhile Put goes on.
type Files struct {
	c Config

	// mu guards what follows. Invariants: every byte below end was written; a
	// file in unsynced or syncing is open; no key is in both pending and frozen.
	mu       sync.RWMutex
	end      position            // where the next record goes; size unused
	pending  map[string]position // put since Freeze, by key
	frozen   map[string]position // put before it, and not yet committed
	until    position            // end at Freeze
	loose    bool                // what is frozen is not known to be durable
	open     map[uint32]File
	unsynced map[uint32]bool     // files written since the last Sync began
	syncing  map[uint32]bool     // files that a Sync under way takes
	created  bool                // a name is not yet durable
	sizes    map[uint32]int64    // of the files there are, in bytes
	usage    int64               // their sum
	removed  map[uint32]bool     // files, since Open
	buf      []byte              // the record being written
	moved    bool                // a scan has set end, and Index does not have it
	found    map[string]position // by a scan, and not put since, by key
	closed   bool

	// What a scan came upon. Set by Open.
	records []Found
	damages []Damage
}

var _ ds.Datastore = (*Files)(nil)

// advice is what to do about a damaged file.
const advice = "stop, and start with `quern run --reindex`: it keeps what is whole and fetches the rest anew"

// errClosed is what use after Close comes to.
var errClosed = errors.New("block files are closed")

// Open opens the files in c.FS, creating them when Index has no trace of any.
// Whatever lies after the end that Index knows was never committed, and is
// given up.
func Open(ctx context.Context, c Config) (*Files, error) {
	if c.Limit == 0 {
		c.Limit = defaultLimit
	}
	f := &Files{
		c:        c,
		pending:  make(map[string]position),
		open:     make(map[uint32]File),
		unsynced: make(map[uint32]bool),
		sizes:    make(map[uint32]int64),
		removed:  make(map[uint32]bool),
	}
	b, err := c.Index.Get(ctx, f.endKey())
	switch {
	case errors.Is(err, ds.ErrNotFound):
	case err != nil:
		return nil, fmt.Errorf("end of %s files: %w", c.Name, err)
	default:
		if f.end, err = decodePosition(b); err != nil {
			return nil, fmt.Errorf("end of %s files: %w", c.Name, err)
		}
	}
	if c.Scan != nil {
		err = f.scan(ctx)
	} else {
		err = f.recover()
	}
	if err == nil {
		err = f.measure()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// recover checks that the last file has what was committed, and removes files
// that were begun after it.
func (f *Files) recover() error {
	if f.end != (position{}) {
		file, err := f.file(f.end.file)
		if err != nil {
			return err
		}
		size, err := file.Size()
		if err != nil {
			return fmt.Errorf("%s: %w", f.name(f.end.file), err)
		}
		if size < int64(f.end.offset) {
			return fmt.Errorf("%s has %d bytes where %d were written: the folder is damaged or was copied while in use; %s",
				f.name(f.end.file), size, f.end.offset, advice)
		}
	}
	names, err := f.c.FS.List()
	if err != nil {
		return fmt.Errorf("list %s files: %w", f.c.Name, err)
	}
	for _, name := range names {
		no, ours := f.number(name)
		if !ours {
			continue
		}
		if no > f.end.file || f.end == (position{}) {
			if err := f.c.FS.Remove(name); err != nil {
				return fmt.Errorf("remove %s, begun before a crash: %w", name, err)
			}
		}
	}
	return nil
}

func (f *Files) name(no uint32) string { return fmt.Sprintf("%s%05d.dat", f.c.Name, no) }

// number is the other way round; ok is false for a file that is none of ours.
func (f *Files) number(name string) (no uint32, ok bool) {
	digits, ours := strings.CutPrefix(name, f.c.Name)
	n, err := fmt.Sscanf(digits, "%d.dat", &no)
	return no, ours && n == 1 && err == nil && f.name(no) == name
}

// file returns the open file of that number. The caller holds mu, or nobody
// else knows f yet.
func (f *Files) file(no uint32) (File, error) {
	if f.closed {
		return nil, errClosed
	}
	if file, ok := f.open[no]; ok {
		return file, nil
	}
	for old, file := range f.open {
		if len(f.open) < maxOpen {
			break
		}
		if old != f.end.file && !f.unsynced[old] && !f.syncing[old] {
			delete(f.open, old)
			if err := file.Close(); err != nil {
				return nil, fmt.Errorf("close %s: %w", f.name(old), err)
			}
		}
	}
	if f.removed[no] {
		return nil, ds.ErrNotFound // it was removed since its position was looked up
	}
	file, err := f.c.FS.Open(f.name(no))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.name(no), err)
	}
	f.open[no] = file
	return file, nil
}

// Freeze sets aside all that was put up to now. It must not be called again
// before Committed or Thaw.
func (f *Files) Freeze() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen, f.pending = f.pending, make(map[string]position)
	f.until, f.loose = f.end, true
}

// Thaw takes Freeze back.
func (f *Files) Thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.Copy(f.frozen, f.pending)
	f.pending, f.frozen = f.frozen, nil
}

// Sync makes everything that was put before the call durable, whatever the
// prefix. After an error nobody knows what is: there must be no Commit then.
func (f *Files) Sync(context.Context, ds.Key) error {
	// The files stay open, so that reads and Put may go on meanwhile.
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return errClosed
	}
	f.syncing, f.unsynced = f.unsynced, make(map[uint32]bool)
	files := make(map[uint32]File, len(f.syncing))
	for no := range f.syncing {
		files[no] = f.open[no]
	}
	created, whole := f.created, f.frozen != nil
	f.created = false
	f.mu.Unlock()

	for no, file := range files {
		if err := file.Sync(); err != nil {
			return fmt.Errorf("sync %s: %w", f.name(no), err)
		}
	}
	if created {
		if err := f.c.FS.Sync(); err != nil {
			return fmt.Errorf("sync folder of %s files: %w", f.c.Name, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.syncing = nil
	if whole {
		f.loose = false
	}
	return nil
}

// Commit adds to b the positions of what is frozen. It is refused where Sync
// has not made the values durable first.
func (f *Files) Commit(ctx context.Context, b ds.Write) error {
	f.mu.RLock()
	frozen, until, loose, moved := f.frozen, f.until, f.loose, f.moved
	f.mu.RUnlock()
	if loose {
		return fmt.Errorf("%s files are not synced", f.c.Name)
	}
	if frozen == nil || len(frozen) == 0 && !moved {
		return nil
	}
	for key, p := range frozen {
		if err := b.Put(ctx, f.positionKey([]byte(key)), p.encode()); err != nil {
			return fmt.Errorf("positions of %s files: %w", f.c.Name, err)
		}
	}
	if err := b.Put(ctx, f.endKey(), until.encode()); err != nil {
		return fmt.Errorf("end of %s files: %w", f.c.Name, err)
	}
	return nil
}

// Committed says that Index now has what Commit gave.
func (f *Files) Committed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen, f.moved = nil, false
}

// pendingBytes is what a position takes in memory and in a batch.
const pendingBytes = 160

// PendingBytes is how many bytes of memory and batch the positions put since
// Freeze take.
func (f *Files) PendingBytes() int64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return int64(len(f.pending)) * pendingBytes
}

// Close closes the files. It syncs nothing.
func (f *Files) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for file := range maps.Values(f.open) {
		errs = append(errs, file.Close())
	}
	clear(f.open)
	f.closed = true
	return errors.Join(errs...)
}
