package blocks

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ds "github.com/ipfs/go-datastore"
)

// marked is a value that says in its first bytes which it is.
func marked(i int) (ds.Key, []byte) {
	k, v := value(i)
	binary.BigEndian.PutUint32(v, uint32(i))
	return k, v
}

// scanned opens the fixture's files by what is in them, its index being empty.
func (f *fixture) scanned(t *testing.T) *Files {
	t.Helper()
	fresh := newFixture(t)
	f.index, f.c.Index = fresh.index, fresh.index
	f.c.Scan = &Scan{First: 4, Largest: 500, Identify: func(first []byte) (id [keySize]byte, ok bool) {
		i := int(binary.BigEndian.Uint32(first))
		k, _ := marked(i)
		id, err := ParseKey(k)
		return id, err == nil && i < 1000
	}}
	return f.open(t)
}

// corrupted puts 40 values into three files or so, changes a file, and opens
// what is left by a scan.
func corrupted(t *testing.T, change func(name string, b []byte) []byte) *Files {
	t.Helper()
	f := newFixture(t)
	files := f.open(t)
	for i := range 40 {
		k, v := marked(i)
		if err := files.Put(t.Context(), k, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := f.c.FS.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(f.dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(name, b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f.scanned(t)
}

// whole reads which values a scan found, and that they are what was put.
func whole(t *testing.T, files *Files) map[int]bool {
	t.Helper()
	out := make(map[int]bool)
	found, _ := files.Found()
	for _, r := range found {
		i := int(binary.BigEndian.Uint32(r.First))
		k, v := marked(i)
		got, err := files.Get(t.Context(), k)
		if err != nil || !bytes.Equal(got, v) || r.Size != len(v) {
			t.Errorf("value %d comes back as %x: %v", i, got, err)
		}
		if has, err := files.Has(t.Context(), k); has || err != nil {
			t.Errorf("value %d counts as stored before it is put: %v", i, err)
		}
		out[i] = true
	}
	return out
}

func TestScanFindsAllThatIsWhole(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(name string, b []byte) []byte
		left    int // values
		damages int
	}{
		"sound": {func(_ string, b []byte) []byte { return b }, 40, 0},
		"zeros behind the last": {func(name string, b []byte) []byte {
			if name == "blk00000.dat" {
				return append(b, make([]byte, 70_000)...)
			}
			return b
		}, 40, 1},
		"a torn tail": {func(name string, b []byte) []byte {
			if name == "blk00000.dat" {
				return b[:len(b)-1]
			}
			return b
		}, 39, 1},
		"a flipped bit in the second value": {func(name string, b []byte) []byte {
			if name == "blk00000.dat" {
				b[90] ^= 4
			}
			return b
		}, 39, 1},
		"lengths that lie in two records apart": {func(name string, b []byte) []byte {
			if name == "blk00001.dat" {
				b[4] ^= 0x40
				b[len(b)-300] ^= 0xff
			}
			return b
		}, 38, 2},
		"no magic at the start": {func(name string, b []byte) []byte {
			if name == "blk00002.dat" {
				b[0]++
			}
			return b
		}, 39, 1},
	} {
		t.Run(name, func(t *testing.T) {
			files := corrupted(t, c.change)
			found := whole(t, files)
			_, damages := files.Found()
			if len(damages) != c.damages {
				t.Errorf("damages %v, want %d", damages, c.damages)
			}
			if len(found) != c.left {
				t.Errorf("%d values found, want %d", len(found), c.left)
			}
		})
	}
}

// What was found and is put again stays where it is; another value under its
// key, and what was damaged, are appended.
func TestPutAdoptsWhatAScanFound(t *testing.T) {
	f := newFixture(t)
	f.c.Limit = 1 << 20
	files := f.open(t)
	for i := range 10 {
		k, v := marked(i)
		if err := files.Put(t.Context(), k, v); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(f.dir, "blk00000.dat")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	files = f.scanned(t)
	for i := range 10 {
		k, v := marked(i)
		if i == 3 {
			v = append(v, 1) // a body of the same id that is another
		}
		if i == 4 {
			v[len(v)-1] ^= 1
		}
		if err := files.Put(t.Context(), k, v); err != nil {
			t.Fatal(err)
		}
	}
	f.commit(t, files)
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, v3 := marked(3)
	_, v4 := marked(4)
	if !bytes.HasPrefix(after, before) || len(after) != len(before)+len(v3)+1+len(v4)+2*(headSize+sumSize) {
		t.Errorf("the file had %d bytes and has %d", len(before), len(after))
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	f.c.Scan = nil
	files = f.open(t)
	for i := range 10 {
		k, v := marked(i)
		got, err := files.Get(t.Context(), k)
		if same := i != 3 && i != 4; err != nil || bytes.Equal(got, v) != same {
			t.Errorf("value %d comes back as %x: %v", i, got, err)
		}
	}
}

// A scan that finds nothing to put leaves the files as they are, for the next
// start too.
func TestScanRemovesNothing(t *testing.T) {
	f := newFixture(t)
	files := f.open(t)
	for i := range 40 {
		k, v := marked(i)
		if err := files.Put(t.Context(), k, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	files = f.scanned(t)
	f.commit(t, files)
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	f.c.Scan = nil
	f.open(t)
	names, err := f.c.FS.List()
	if err != nil || len(names) < 4 {
		t.Errorf("left are %s: %v", strings.Join(names, " "), err)
	}
}
