package peering

import (
	"errors"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
)

// Who first brings a block or a transaction that is accepted is noted as useful,
// and who only takes is not.
func TestBringersAreUseful(t *testing.T) {
	a, b := start(t, "a", setup{}), start(t, "b", setup{})
	a.mine(110)
	meet(t, a, b)
	useful := func(n *node) time.Time {
		if infos := n.net.Peers(); len(infos) == 1 {
			return infos[0].Useful
		}
		return time.Time{}
	}
	since := func(n *node, before time.Time) {
		t.Helper()
		wait(t, func() error {
			if !useful(n).After(before) {
				return errors.New("not noted as useful")
			}
			return nil
		})
	}
	waitTip(t, a, b)
	waitSynced(t, a, b)
	since(b, time.Time{}) // by sync
	before := useful(b)
	a.mine(1)
	since(b, before) // by announcement
	before = useful(b)
	op, value := a.coinbase(1)
	a.add(spend(op, value-10_000))
	since(b, before)
	if !useful(a).IsZero() {
		t.Error("who brought nothing is noted as useful")
	}
}

func TestBringersAreBounded(t *testing.T) {
	var b bringers
	b.note(wire.Hash{1}, "first")
	b.note(wire.Hash{1}, "second")
	if p, ok := b.take(wire.Hash{1}); !ok || p != "first" {
		t.Fatal(p, ok)
	}
	if _, ok := b.take(wire.Hash{1}); ok {
		t.Fatal("taken twice")
	}
	for i := range maxBringers + 100 {
		b.note(wire.Hash{byte(i), byte(i >> 8), 1}, gossip.Peer("p"))
	}
	if len(b.m) != maxBringers {
		t.Fatal(len(b.m))
	}
}
