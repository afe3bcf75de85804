package swarm

import (
	"cmp"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// Known is what the book knows of a peer.
type Known struct {
	ID    peer.ID
	Addr  multiaddr.Multiaddr // where it was reached last, or else what was told last; nil: nothing is known
	Tried bool                // it was reached
	Kept  bool                // the operator wants it connected
	Last  time.Time           // when it was reached last; zero: never
}

// Known lists all peers of the book, by their ids.
func (b *Book) Known() []Known {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Known, 0, len(b.entries))
	for id, e := range b.entries {
		k := Known{ID: id, Tried: e.tried, Kept: e.kept, Last: e.last}
		for _, addrs := range [][]multiaddr.Multiaddr{e.addrs, e.proven} {
			if len(addrs) > 0 {
				k.Addr = addrs[0]
			}
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(x, y Known) int { return cmp.Compare(x.ID, y.ID) })
	return out
}
