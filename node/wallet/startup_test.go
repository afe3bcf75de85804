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

// A wallet that is loaded watches as many unused addresses as the node is told to.
func TestKeypoolGrowsWhenLoaded(t *testing.T) {
	g := newGround(t)
	small, large := g.config("small"), g.config("large")
	large.Keypool = 2 * small.Keypool
	s, err := Open(small)
	if err != nil {
		t.Fatal(err)
	}
	words, err := s.MakeWords(password)
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	twin, err := Open(large)
	if err != nil {
		t.Fatal(err)
	}
	defer twin.Close()
	if err := twin.RestoreWords(words, password); err != nil {
		t.Fatal(err)
	}
	var far []byte
	for range large.Keypool {
		if far, err = g.only(twin).NewScript(); err != nil {
			t.Fatal(err)
		}
	}
	small.Keypool = large.Keypool
	if s, err = Open(small); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !g.only(s).Mine(far) {
		t.Errorf("address %d is not the wallet's", large.Keypool)
	}
}
