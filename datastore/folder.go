package datastore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/gofrs/flock"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// format is the version of the layout in keys.go and package blocks. A folder
// of another is refused, but for one of oldFormat, which is made one of this by saying
// so: it has less beside its headers.
const (
	format    = 2
	oldFormat = 1
)

// manifest says what a folder holds. It is written once for each format.
type manifest struct {
	Format  int       `json:"format"`
	Chain   string    `json:"chain"`
	Genesis wire.Hash `json:"genesis"`
	Rules   wire.Hash `json:"rules"`
	Backend string    `json:"backend"`
}

const (
	manifestName = "manifest.json"
	lockName     = "lock"
	pidName      = "pid" // beside the lock: on Windows a locked file cannot be read
)

// lockPatience is how long a folder that seems to be in use is tried again.
const lockPatience = 250 * time.Millisecond

// folder is a store's place in a file system, held by one process.
type folder struct {
	fs   vfs.FS
	dir  string
	lock *flock.Flock // nil where only this process can reach the file system
}

// openFolder creates the folder when absent, locks it and checks its manifest.
func openFolder(c *Config, volatile bool) (*folder, error) {
	f := &folder{fs: c.fs, dir: c.Dir}
	if volatile {
		return f, nil
	}
	if c.Dir == "" {
		return nil, errors.New("no data folder given")
	}
	shared := f.fs == nil
	if shared {
		f.fs = vfs.Default
	}
	if err := makeDir(f.fs, c.Dir); err != nil {
		return nil, fmt.Errorf("create data folder: %w", err)
	}
	if shared {
		if err := f.acquire(); err != nil {
			return nil, err
		}
	}
	if err := f.check(c); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *folder) acquire() error {
	f.lock = flock.New(filepath.Join(f.dir, lockName))
	pid := filepath.Join(f.dir, pidName)
	// Whoever looks with InUse holds the lock for a moment.
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	ok, err := f.lock.TryLockContext(ctx, lockPatience/10)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("lock folder %s: %w", f.dir, err)
	}
	if !ok {
		holder := ""
		if b, err := os.ReadFile(pid); err == nil {
			holder = fmt.Sprintf(" (pid %s)", strings.TrimSpace(string(b)))
		}
		return fmt.Errorf("folder %s is in use by another quern%s; stop it or give another --datadir", f.dir, holder)
	}
	// For the message above only; without it the lock holds all the same.
	_ = os.WriteFile(pid, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600)
	return nil
}

// check compares the manifest with what c asks for, or writes it.
func (f *folder) check(c *Config) error {
	want := manifest{
		Format:  format,
		Chain:   c.Params.Name,
		Genesis: c.Params.Genesis.ID(),
		Rules:   c.Params.Digest(),
		Backend: c.Backend,
	}
	path := f.fs.PathJoin(f.dir, manifestName)
	file, err := f.fs.Open(path)
	if notThere(err) {
		return f.write(path, want)
	}
	if err != nil {
		return fmt.Errorf("open manifest: %w", err)
	}
	b, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	var have manifest
	err = json.Unmarshal(b, &have)
	if c.Reindex && (err != nil || f.rebuildable(have, want)) {
		return f.write(path, want)
	}
	if err != nil {
		return fmt.Errorf("%s is damaged (%w): start with `quern run --reindex` to write it anew, or give another --datadir", path, err)
	}
	if have.Format == oldFormat {
		have.Format = format
		if err := f.compare(have, want); err != nil {
			return err
		}
		return f.write(path, want)
	}
	return f.compare(have, want)
}

// rebuildable says whether a reindex may make one folder of the other: it is of
// the wanted chain, or of none that there is.
func (f *folder) rebuildable(have, want manifest) bool {
	if have.Format != want.Format && have.Format != oldFormat {
		return false
	}
	_, err := consensus.Chain(have.Chain)
	return have.Chain == want.Chain || err != nil
}

func (f *folder) compare(have, want manifest) error {
	const advice = "give another --datadir"
	const anew = "give another --datadir, or start with `quern run --reindex` to judge its blocks anew"
	switch {
	case have.Format != want.Format:
		return fmt.Errorf("folder %s has format %d, this quern writes %d: %s, or use the quern that made it", f.dir, have.Format, want.Format, advice)
	case have.Chain != want.Chain:
		return fmt.Errorf("folder %s holds chain %q, not %q: %s", f.dir, have.Chain, want.Chain, advice)
	case have.Genesis != want.Genesis:
		return fmt.Errorf("folder %s holds a chain that starts with block %v, not %v: %s", f.dir, have.Genesis, want.Genesis, advice)
	case have.Rules != want.Rules:
		return fmt.Errorf("folder %s holds a %s chain of other rules (digest %v, asked for %v): %s", f.dir, have.Chain, have.Rules, want.Rules, anew)
	case have.Backend != want.Backend:
		return fmt.Errorf("folder %s was made with storage backend %q, not %q: %s or set the backend", f.dir, have.Backend, want.Backend, advice)
	}
	return nil
}

// write makes the manifest appear whole or not at all.
func (f *folder) write(path string, m manifest) error {
	b, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	if err := f.replace(path, append(b, '\n')); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// sub creates a folder below.
func (f *folder) sub(name string) (dirFS, error) {
	d := dirFS{fs: f.fs, dir: f.fs.PathJoin(f.dir, name)}
	if err := makeDir(f.fs, d.dir); err != nil {
		return d, fmt.Errorf("create folder: %w", err)
	}
	return d, nil
}

// makeDir creates a folder and those above it. Each new name is synced into the
// folder above, or a power failure could take all that is below with it.
func makeDir(fsys vfs.FS, dir string) error {
	if _, err := fsys.Stat(dir); !notThere(err) {
		return err
	}
	up := fsys.PathDir(dir)
	if up == dir {
		return fmt.Errorf("%s: %w", dir, os.ErrNotExist)
	}
	if err := makeDir(fsys, up); err != nil {
		return err
	}
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(fsys, up)
}

func (f *folder) free(dir string) (uint64, error) {
	u, err := f.fs.GetDiskUsage(dir)
	return u.AvailBytes, err
}

// Close gives the folder up to other processes.
func (f *folder) Close() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Close()
}
