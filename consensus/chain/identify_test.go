package chain_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// What Identify says is what one finds header by header, wherever those without
// work stand.
func TestIdentify(t *testing.T) {
	p, err := consensus.Chain("main")
	if err != nil {
		t.Fatal(err)
	}
	real := realHeaders(t)[0]
	rapid.Check(t, func(t *rapid.T) {
		hs := slices.Clone(real[:rapid.IntRange(0, len(real)).Draw(t, "count")])
		if len(hs) > 0 {
			for range rapid.IntRange(0, 4).Draw(t, "idle") {
				i := rapid.IntRange(0, len(hs)-1).Draw(t, "at")
				if rapid.Bool().Draw(t, "easy") {
					hs[i].Bits = 0x207fffff // easier than the chain allows
				} else {
					hs[i].Nonce++
				}
			}
		}
		want := len(hs)
		for i := range hs {
			if consensus.CheckWork(p, &hs[i], hs[i].ID()) != nil {
				want = i
				break
			}
		}
		ids, worked := chain.Identify(p, hs)
		if worked != want || len(ids) != len(hs) {
			t.Fatalf("%d of %d headers have work, %d ids; want %d", worked, len(hs), len(ids), want)
		}
		for i := range min(worked+1, len(hs)) {
			if ids[i] != hs[i].ID() {
				t.Fatalf("id %d is %v, want %v", i, ids[i], hs[i].ID())
			}
		}
	})
}

// Of headers among which some do not hold, those before the first are kept and
// its fault is told, whether that shows by itself or only against its parent.
func TestAddHeadersUpToTheFirstFault(t *testing.T) {
	p, err := consensus.Chain("main")
	if err != nil {
		t.Fatal(err)
	}
	real := realHeaders(t)[0]
	for _, c := range []struct {
		name string
		at   int
		hurt func([]wire.Header)
		want consensus.Rule
	}{
		{"no work", 700, func(hs []wire.Header) { hs[0].Nonce++ }, consensus.HighHash},
		{"no work, first", 0, func(hs []wire.Header) { hs[0].Nonce++ }, consensus.HighHash},
		{"no work, last", 1999, func(hs []wire.Header) { hs[0].Nonce++ }, consensus.HighHash},
		{"target above the limit", 700, func(hs []wire.Header) { hs[0].Bits = 0x207fffff }, consensus.HighHash},
		{"one left out, none with work after it", 700, func(hs []wire.Header) { copy(hs, hs[1:]); hs[len(hs)-1].Nonce++ }, ""},
		{"one left out before one without work", 700, func(hs []wire.Header) { copy(hs, hs[1:]); hs[9].Nonce++ }, ""},
		{"one without work before one left out", 700, func(hs []wire.Header) { hs[0].Nonce++; copy(hs[9:], hs[10:]) }, consensus.HighHash},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := openWith(t, p, chaintest.NewStore(p), nil)
			hs := slices.Clone(real)
			c.hurt(hs[c.at:])
			s, err := f.AddHeaders(t.Context(), hs)
			if err == nil || consensus.RuleOf(err) != c.want {
				t.Errorf("error %v, want rule %q", err, c.want)
			}
			if s.Height != uint32(c.at) || f.BestHeader().Height != uint32(c.at) {
				t.Errorf("headers up to %d are kept, up to %d returned, want %d", f.BestHeader().Height, s.Height, c.at)
			}
		})
	}
}
