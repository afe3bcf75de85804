package swarm

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Guest is a peer that came to us, as far as eviction cares.
type Guest struct {
	Peer    peer.ID
	Group   Group
	Since   time.Time
	Latency time.Duration // 0: not known
	Block   time.Time     // when it last was the first to bring a block; zero: never
	Tx      time.Time     // the same of a transaction
}

// Evict says which guest leaves so that another may come; false: nobody, since
// all are protected. key is secret to the node.
//
// After Bitcoin Core's SelectNodeToEvict: protected are, of every 113 guests, 4
// by a secret order of their groups, 8 with the lowest latency, 4 that last
// brought a transaction and 4 a block, and of the rest the half that is connected
// longest. None of these can be had by whoever merely opens more connections. Of
// who remains, the youngest of the largest group leaves.
func Evict(guests []Guest, key uint64) (peer.ID, bool) {
	list := slices.Clone(guests)
	slices.SortFunc(list, func(a, b Guest) int { return cmp.Compare(a.Peer, b.Peer) })
	n := len(list)
	share := func(of int) int { return (of*n + 112) / 113 } // at least one

	if n >= 8 { // fewer would all be protected
		rank := secretly(key, list)
		list = protect(list, share(4), func(a, b Guest) int { return cmp.Compare(rank[a.Group], rank[b.Group]) }, always)
		list = protect(list, share(8), func(a, b Guest) int {
			return cmp.Compare(a.latency(), b.latency())
		}, func(g Guest) bool { return g.Latency > 0 })
		list = protect(list, share(4), func(a, b Guest) int { return b.Tx.Compare(a.Tx) },
			func(g Guest) bool { return !g.Tx.IsZero() })
		list = protect(list, share(4), func(a, b Guest) int { return b.Block.Compare(a.Block) },
			func(g Guest) bool { return !g.Block.IsZero() })
	}
	list = protect(list, (len(list)+1)/2, func(a, b Guest) int { return a.Since.Compare(b.Since) }, always)
	if len(list) == 0 {
		return "", false
	}
	return youngest(largest(list)), true
}

func always(Guest) bool { return true }

// protect takes the first n by an order out of list, those only that deserve it.
func protect(list []Guest, n int, order func(a, b Guest) int, deserves func(Guest) bool) []Guest {
	list = slices.Clone(list)
	slices.SortStableFunc(list, order)
	var rest []Guest
	for _, g := range list {
		if n > 0 && deserves(g) {
			n--
		} else {
			rest = append(rest, g)
		}
	}
	return rest
}

func (g Guest) latency() time.Duration {
	if g.Latency <= 0 {
		return math.MaxInt64
	}
	return g.Latency
}

// secretly ranks the guests' groups in a way that only the key's owner knows.
func secretly(key uint64, list []Guest) map[Group]uint64 {
	rank := make(map[Group]uint64)
	for _, g := range list {
		if _, done := rank[g.Group]; !done {
			h := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, key), g.Group...))
			rank[g.Group] = binary.BigEndian.Uint64(h[:])
		}
	}
	return rank
}

// largest returns the guests of the largest group; of equals, of the one with
// the youngest guest.
func largest(list []Guest) []Guest {
	groups := make(map[Group][]Guest)
	for _, g := range list {
		groups[g.Group] = append(groups[g.Group], g)
	}
	var best []Guest
	for _, in := range groups {
		if best == nil || len(in) > len(best) || len(in) == len(best) && younger(in, best) {
			best = in
		}
	}
	return best
}

// younger says whether a's youngest guest came after b's; ids break ties.
func younger(a, b []Guest) bool { return compareAge(last(a), last(b)) > 0 }

func last(list []Guest) Guest { return slices.MaxFunc(list, compareAge) }

func compareAge(a, b Guest) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Peer, b.Peer)) }

func youngest(list []Guest) peer.ID { return last(list).Peer }
