package blockfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file as Bitcoin Core writes it since version 28, and the same file in the clear.
func TestObfuscatedFile(t *testing.T) {
	blocks, plain := three(t)
	key := []byte{0x5a, 0xc3, 1, 2, 3, 4, 5, 0xff}
	hidden := make([]byte, len(plain))
	for i := range plain {
		hidden[i] = plain[i] ^ key[i%len(key)]
	}
	for _, c := range []struct {
		name      string
		file, key []byte
		want      string // of an error
	}{
		{"in the clear, no key", plain, nil, ""},
		{"in the clear beside a key", plain, key, ""},
		{"obfuscated", hidden, key, ""},
		{"a key of zeros", plain, make([]byte, 8), ""},
		{"obfuscated, the key lost", hidden, nil, "not a block file"},
		{"half a key", hidden, key[:4], "xor.dat beside it has 4 bytes, not 8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "blk00000.dat"), c.file)
			if c.key != nil {
				write(t, filepath.Join(dir, "xor.dat"), c.key)
			}
			f, err := Open(filepath.Join(dir, "blk00000.dat"), regtest)
			var entries []Entry
			if err == nil {
				defer f.Close()
				entries, err = Index(f, regtest)
			}
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("error %v, want one with %q", err, c.want)
				}
				return
			}
			if err != nil || len(entries) != len(blocks) {
				t.Fatalf("%d entries, %v", len(entries), err)
			}
			for i, e := range entries {
				if b, err := Read(f, e); err != nil || b.ID() != blocks[i].ID() {
					t.Errorf("block %d: %v", i, err)
				}
			}
		})
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
