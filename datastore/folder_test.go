package datastore

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
)

func TestFolderIsRefused(t *testing.T) {
	other, err := consensus.Chain("signet")
	if err != nil {
		t.Fatal(err)
	}
	height := uint32(5)
	ruled, err := testParams(t).With(consensus.Override{Segwit: &height})
	if err != nil {
		t.Fatal(err)
	}
	manifest := func(dir string) string { return filepath.Join(dir, manifestName) }
	for name, c := range map[string]struct {
		change func(t *testing.T, c *Config)
		want   string
	}{
		"another chain":   {func(_ *testing.T, c *Config) { c.Params = other }, `holds chain "regtest", not "signet": give another --datadir`},
		"other rules":     {func(_ *testing.T, c *Config) { c.Params = ruled }, "holds a regtest chain of other rules"},
		"another backend": {func(_ *testing.T, c *Config) { c.Backend = "pebble2" }, `was made with storage backend "pebble", not "pebble2"`},
		"another format": {func(t *testing.T, c *Config) {
			b, err := os.ReadFile(manifest(c.Dir))
			if err != nil {
				t.Fatal(err)
			}
			b = []byte(strings.Replace(string(b), `"format": 2`, `"format": 99`, 1))
			if err := os.WriteFile(manifest(c.Dir), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "has format 99, this quern writes 2"},
		"a damaged manifest": {func(t *testing.T, c *Config) {
			if err := os.WriteFile(manifest(c.Dir), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "manifest.json is damaged"},
		"no folder": {func(_ *testing.T, c *Config) { c.Dir = "" }, "no data folder given"},
	} {
		t.Run(name, func(t *testing.T) {
			backends.Lock()
			backends.byName["pebble2"] = Backend{Open: openPebble}
			backends.Unlock()
			good := Config{Dir: t.TempDir(), Params: testParams(t)}
			s := openTest(t, good)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			bad := good
			c.change(t, &bad)
			if _, err := Open(bad); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestFolderInUseIsRefused(t *testing.T) {
	c := Config{Dir: filepath.Join(t.TempDir(), "new", "folders"), Params: testParams(t)}
	s := openTest(t, c)
	_, err := Open(c)
	want := "is in use by another quern (pid " + strconv.Itoa(os.Getpid()) + "); stop it or give another --datadir"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %q in it", err, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openTest(t, c)
}

func TestFullDiskIsNotWrittenTo(t *testing.T) {
	free := uint64(1 << 40)
	c := Config{Dir: t.TempDir(), Params: testParams(t), FreeSpace: func(string) (uint64, error) { return free, nil }}
	s := openTest(t, c)
	l := newLedger(c.Params, 3)
	add(t, s, l.grow(5))
	if err := flush(s, l.tip().ID); err != nil {
		t.Fatal(err)
	}

	u := l.grow(50)
	add(t, s, u)
	applied := milestoneOf(t, s, l)
	free = reserve + 1000
	var full *DiskFullError
	if err := flush(s, u.Next.ID); !errors.As(err, &full) {
		t.Errorf("flush: %v", err)
	}
	if err := s.PutBlock(l.grow(200).Block); !errors.As(err, &full) {
		t.Errorf("block: %v", err)
	}
	want := "disk full: 64 MiB free in " + filepath.Join(c.Dir, "blocks") + ", need 65; free space and start again"
	if full.Error() != want {
		t.Errorf("error reads %q, want %q", full, want)
	}
	// With space again, the flush that was refused can be made.
	free = 1 << 40
	if err := flush(s, u.Next.ID); err != nil {
		t.Fatal(err)
	}
	s = reopenTest(t, s, c)
	if err := examine(s, applied, nil); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	free = 1 << 20
	if _, err := Open(c); !errors.As(err, &full) {
		t.Errorf("open: %v", err)
	}
}

// reopenTest closes s and opens its folder again.
func reopenTest(t testing.TB, s *Store, c Config) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return openTest(t, c)
}
