package blockfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// keySize is how many bytes Bitcoin Core's xor.dat has.
const keySize = 8

// File is a block file opened for reading. Where a file xor.dat lies beside it,
// its bytes are obfuscated with that key, as Bitcoin Core's are since version 28.
//
// Only Read moves at; ReadAt may be called from anywhere.
type File struct {
	f   *os.File
	key [keySize]byte // zeros: none
	at  int64
}

// Open opens a block file. A file that begins with the chain's magic is not obfuscated, whatever lies
// beside it.
func Open(path string, magic [4]byte) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b := &File{f: f}
	var head [4]byte
	if _, err := f.ReadAt(head[:], 0); err == nil && head == magic {
		return b, nil
	}
	key, err := os.ReadFile(filepath.Join(filepath.Dir(path), "xor.dat"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return b, nil
	case err == nil && len(key) != keySize:
		err = fmt.Errorf("xor.dat beside it has %d bytes, not %d", len(key), keySize)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("key of %s: %w", path, err), f.Close())
	}
	b.key = [keySize]byte(key)
	return b, nil
}

// Read is io.Reader's.
func (b *File) Read(p []byte) (int, error) {
	n, err := b.f.Read(p)
	b.clear(p[:n], b.at)
	b.at += int64(n)
	return n, err
}

// ReadAt is io.ReaderAt's.
func (b *File) ReadAt(p []byte, off int64) (int, error) {
	n, err := b.f.ReadAt(p, off)
	b.clear(p[:n], off)
	return n, err
}

// clear takes the key off bytes that stand at off in the file.
func (b *File) clear(p []byte, off int64) {
	if b.key == [keySize]byte{} {
		return
	}
	for i := range p {
		p[i] ^= b.key[(off+int64(i))%keySize]
	}
}

// Close closes the file.
func (b *File) Close() error { return b.f.Close() }

var _ interface {
	io.ReadCloser
	io.ReaderAt
} = (*File)(nil)
