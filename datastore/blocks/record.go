package blocks

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
)

const (
	headSize = 4 + 4 // magic, length
	sumSize  = 4
	keySize  = 32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum covers the key, so that a record found by a wrong position is found
// out too.
func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// position is where a record is: file number, offset of its magic bytes, and
// length of its value in bytes.
type position struct{ file, offset, size uint32 }

const positionSize = 12

func (p position) encode() []byte {
	b := make([]byte, 0, positionSize)
	b = binary.BigEndian.AppendUint32(b, p.file)
	b = binary.BigEndian.AppendUint32(b, p.offset)
	return binary.BigEndian.AppendUint32(b, p.size)
}

func decodePosition(b []byte) (position, error) {
	if len(b) != positionSize {
		return position{}, fmt.Errorf("damaged position: %d bytes, want %d", len(b), positionSize)
	}
	u := binary.BigEndian.Uint32
	p := position{u(b), u(b[4:]), u(b[8:])}
	if p.size > maxValue {
		return position{}, fmt.Errorf("damaged position: a value of %d bytes", p.size)
	}
	return p, nil
}

// Key names a value: an id in internal byte order.
func Key(id [keySize]byte) ds.Key { return ds.RawKey("/" + hex.EncodeToString(id[:])) }

// ParseKey reads what Key wrote.
func ParseKey(k ds.Key) (id [keySize]byte, err error) {
	s := k.String()
	if len(s) != 1+2*keySize {
		return id, fmt.Errorf("key %q is not %d hex digits", s, 2*keySize)
	}
	if _, err := hex.Decode(id[:], []byte(s[1:])); err != nil {
		return id, fmt.Errorf("key %q: %w", s, err)
	}
	return id, nil
}

// positionKey is binary inside; the guard byte keeps its end from being a
// slash, which go-datastore's keys must not have.
func (f *Files) positionKey(id []byte) ds.Key {
	return ds.RawKey(f.c.Space.String() + "/" + string(id) + "\x01")
}

func (f *Files) endKey() ds.Key { return ds.RawKey(f.c.Space.String() + "-end") }

// Put appends a value. One that is stored stays as it is: Put then does
// nothing, or fails if the length differs.
func (f *Files) Put(ctx context.Context, k ds.Key, value []byte) error {
	id, err := ParseKey(k)
	if err != nil {
		return err
	}
	if len(value) > maxValue {
		return fmt.Errorf("%s of %d bytes, at most %d can be stored", k, len(value), maxValue)
	}
	switch p, err := f.stored(ctx, id[:]); {
	case err == nil && int(p.size) != len(value):
		return fmt.Errorf("%s: %w", k, ErrImmutable)
	case err == nil:
		return nil
	case !errors.Is(err, ds.ErrNotFound):
		return err
	}
	if kept, err := f.adopt(ctx, k, id[:], value); kept || err != nil {
		return err
	}
	return f.append(id[:], value)
}

func (f *Files) append(id, value []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	size := headSize + len(value) + sumSize
	at := f.end
	if at.offset > 0 && int64(at.offset)+int64(size) > f.c.Limit {
		at = position{file: at.file + 1}
	}
	file, err := f.file(at.file)
	if err != nil {
		return err
	}
	b := append(f.buf[:0], f.c.Magic[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	b = append(b, value...)
	b = binary.LittleEndian.AppendUint32(b, checksum(id, value))
	f.buf = b
	// Until end moves, a half-written record is bytes that nobody will read.
	f.unsynced[at.file] = true
	f.created = f.created || at.offset == 0
	if _, err := file.WriteAt(b, int64(at.offset)); err != nil {
		return fmt.Errorf("write %s: %w", f.name(at.file), err)
	}
	f.pending[string(id)] = position{at.file, at.offset, uint32(len(value))}
	f.end = position{file: at.file, offset: at.offset + uint32(size)}
	f.grown(at.file, int64(f.end.offset))
	return nil
}

// find returns where id's record is, or ds.ErrNotFound.
func (f *Files) find(ctx context.Context, id []byte) (position, error) {
	p, err := f.stored(ctx, id)
	if errors.Is(err, ds.ErrNotFound) {
		f.mu.RLock()
		defer f.mu.RUnlock()
		if p, ok := f.found[string(id)]; ok {
			return p, nil
		}
	}
	return p, err
}

// stored is find for what was put.
func (f *Files) stored(ctx context.Context, id []byte) (position, error) {
	f.mu.RLock()
	p, ok := f.pending[string(id)]
	if !ok {
		p, ok = f.frozen[string(id)]
	}
	closed := f.closed
	f.mu.RUnlock()
	if closed {
		return position{}, errClosed
	}
	if ok {
		return p, nil
	}
	b, err := f.c.Index.Get(ctx, f.positionKey(id))
	if err != nil {
		return position{}, err
	}
	return decodePosition(b)
}

// Get reads a value. Bytes that are not those which were put are an error that
// names file and offset.
func (f *Files) Get(ctx context.Context, k ds.Key) ([]byte, error) {
	id, err := ParseKey(k)
	if err != nil {
		return nil, err
	}
	p, err := f.find(ctx, id[:])
	if err != nil {
		return nil, err
	}
	b := make([]byte, headSize+int(p.size)+sumSize)
	if err := f.readAt(p, b); err != nil {
		return nil, err
	}
	value, sum := b[headSize:headSize+p.size], b[headSize+p.size:]
	switch {
	case string(b[:4]) != string(f.c.Magic[:]):
		err = fmt.Errorf("magic %x, want %x", b[:4], f.c.Magic)
	case binary.LittleEndian.Uint32(b[4:]) != p.size:
		err = fmt.Errorf("length %d, want %d", binary.LittleEndian.Uint32(b[4:]), p.size)
	case binary.LittleEndian.Uint32(sum) != checksum(id[:], value):
		err = errors.New("wrong checksum")
	}
	if err != nil {
		return nil, f.damaged(p, err)
	}
	return value, nil
}

func (f *Files) damaged(p position, err error) error {
	return fmt.Errorf("%s is damaged at byte %d: %w; the disk may be failing: %s", f.name(p.file), p.offset, err, advice)
}

func (f *Files) readAt(p position, b []byte) error {
	f.mu.RLock()
	file, ok := f.open[p.file]
	if !ok {
		f.mu.RUnlock()
		return f.readOpening(p, b)
	}
	defer f.mu.RUnlock()
	if _, err := file.ReadAt(b, int64(p.offset)); err != nil {
		return f.damaged(p, err)
	}
	return nil
}

// readOpening keeps the lock while it reads, so that nobody closes the file.
func (f *Files) readOpening(p position, b []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	file, err := f.file(p.file)
	if err != nil {
		return err
	}
	if _, err := file.ReadAt(b, int64(p.offset)); err != nil {
		return f.damaged(p, err)
	}
	return nil
}

// Has says whether a value is stored.
func (f *Files) Has(ctx context.Context, k ds.Key) (bool, error) {
	_, err := f.GetSize(ctx, k)
	if errors.Is(err, ds.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// GetSize is a value's length in bytes.
func (f *Files) GetSize(ctx context.Context, k ds.Key) (int, error) {
	id, err := ParseKey(k)
	if err != nil {
		return -1, err
	}
	p, err := f.stored(ctx, id[:])
	if err != nil {
		return -1, err
	}
	return int(p.size), nil
}

// Delete refuses: values are written once.
func (f *Files) Delete(context.Context, ds.Key) error { return ErrImmutable }

// Query lists the committed values, in the order of their keys unless q says
// otherwise.
func (f *Files) Query(ctx context.Context, q query.Query) (query.Results, error) {
	index, err := f.c.Index.Query(ctx, query.Query{Prefix: f.c.Space.String(), Orders: []query.Order{query.OrderByKey{}}})
	if err != nil {
		return nil, err
	}
	skip := len(f.c.Space.String()) + 1
	next := func() (query.Result, bool) {
		r, ok := index.NextSync()
		if !ok || r.Error != nil {
			return r, ok
		}
		p, err := decodePosition(r.Value)
		if err == nil && len(r.Key) != skip+keySize+1 {
			err = fmt.Errorf("damaged position key %q", r.Key)
		}
		if err != nil {
			return query.Result{Error: err}, true
		}
		e := query.Entry{Key: Key([keySize]byte([]byte(r.Key[skip : skip+keySize]))).String(), Size: int(p.size)}
		if !q.KeysOnly {
			e.Value, err = f.Get(ctx, ds.RawKey(e.Key))
		}
		return query.Result{Entry: e, Error: err}, true
	}
	all := query.ResultsFromIterator(q, query.Iterator{Next: next, Close: index.Close})
	return query.NaiveQueryApply(q, all), nil
}
