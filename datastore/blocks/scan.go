package blocks

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	ds "github.com/ipfs/go-datastore"
)

// Scan has Open look for values in the files themselves, whatever the index
// says. Nothing is removed then.
type Scan struct {
	// Identify says from a value's first bytes, First of them, under which key it
	// was put, and whether bytes that begin so can be a value at all.
	Identify func(first []byte) (id [keySize]byte, ok bool)
	First    int
	// Largest is the most bytes that a value has.
	Largest int
	// Report, if not nil, is told how far the scan is, in bytes.
	Report func(done, total int64)
}

// Found is a whole record that a Scan came upon.
type Found struct {
	ID    [keySize]byte
	First []byte // of its value
	Size  int    // of its value, bytes
}

// Damage is a stretch of a file that holds no whole record.
type Damage struct {
	File          string
	Offset, Bytes int64
}

func (d Damage) String() string {
	return fmt.Sprintf("%s: %d bytes from byte %d on are no whole record", d.File, d.Bytes, d.Offset)
}

// Found lists what Open found by Config.Scan, in the order of the files, and
// what it had to skip. A value can be read at once; it is stored, where it
// lies, when it is Put.
func (f *Files) Found() ([]Found, []Damage) { return f.records, f.damages }

// scan walks all files. The next record goes behind the last whole one, or
// behind what Index has, if that is further.
func (f *Files) scan(ctx context.Context) error {
	names, err := f.c.FS.List()
	if err != nil {
		return fmt.Errorf("list %s files: %w", f.c.Name, err)
	}
	var numbers []uint32
	for _, name := range names {
		if no, ok := f.number(name); ok {
			numbers = append(numbers, no)
		}
	}
	slices.Sort(numbers)
	sizes, total := make([]int64, len(numbers)), int64(0)
	for i, no := range numbers {
		file, err := f.file(no)
		if err != nil {
			return err
		}
		if sizes[i], err = file.Size(); err != nil {
			return fmt.Errorf("%s: %w", f.name(no), err)
		}
		total += sizes[i]
	}
	f.found = make(map[string]position)
	w := walker{f: f, ctx: ctx, total: total}
	for i, no := range numbers {
		end, err := w.walk(no, sizes[i])
		if err != nil {
			return err
		}
		if last := (position{file: no, offset: uint32(end)}); f.end.before(last) {
			f.end, f.moved = last, true
		}
	}
	return nil
}

func (p position) before(q position) bool {
	return p.file < q.file || p.file == q.file && p.offset < q.offset
}

// walker goes through the files of a scan.
type walker struct {
	f           *Files
	ctx         context.Context
	done, total int64 // bytes
	buf         []byte
}

// walk reads a file's records and returns where the last whole one ends.
func (w *walker) walk(no uint32, size int64) (end int64, err error) {
	file, err := w.f.file(no)
	if err != nil {
		return 0, err
	}
	at, bad := int64(0), int64(-1) // bad: where the damage under way began
	skipped := func(to int64) {
		if bad >= 0 && to > bad {
			w.f.damages = append(w.f.damages, Damage{w.f.name(no), bad, to - bad})
		}
		bad = -1
	}
	for at < size {
		if err := w.ctx.Err(); err != nil {
			return 0, err
		}
		found, whole, err := w.record(file, at, size)
		if err != nil {
			return 0, fmt.Errorf("%s at byte %d: %w", w.f.name(no), at, err)
		}
		if whole {
			skipped(at)
			w.f.enter(found, position{no, uint32(at), uint32(found.Size)})
			at += headSize + int64(found.Size) + sumSize
			end = at
		} else {
			if bad < 0 {
				bad = at
			}
			if at, err = w.next(file, at+1, size); err != nil {
				return 0, fmt.Errorf("%s: %w", w.f.name(no), err)
			}
		}
		if w.f.c.Scan.Report != nil {
			w.f.c.Scan.Report(w.done+at, w.total)
		}
	}
	skipped(size)
	w.done += size
	return end, nil
}

// enter notes a whole record; of two with one key, the first.
func (f *Files) enter(r Found, p position) {
	if _, twice := f.found[string(r.ID[:])]; !twice {
		f.found[string(r.ID[:])] = p
		f.records = append(f.records, r)
	}
}

// record reads the record at an offset, if a whole one is there.
func (w *walker) record(file File, at, size int64) (r Found, whole bool, err error) {
	c := &w.f.c
	head := w.room(headSize + c.Scan.First)
	if at+int64(len(head)+sumSize) > size {
		return r, false, nil
	}
	if _, err := file.ReadAt(head, at); err != nil {
		return r, false, err
	}
	length := int64(binary.LittleEndian.Uint32(head[4:]))
	if string(head[:4]) != string(c.Magic[:]) || length < int64(c.Scan.First) || length > int64(c.Scan.Largest) ||
		at+headSize+length+sumSize > size {
		return r, false, nil
	}
	id, ok := c.Scan.Identify(head[headSize:])
	if !ok {
		return r, false, nil
	}
	first := bytes.Clone(head[headSize:])
	all := w.room(int(length) + sumSize)
	if _, err := file.ReadAt(all, at+headSize); err != nil {
		return r, false, err
	}
	value, sum := all[:length], all[length:]
	if binary.LittleEndian.Uint32(sum) != checksum(id[:], value) {
		return r, false, nil
	}
	return Found{ID: id, First: first, Size: int(length)}, true, nil
}

func (w *walker) room(n int) []byte {
	if cap(w.buf) < n {
		w.buf = make([]byte, max(n, 1<<16))
	}
	return w.buf[:n]
}

// next is the first offset from at on where magic bytes are, size if nowhere.
func (w *walker) next(file File, at, size int64) (int64, error) {
	magic := w.f.c.Magic[:]
	for at < size {
		b := w.room(int(min(1<<16, size-at)))
		if _, err := file.ReadAt(b, at); err != nil {
			return 0, fmt.Errorf("at byte %d: %w", at, err)
		}
		if i := bytes.Index(b, magic); i >= 0 {
			return at + int64(i), nil
		}
		if int64(len(b)) == size-at {
			return size, nil
		}
		at += int64(len(b) - len(magic) + 1)
	}
	return size, nil
}

// adopt stores a value that the scan found, where it lies. It is false when
// the scan found none, or another, under this key.
func (f *Files) adopt(ctx context.Context, k ds.Key, id, value []byte) (bool, error) {
	f.mu.RLock()
	p, ok := f.found[string(id)]
	f.mu.RUnlock()
	if !ok || int(p.size) != len(value) {
		return false, nil
	}
	there, err := f.Get(ctx, k)
	if errors.Is(err, errClosed) {
		return false, err
	}
	// What cannot be read any more is not worth keeping.
	if err != nil || !bytes.Equal(there, value) {
		return false, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	// Whoever wrote it may not have lived to sync it.
	if _, err := f.file(p.file); err != nil {
		return false, err
	}
	f.unsynced[p.file] = true
	f.pending[string(id)] = p
	delete(f.found, string(id))
	return true, nil
}
