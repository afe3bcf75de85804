package index

import (
	"sync/atomic"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/chain/chaintest"
	"github.com/quernnet/quern/consensus/wire"
)

// holed is a chain that has lost the bodies of its newest blocks, once gone is set, and
// tells when it is asked about a header.
type holed struct {
	*chain.Chain
	gone  atomic.Bool
	asked chan struct{} // has room for one
}

func (h *holed) UpdatesSince(id wire.Hash, most int) (reverted, applied []consensus.Update, err error) {
	if h.gone.Load() {
		return nil, nil, chain.ErrNoBlock
	}
	return h.Chain.UpdatesSince(id, most)
}

func (h *holed) Header(id wire.Hash) (chain.HeaderInfo, bool) {
	select {
	case h.asked <- struct{}{}:
	default:
	}
	return h.Chain.Header(id)
}

// Who waits for an index that then misses blocks hears that it is not at the tip.
func TestWaitEndsWhenBlocksAreMissed(t *testing.T) {
	f := newFixture(t)
	h := &holed{Chain: f.chain, asked: make(chan struct{}, 1)}
	c := f.config()
	c.Chain = h
	f.open(c)
	f.follow()
	if _, err := chaintest.Extend(f.chain, f.chain.Tip(), 1, 0); err != nil {
		t.Fatal(err)
	}
	h.gone.Store(true)
	select {
	case <-h.asked:
	default:
	}
	type answer struct {
		ok  bool
		err error
	}
	answered := make(chan answer)
	go func() {
		ok, err := f.set.Wait(t.Context(), TxName)
		answered <- answer{ok, err}
	}()
	<-h.asked // it has seen that the index follows the chain, and waits or is about to
	if err := f.set.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := <-answered; a.ok || a.err != nil {
		t.Errorf("the index is said to be at the tip: %v, %v", a.ok, a.err)
	}
}
