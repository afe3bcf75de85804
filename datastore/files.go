package datastore

import (
	"errors"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/quernnet/quern/datastore/blocks"
)

// dirFS is one folder of a file system, as package blocks wants it. Pebble's
// vfs is what stands below all of a store's files, so that one in-memory file
// system can lose the power of all of them at one moment.
type dirFS struct {
	fs  vfs.FS
	dir string
}

func (d dirFS) Open(name string) (blocks.File, error) {
	f, err := d.fs.OpenReadWrite(d.fs.PathJoin(d.dir, name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	return sizedFile{f}, nil
}

func (d dirFS) Remove(name string) error { return d.fs.Remove(d.fs.PathJoin(d.dir, name)) }

func (d dirFS) List() ([]string, error) { return d.fs.List(d.dir) }

func (d dirFS) Size(name string) (int64, error) {
	info, err := d.fs.Stat(d.fs.PathJoin(d.dir, name))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (d dirFS) Sync() error { return syncDir(d.fs, d.dir) }

type sizedFile struct{ vfs.File }

func (f sizedFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func syncDir(fsys vfs.FS, dir string) error {
	f, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// notThere says whether err means that a file does not exist.
func notThere(err error) bool { return errors.Is(err, fs.ErrNotExist) }
