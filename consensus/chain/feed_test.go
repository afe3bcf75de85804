package chain_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// The first block cannot be had before the second has been asked for, and comes
// first all the same.
func TestFeederKeepsOrder(t *testing.T) {
	f := fresh(t)
	bs := f.branch(f.Tip(), 40)
	if _, err := f.AddHeaders(t.Context(), headersOf(bs)); err != nil {
		t.Fatal(err)
	}
	feeder := f.NewFeeder(0)
	var decided sync.WaitGroup
	for i := 0; i < len(bs); i += 2 {
		second := make(chan struct{})
		for k, get := range []func(){func() { <-second }, func() { close(second) }} {
			b := bs[i+k]
			decided.Add(1)
			err := feeder.Feed(t.Context(), b.Size(), func() (*wire.Block, error) { get(); return b, nil }, func(err error) {
				defer decided.Done()
				if err != nil {
					t.Errorf("block %d: %v", i+k, err)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	feeder.Wait()
	decided.Wait()
	f.wantTip(bs[39])
}

func headersOf(bs []*wire.Block) (hs []wire.Header) {
	for _, b := range bs {
		hs = append(hs, b.Header)
	}
	return hs
}

// What cannot be read is its own fault, and what follows is queued.
func TestFeederPassesFaultsOn(t *testing.T) {
	f := fresh(t)
	b := f.branch(f.Tip(), 1)[0]
	broken := errors.New("broken")
	feeder := f.NewFeeder(1) // less than any block
	got := make(chan error, 1)
	result := func(err error) { got <- err }
	feed := func(get func() (*wire.Block, error)) error {
		t.Helper()
		if err := feeder.Feed(t.Context(), 1000, get, result); err != nil {
			t.Fatal(err)
		}
		return <-got
	}
	if err := feed(func() (*wire.Block, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("what cannot be read gives %v", err)
	}
	if err := feed(func() (*wire.Block, error) { return b, nil }); err != nil {
		t.Errorf("a good block gives %v", err)
	}
	if err := feed(func() (*wire.Block, error) { return b, nil }); !errors.Is(err, chain.ErrDuplicate) {
		t.Errorf("the same again gives %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := feed(func() (*wire.Block, error) { return b, nil }); !errors.Is(err, chain.ErrClosed) {
		t.Errorf("a closed chain gives %v", err)
	}
	feeder.Wait()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := feeder.Feed(ended, 1000, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context gives %v", err)
	}
}
