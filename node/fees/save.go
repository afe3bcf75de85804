package fees

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maxAge is how old a file may be: feerates of before tell nothing (Core's MAX_FILE_AGE).
const maxAge = 60 * time.Hour

// load reads the file. What is no use is told and dropped: the next save replaces it.
func (f *Follower) load() *Estimator {
	if f.file == "" {
		return New()
	}
	e, err := read(f.file, f.now())
	switch {
	case err == nil:
		f.log.Info("fee history read", "file", f.file, "height", e.Best())
		return e
	case !errors.Is(err, fs.ErrNotExist):
		f.log.Warn("fee history not used; a new one begins, and estimates come once it is long enough", "file", f.file, "err", err)
	}
	return New()
}

func read(path string, now time.Time) (*Estimator, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if age := now.Sub(info.ModTime()); age > maxAge {
		return nil, fmt.Errorf("it is %v old, more than %v", age.Round(time.Hour), maxAge)
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, err
	}
	return Decode(raw)
}

// save writes the file. The old one stays until the new one is complete. A failure is told
// and no more: a history can be gathered again.
func (f *Follower) save() {
	if f.file == "" {
		return
	}
	f.mu.Lock()
	raw := f.e.Append(nil)
	f.mu.Unlock()
	if err := write(f.file, raw); err != nil {
		f.log.Warn("fee history not saved", "file", f.file, "err", err)
	}
}

func write(path string, raw []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // gone after the rename
	_, err = file.Write(raw)
	err = cmp.Or(err, file.Sync())
	if err = cmp.Or(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
