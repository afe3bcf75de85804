package wallet

import (
	"context"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// honest are filters that know what is in a block by reading it.
type honest struct {
	g             *ground
	asked, passed int
}

func (f *honest) Query(scripts [][]byte) func(context.Context, uint32, wire.Hash) (match, known bool) {
	own := map[string]bool{}
	for _, s := range scripts {
		own[string(s)] = true
	}
	return func(_ context.Context, height uint32, block wire.Hash) (match, known bool) {
		f.asked++
		b, err := f.g.chain.Block(block)
		if err != nil {
			f.g.Fatal(err)
		}
		for _, t := range b.Txs {
			for _, o := range t.Outs {
				match = match || own[string(o.Script)]
			}
		}
		if match {
			f.passed++
		}
		return match, height%7 != 0 // some blocks have none
	}
}

// A rescan by filters finds what one without finds, also behind the keypool that it began with.
func TestRescanByFilters(t *testing.T) {
	g := newGround(t)
	w, words := g.create("w")
	for range 60 {
		g.mine(1, w)
		g.mine(1, nil)
	}
	g.settle(w)
	want := w.Holdings()

	c := g.config("filtered")
	f := &honest{g: g}
	c.Filters = f
	set, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if err := set.RestoreWords(words, password); err != nil {
		t.Fatal(err)
	}
	again := g.only(set)
	again.mu.Lock()
	again.tip, again.height = g.chain.Tip().ID, g.chain.Tip().Height // as one that was made today
	again.mu.Unlock()
	if err := again.Unlock(password, maxUnlock); err != nil {
		t.Fatal(err)
	}
	s, err := again.Rescan(t.Context(), 0, nil)
	if err != nil || s.Last == nil || *s.Last != g.chain.Tip().Height {
		t.Fatalf("rescan: %+v, %v", s, err)
	}
	if got := again.Holdings(); got != want {
		t.Errorf("found %+v, want %+v", got, want)
	}
	if f.asked < 120 || f.passed > 70 {
		t.Errorf("%d blocks were asked for, %d passed", f.asked, f.passed)
	}
}
