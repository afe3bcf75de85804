package blocks

import (
	"context"
	"fmt"
	"maps"
	"slices"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
)

// Old is a file that holds nothing which is to be kept.
type Old struct {
	File  uint32 // its number
	Bytes int64
	IDs   [][keySize]byte // of the values in it
}

// Old lists the files, oldest first, that hold nothing of which keep says true; neither
// the one that is written to nor one that has what is not yet committed. One
// without a value in it was left by a Remove that did not come to its end.
func (f *Files) Old(ctx context.Context, keep func(id [keySize]byte) bool) ([]Old, error) {
	files := f.settled()
	index, err := f.c.Index.Query(ctx, query.Query{Prefix: f.c.Space.String()})
	if err != nil {
		return nil, err
	}
	defer index.Close()
	skip := len(f.c.Space.String()) + 1
	for {
		r, ok := index.NextSync()
		if !ok {
			break
		}
		if r.Error != nil {
			return nil, r.Error
		}
		p, err := decodePosition(r.Value)
		if err == nil && len(r.Key) != skip+keySize+1 {
			err = fmt.Errorf("damaged position key %q", r.Key)
		}
		if err != nil {
			return nil, err
		}
		o := files[p.file]
		if o == nil {
			continue
		}
		if id := [keySize]byte([]byte(r.Key[skip : skip+keySize])); keep(id) {
			delete(files, p.file)
		} else {
			o.IDs = append(o.IDs, id)
		}
	}
	out := make([]Old, 0, len(files))
	for _, no := range slices.Sorted(maps.Keys(files)) {
		out = append(out, *files[no])
	}
	return out, nil
}

// settled are the files all of whose values are committed.
func (f *Files) settled() map[uint32]*Old {
	f.mu.RLock()
	defer f.mu.RUnlock()
	files := make(map[uint32]*Old, len(f.sizes))
	for no, size := range f.sizes {
		if no < f.end.file {
			files[no] = &Old{File: no, Bytes: size}
		}
	}
	for _, some := range []map[string]position{f.pending, f.frozen, f.found} {
		for _, p := range some {
			delete(files, p.file)
		}
	}
	return files
}

// Forget has b remove the position of a committed value: once that is in Index,
// there is no such value.
func (f *Files) Forget(ctx context.Context, b ds.Write, k ds.Key) error {
	id, err := ParseKey(k)
	if err != nil {
		return err
	}
	return b.Delete(ctx, f.positionKey(id[:]))
}

// Remove removes a file none of whose values Index has any more. Its name may come
// back in a crash, until SyncFolder.
func (f *Files) Remove(no uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errClosed
	}
	if file, ok := f.open[no]; ok {
		delete(f.open, no)
		delete(f.unsynced, no)
		if err := file.Close(); err != nil {
			return fmt.Errorf("close %s: %w", f.name(no), err)
		}
	}
	if err := f.c.FS.Remove(f.name(no)); err != nil {
		return fmt.Errorf("remove %s: %w", f.name(no), err)
	}
	f.removed[no] = true
	f.usage -= f.sizes[no]
	delete(f.sizes, no)
	return nil
}

// SyncFolder makes removals durable.
func (f *Files) SyncFolder() error { return f.c.FS.Sync() }

// Usage is how many bytes the files have.
func (f *Files) Usage() int64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.usage
}

// measure notes how long the files are.
func (f *Files) measure() error {
	names, err := f.c.FS.List()
	if err != nil {
		return fmt.Errorf("list %s files: %w", f.c.Name, err)
	}
	for _, name := range names {
		no, ours := f.number(name)
		if !ours {
			continue
		}
		size, err := f.c.FS.Size(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		f.grown(no, size)
	}
	return nil
}

// grown notes that a file has at least so many bytes. The caller holds mu, or
// nobody else knows f yet.
func (f *Files) grown(no uint32, size int64) {
	if old := f.sizes[no]; size > old {
		f.sizes[no] = size
		f.usage += size - old
	}
}
