package swarm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestIdentity(t *testing.T) {
	file := filepath.Join(t.TempDir(), "identity")
	first, err := Identity(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	second, err := Identity(file)
	if err != nil || !second.Equals(first) {
		t.Fatal("the second run has another identity", err)
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 {
		t.Fatalf("left behind: %v, %v", entries, err)
	}
	if k, err := Identity(""); err != nil || k.Equals(first) {
		t.Fatal("an identity for one run only", err)
	}
}

// A bad file is refused with its name, the reason and what to do, and is not touched.
func TestBadIdentity(t *testing.T) {
	for _, test := range []struct {
		name, content string
		mode          os.FileMode
		want          string
	}{
		{"readable by others", "x", 0o644, "chmod 600"},
		{"garbage", "garbage", 0o600, "holds no libp2p key"},
		{"empty", "", 0o600, "holds no libp2p key"},
		{"huge", strings.Repeat("x", 5000), 0o600, "no key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "identity")
			if err := os.WriteFile(file, []byte(test.content), test.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, test.mode); err != nil {
				t.Fatal(err)
			}
			_, err := Identity(file)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), file) {
				t.Fatalf("%v", err)
			}
			if after, err := os.ReadFile(file); err != nil || string(after) != test.content {
				t.Fatal("the file was touched", err)
			}
		})
	}
	if _, err := Identity(t.TempDir()); err == nil {
		t.Fatal("a folder is no identity")
	}
	if _, err := Identity(filepath.Join(t.TempDir(), "absent", "identity")); err == nil {
		t.Fatal("no folder to put it in")
	}
}

// Whichever bit of the file is lost, the key is refused or is the same one.
func TestIdentityWithAFlippedBit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "identity")
	first, err := Identity(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(raw) {
		raw[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := Identity(file)
		if err == nil && !key.Equals(first) {
			t.Errorf("bit %d: the node would be another", bit)
		}
		if err != nil && !strings.Contains(err.Error(), file) {
			t.Errorf("bit %d: the error does not name the file: %v", bit, err)
		}
		raw[bit/8] ^= 1 << (bit % 8)
	}
}
