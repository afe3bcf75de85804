package wallet

import (
	"slices"
	"testing"
)

// The default wallet is loaded at a start that was told of no wallet, as in Core, and then like all
// others: not when it was told otherwise.
func TestDefaultWalletAtStart(t *testing.T) {
	g := newGround(t)
	c := g.config("w")
	start := func(f func(*Set) error) (names []string) {
		t.Helper()
		s, err := Open(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range s.Loaded() {
			names = append(names, w.Name())
		}
		if err := f(s); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return names
	}
	yes, no := true, false
	start(func(s *Set) error {
		if _, err := s.MakeWords(password); err != nil {
			return err
		}
		_, err := s.Unload("", &no)
		return err
	})
	got := start(func(s *Set) error {
		_, _, err := s.Create("other", CreateOptions{Flags: Blank, Startup: &yes})
		return err
	})
	if want := []string{""}; !slices.Equal(got, want) {
		t.Errorf("told of none: %q, want %q", got, want)
	}
	got = start(func(s *Set) error {
		_, err := s.Unload("", &no)
		return err
	})
	if want := []string{"", "other"}; !slices.Equal(got, want) {
		t.Errorf("told of another: %q, want %q", got, want)
	}
	got = start(func(*Set) error { return nil })
	if want := []string{"other"}; !slices.Equal(got, want) {
		t.Errorf("told not to load it: %q, want %q", got, want)
	}
}
