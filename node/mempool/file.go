package mempool

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// The file: magic, version and number of transactions (uint32 each, little-endian); for
// each the time it entered (int64, Unix seconds), its length (uint32) and its
// encoding; and the SHA-256 of all that. Parents come before children.
const (
	fileMagic   = "quern waiting tx"
	fileVersion = 1
	headSize    = len(fileMagic) + 4 + 4
	maxFileTx   = consensus.MaxWeight // bytes; weight is no less than size
)

// FileError says that a file of waiting transactions is not one or is damaged.
type FileError struct{ Detail string }

func (e *FileError) Error() string { return "file of waiting transactions: " + e.Detail }

func damaged(format string, args ...any) error {
	return &FileError{Detail: fmt.Sprintf(format, args...)}
}

// Save writes the file now. The old one stays until the new one is complete
// and on disk.
func (p *Pool) Save() error {
	if p.file == "" {
		return nil
	}
	if !p.isLoaded() {
		return errors.New("mempool: the file was not yet read, so it is not overwritten")
	}
	p.saving.Lock()
	defer p.saving.Unlock()
	_, es := p.Entries()
	if err := writeFile(p.file, es); err != nil {
		return fmt.Errorf("mempool: saving: %w", err)
	}
	p.log.Info("waiting transactions saved", "count", len(es), "file", p.file)
	return nil
}

func (p *Pool) isLoaded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loaded
}

func writeFile(path string, es []Entry) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after the rename
	w := bufio.NewWriterSize(f, 1<<16)
	err = encode(w, es)
	err = cmp.Or(err, w.Flush(), f.Sync())
	if err = cmp.Or(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return cmp.Or(d.Sync(), d.Close())
}

// encode writes es, parents first.
func encode(w io.Writer, es []Entry) error {
	es = slices.Clone(es)
	slices.SortStableFunc(es, func(a, b Entry) int { return cmp.Compare(a.AncestorCount, b.AncestorCount) })
	sum := sha256.New()
	w = io.MultiWriter(w, sum)
	buf := append([]byte(fileMagic), 0, 0, 0, 0, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(buf[len(fileMagic):], fileVersion)
	binary.LittleEndian.PutUint32(buf[len(fileMagic)+4:], uint32(len(es)))
	for i := range es {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(es[i].Time.Unix()))
		buf = binary.LittleEndian.AppendUint32(buf, uint32(es[i].Tx.Size()))
		buf = es[i].Tx.Append(buf)
		if _, err := w.Write(buf); err != nil {
			return err
		}
		buf = buf[:0]
	}
	if _, err := w.Write(buf); err != nil {
		return err
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// decode reads a file and calls f for each transaction until f fails. The
// caller must have seen verify pass, unless it only wants to know whether the
// parts make sense.
func decode(r io.Reader, f func(t *wire.Tx, when time.Time) error) error {
	head := make([]byte, headSize)
	if _, err := io.ReadFull(r, head); err != nil {
		return truncated(err, "head")
	}
	if !bytes.HasPrefix(head, []byte(fileMagic)) {
		return damaged("it does not begin with %q", fileMagic)
	}
	if v := binary.LittleEndian.Uint32(head[len(fileMagic):]); v != fileVersion {
		return damaged("version %d, this program reads %d", v, fileVersion)
	}
	count := binary.LittleEndian.Uint32(head[len(fileMagic)+4:])
	for i := range count {
		t, when, err := decodeOne(r)
		if err != nil {
			return fmt.Errorf("transaction %d of %d: %w", i+1, count, err)
		}
		if err := f(t, when); err != nil {
			return err
		}
	}
	return nil
}

func decodeOne(r io.Reader) (*wire.Tx, time.Time, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, time.Time{}, truncated(err, "its head")
	}
	size := binary.LittleEndian.Uint32(head[8:])
	if size > maxFileTx {
		return nil, time.Time{}, damaged("%d bytes long, at most %d are possible", size, maxFileTx)
	}
	raw, err := io.ReadAll(io.LimitReader(r, int64(size)))
	if err != nil {
		return nil, time.Time{}, err
	}
	if len(raw) < int(size) {
		return nil, time.Time{}, truncated(io.ErrUnexpectedEOF, "its bytes")
	}
	t, err := wire.DecodeTx(raw)
	if err != nil {
		return nil, time.Time{}, damaged("%v", err)
	}
	return t, time.Unix(int64(binary.LittleEndian.Uint64(head[:])), 0), nil
}

func truncated(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends within %s", what)
	}
	return err
}

// verify checks the sum at the end of a file of that size.
func verify(r io.Reader, size int64) error {
	if size < int64(headSize+sha256.Size) {
		return damaged("%d bytes are too few", size)
	}
	h := sha256.New()
	if _, err := io.CopyN(h, r, size-sha256.Size); err != nil {
		return truncated(err, "the transactions")
	}
	return verifySum(r, h)
}

func verifySum(r io.Reader, h hash.Hash) error {
	var want [sha256.Size]byte
	if _, err := io.ReadFull(r, want[:]); err != nil {
		return truncated(err, "the checksum")
	}
	if !bytes.Equal(h.Sum(nil), want[:]) {
		return damaged("the checksum does not fit")
	}
	return nil
}

// load reads the file. A damaged one is renamed, reported and otherwise
// ignored; one that cannot be read is left alone, and not overwritten later.
func (p *Pool) load(ctx context.Context) {
	if p.file == "" {
		return
	}
	tried, kept, err := p.readFile(ctx)
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
		p.log.Info("waiting transactions loaded", "kept", kept, "of", tried)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loaded = true
	p.announce()
}

// readFile judges what the file has by the rules of today. Two passes keep
// memory small: nothing is judged before the whole file is known to be sound.
func (p *Pool) readFile(ctx context.Context) (tried, kept int, err error) {
	f, err := os.Open(p.file)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	if err := verify(bufio.NewReaderSize(f, 1<<16), info.Size()); err != nil {
		return 0, 0, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, 0, err
	}
	oldest := p.now().Add(-p.expiry)
	err = decode(bufio.NewReaderSize(f, 1<<16), func(t *wire.Tx, when time.Time) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		tried++
		if when.Before(oldest) {
			return nil
		}
		_, err := p.admit(t, "", terms{when: when}, true)
		var refused *Error
		if errors.As(err, &refused) {
			return nil
		}
		kept++
		return err
	})
	return tried, kept, err
}
