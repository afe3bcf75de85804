package blocks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
	dssync "github.com/ipfs/go-datastore/sync"
)

// osFS is a folder of the operating system.
type osFS struct{ dir string }

func (o osFS) Open(name string) (File, error) {
	f, err := os.OpenFile(filepath.Join(o.dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (o osFS) Remove(name string) error { return os.Remove(filepath.Join(o.dir, name)) }

func (o osFS) List() (names []string, err error) {
	entries, err := os.ReadDir(o.dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (o osFS) Size(name string) (int64, error) {
	info, err := os.Stat(filepath.Join(o.dir, name))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (osFS) Sync() error { return nil }

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

type fixture struct {
	dir   string
	index ds.Batching
	c     Config
}

func newFixture(t testing.TB) *fixture {
	f := &fixture{dir: t.TempDir(), index: dssync.MutexWrap(ds.NewMapDatastore())}
	f.c = Config{FS: osFS{f.dir}, Name: "blk", Magic: [4]byte{0xfa, 0xbf, 0xb5, 0xda}, Index: f.index, Space: ds.NewKey("/b"), Limit: 1000}
	return f
}

func (f *fixture) open(t testing.TB) *Files {
	t.Helper()
	files, err := Open(context.Background(), f.c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	return files
}

// commit does what a store's flush does.
func (f *fixture) commit(t testing.TB, files *Files) {
	t.Helper()
	ctx := context.Background()
	b, err := f.index.Batch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	files.Freeze()
	if err := errors.Join(files.Sync(ctx, ds.NewKey("/")), files.Commit(ctx, b), b.Commit(ctx)); err != nil {
		t.Fatal(err)
	}
	files.Committed()
}

func value(i int) (ds.Key, []byte) {
	return Key(sha256.Sum256(fmt.Append(nil, i))), bytes.Repeat([]byte{byte(i)}, 50+i*7%150)
}

func put(t testing.TB, files *Files, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if k, v := value(i); files.Put(context.Background(), k, v) != nil {
			t.Fatalf("value %d cannot be put", i)
		}
	}
}

func expect(t testing.TB, files *Files, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		k, v := value(i)
		if got, err := files.Get(context.Background(), k); err != nil || !bytes.Equal(got, v) {
			t.Fatalf("value %d is %x, %v", i, got, err)
		}
	}
}

func (f *fixture) names(t testing.TB) []string {
	t.Helper()
	names, err := f.c.FS.List()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestValuesComeBackFromManyFiles(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	const n = 400 // in some 60 files, more than are kept open
	for i := 0; i < n; i += 40 {
		put(t, files, i, i+40)
		expect(t, files, 0, i+40)
		f.commit(t, files)
	}
	expect(t, files, 0, n)
	if names := f.names(t); len(names) <= maxOpen {
		t.Errorf("only %d files", len(names))
	}
	if len(files.open) > maxOpen {
		t.Errorf("%d files are open", len(files.open))
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	files = f.open(t)
	expect(t, files, 0, n)
	put(t, files, n, n+40)
	expect(t, files, 0, n+40)
}

func TestFilesRollAtTheLimit(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	put(t, files, 0, 60)
	f.commit(t, files)
	for _, name := range f.names(t) {
		info, err := os.Stat(filepath.Join(f.dir, name))
		if err != nil || info.Size() > f.c.Limit {
			t.Errorf("%s: %d bytes, %v", name, info.Size(), err)
		}
	}
	// One above the limit has a file of its own.
	k := Key([32]byte{1})
	if err := files.Put(t.Context(), k, make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	if v, err := files.Get(t.Context(), k); err != nil || len(v) != 5000 {
		t.Errorf("large value: %d bytes, %v", len(v), err)
	}
}

// What was put after the last commit is as if it had never been, whatever of it
// is left in the files.
func TestCrashGivesUpWhatWasNotCommitted(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	put(t, files, 0, 10)
	f.commit(t, files)
	put(t, files, 10, 50) // into new files, too
	last := f.names(t)
	// The crash tears the last file.
	if err := os.Truncate(filepath.Join(f.dir, last[len(last)-1]), 33); err != nil {
		t.Fatal(err)
	}
	again := f.open(t)
	expect(t, again, 0, 10)
	for i := 10; i < 50; i++ {
		k, _ := value(i)
		if ok, err := again.Has(t.Context(), k); ok || err != nil {
			t.Fatalf("value %d: %v, %v", i, ok, err)
		}
	}
	if names := f.names(t); len(names) >= len(last) {
		t.Errorf("files %v are left of %v", names, last)
	}
	put(t, again, 5, 80)
	f.commit(t, again)
	expect(t, f.open(t), 0, 80)
}

func TestCrashBeforeTheFirstCommit(t *testing.T) {
	f := newFixture(t)
	put(t, f.open(t), 0, 30)
	files := f.open(t)
	if names := f.names(t); len(names) > 0 {
		t.Errorf("files %v are left", names)
	}
	put(t, files, 0, 30)
	expect(t, files, 0, 30)
}

func TestShortFileIsRefused(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	put(t, files, 0, 3)
	f.commit(t, files)
	if err := os.Truncate(filepath.Join(f.dir, "blk00000.dat"), 20); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), f.c)
	if err == nil || !strings.Contains(err.Error(), "blk00000.dat has 20 bytes") {
		t.Errorf("error is %v", err)
	}
}

// Every bit of every record counts.
func TestNoFlippedBitGoesUnseen(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	k, v := value(3)
	if err := files.Put(t.Context(), k, v); err != nil {
		t.Fatal(err)
	}
	f.commit(t, files)
	path := filepath.Join(f.dir, "blk00000.dat")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(whole) * 8 {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := files.Get(t.Context(), k)
		if err == nil || !strings.Contains(err.Error(), "blk00000.dat is damaged at byte 0") {
			t.Fatalf("bit %d flipped: %x, %v", bit, got, err)
		}
	}
}

// A position that leads to another value's record must not be believed.
func TestRecordOfAnotherKeyIsRefused(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	a, b := sha256.Sum256([]byte("a")), sha256.Sum256([]byte("b"))
	for _, id := range [][32]byte{a, b} {
		if err := files.Put(t.Context(), Key(id), []byte("as long")); err != nil {
			t.Fatal(err)
		}
	}
	f.commit(t, files)
	p, err := f.index.Get(t.Context(), files.positionKey(a[:]))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.index.Put(t.Context(), files.positionKey(b[:]), p); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Get(t.Context(), Key(b)); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("error is %v", err)
	}
}

func TestCommitWaitsForSync(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	put(t, files, 0, 1)
	b, err := f.index.Batch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		files.Freeze()
		if err := files.Commit(t.Context(), b); err == nil {
			t.Error("positions of values that may be lost can be committed")
		}
		files.Thaw()
		// What was durable before Freeze does not make the rest so.
		if err := files.Sync(t.Context(), ds.NewKey("/")); err != nil {
			t.Fatal(err)
		}
		put(t, files, 1, 2)
	}
}

// What is put while the values before it are synced and committed is none of
// that flush's, and all of the next's.
func TestPutGoesOnBesideAFlush(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	put(t, files, 0, 10)
	files.Freeze()
	put(t, files, 10, 20)
	expect(t, files, 0, 20)
	b, err := f.index.Batch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Sync(t.Context(), ds.NewKey("/")); err != nil {
		t.Fatal(err)
	}
	put(t, files, 20, 30)
	if err := errors.Join(files.Commit(t.Context(), b), b.Commit(t.Context())); err != nil {
		t.Fatal(err)
	}
	files.Committed()
	expect(t, files, 0, 30)
	listed, err := files.Query(t.Context(), query.Query{KeysOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := listed.Rest(); err != nil || len(all) != 10 {
		t.Errorf("%d values are committed, %v; want the 10 put before Freeze", len(all), err)
	}
	files.Freeze()
	files.Thaw() // then all waits for the next
	put(t, files, 30, 40)
	f.commit(t, files)
	expect(t, f.open(t), 0, 40)
}

func TestValuesAreWrittenOnce(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	put(t, files, 0, 5)
	end := files.end
	put(t, files, 0, 5)
	if files.end != end {
		t.Error("values were written again")
	}
	k, v := value(1)
	if err := files.Put(t.Context(), k, v[1:]); !errors.Is(err, ErrImmutable) {
		t.Errorf("another value: %v", err)
	}
	if err := files.Delete(t.Context(), k); !errors.Is(err, ErrImmutable) {
		t.Errorf("delete: %v", err)
	}
	for _, k := range []string{"/", "/abc", "/" + strings.Repeat("g", 64)} {
		if err := files.Put(t.Context(), ds.NewKey(k), nil); err == nil {
			t.Errorf("key %q is accepted", k)
		}
	}
}

func TestQueryListsCommittedValues(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	put(t, files, 0, 30)
	f.commit(t, files)
	found, err := files.Query(t.Context(), query.Query{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := found.Rest()
	if err != nil || len(all) != 30 {
		t.Fatalf("%d values, %v", len(all), err)
	}
	for i, e := range all {
		got, err := files.Get(t.Context(), ds.RawKey(e.Key))
		if err != nil || !bytes.Equal(got, e.Value) || e.Size != len(got) {
			t.Errorf("%s is %x, %v; listed as %x", e.Key, got, err, e.Value)
		}
		if i > 0 && all[i-1].Key >= e.Key {
			t.Errorf("%s comes after %s", e.Key, all[i-1].Key)
		}
	}
}

func TestReadersBesideAWriter(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	put(t, files, 0, 300)
	f.commit(t, files)
	var readers sync.WaitGroup
	for r := range 3 {
		readers.Go(func() { expect(t, files, r*30, 300) })
	}
	for i := 300; i < 600; i += 50 {
		put(t, files, i, i+50)
		f.commit(t, files)
	}
	readers.Wait()
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	k, _ := value(1)
	if _, err := files.Get(t.Context(), k); !errors.Is(err, errClosed) {
		t.Errorf("get after close: %v", err)
	}
}

func BenchmarkPut(b *testing.B) {
	f := newFixture(b)
	f.c.Limit = 0
	files := f.open(b)
	v := make([]byte, 1<<20)
	b.SetBytes(int64(len(v)))
	for i := 0; b.Loop(); i++ {
		if err := files.Put(context.Background(), Key(sha256.Sum256(fmt.Append(nil, i))), v); err != nil {
			b.Fatal(err)
		}
		if i%64 == 63 {
			f.commit(b, files)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	f := newFixture(b)
	f.c.Limit = 0
	files := f.open(b)
	v := make([]byte, 1<<20)
	for i := range 16 {
		if err := files.Put(context.Background(), Key([32]byte{byte(i)}), v); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(v)))
	for i := 0; b.Loop(); i++ {
		if _, err := files.Get(context.Background(), Key([32]byte{byte(i % 16)})); err != nil {
			b.Fatal(err)
		}
	}
}
