package datastore

import (
	"fmt"
	"path/filepath"
)

// reserve is what must stay free beyond what a write needs, in bytes: the
// database writes in the background and ends the process, or hangs, when it
// finds the disk full.
const reserve = 64 << 20

// DiskFullError says that a write was not begun because the disk might not
// hold it. Nothing is lost: what was flushed is on disk.
type DiskFullError struct {
	Dir        string
	Free, Need uint64 // bytes
}

func (e *DiskFullError) Error() string {
	return fmt.Sprintf("disk full: %d MiB free in %s, need %d; free space and start again",
		e.Free>>20, e.Dir, (e.Need+1<<20-1)>>20)
}

// volume is the disk that a folder is on. Parts of a store's may be on others.
type volume struct {
	dir  string
	free func(dir string) (uint64, error) // nil: without limit
}

// part is the volume that a folder below is on.
func (v *volume) part(name string) volume { return volume{filepath.Join(v.dir, name), v.free} }

// require returns a *DiskFullError unless n bytes and the reserve are free.
func (v *volume) require(n int64) error {
	if v.free == nil {
		return nil
	}
	free, err := v.free(v.dir)
	if notThere(err) {
		return nil // a part that is yet to be made is where the whole is
	}
	if err != nil {
		return fmt.Errorf("free space in %s: %w", v.dir, err)
	}
	if need := uint64(n) + reserve; free < need {
		return &DiskFullError{Dir: v.dir, Free: free, Need: need}
	}
	return nil
}
