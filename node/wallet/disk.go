package wallet

import (
	"errors"
	"os"
	"path/filepath"
)

// disk is what a journal needs of a file system; tests have one that loses its
// power.
type disk interface {
	// Open opens for reading and writing. With create the file must be new.
	Open(path string, create bool) (diskFile, error)
	Rename(from, to string) error
	Remove(path string) error
	SyncDir(dir string) error // makes what was created, renamed and removed in it durable
}

// diskFile is an open file. What is written is durable once Sync has returned.
type diskFile interface {
	ReadAll() ([]byte, error)
	WriteAt(p []byte, at int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// osDisk is the operating system's.
type osDisk struct{}

// osFile is one of its files.
type osFile struct{ *os.File }

// ReadAll reads from the start.
func (f osFile) ReadAll() ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b := make([]byte, info.Size())
	n, err := f.ReadAt(b, 0)
	if n == len(b) {
		err = nil
	}
	return b, err
}

func (osDisk) Open(path string, create bool) (diskFile, error) {
	flag := os.O_RDWR
	if create {
		flag |= os.O_CREATE | os.O_EXCL
	}
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (osDisk) SyncDir(dir string) error { return syncDir(filepath.Clean(dir)) }
