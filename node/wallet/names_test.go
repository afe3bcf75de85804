package wallet

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestNamesFollowLinks: a wallet whose folder is elsewhere is one of those in the folder.
func TestNamesFollowLinks(t *testing.T) {
	g := newGround(t)
	s, _ := g.open("links")
	if _, _, err := s.Create("real", CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	dir := s.c.Dir
	for link, to := range map[string]string{"link": "real", "lost": "nowhere", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Names(); !slices.Equal(got, []string{"link", "real"}) {
		t.Errorf("wallets %q, want the link and what it means", got)
	}
}
