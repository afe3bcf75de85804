// Package realdata finds the real inputs that tests measure against. They lie
// beside the checkout, not in it: a clone alone passes its tests without them.
package realdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the file of that name in the folder of real inputs. Where it is
// absent the test is skipped, or fails if QUERN_REQUIRE_DATA is set.
func Path(t testing.TB, name string) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "..", "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("QUERN_REQUIRE_DATA") != "" {
			t.Fatalf("QUERN_REQUIRE_DATA is set and a real input is missing: %v", err)
		}
		t.Skipf("skipped, a real input is not on this machine: %v", err)
	}
	return path
}

// Read returns the contents of Path.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// moduleRoot is the innermost folder above the working one with Quern's folders in it;
// nested test modules have a go.mod of their own, so that does not mark it.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "cmd", "quern")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", os.ErrNotExist
		}
		dir = up
	}
}
