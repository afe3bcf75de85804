package swarm

import (
	"cmp"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Slot is a peer that we chose and are connected to.
type Slot struct {
	Peer  peer.ID
	Group Group // of the address it is connected at
	Since time.Time
	Kept  bool // by the operator: it stays
	New   bool // it has not passed the handshake: nobody leaves for it
}

// Groups counts the groups in slots.
func Groups(slots []Slot) int {
	seen := make(map[Group]struct{}, len(slots))
	for _, s := range slots {
		seen[s.Group] = struct{}{}
	}
	return len(seen)
}

// Surplus says whom to part from when there are more slots than target: the
// youngest of those that share a group with an older or a kept one, then the
// youngest of all. Kept peers stay.
//
// Where there is nobody else a slot is given to a second peer of a group. That
// one leaves when somebody of another group has come.
func Surplus(slots []Slot, target int) []peer.ID {
	list := slices.DeleteFunc(slices.Clone(slots), func(s Slot) bool { return s.New })
	slices.SortFunc(list, func(a, b Slot) int {
		return cmp.Or(-compareBool(a.Kept, b.Kept), a.Since.Compare(b.Since), cmp.Compare(a.Peer, b.Peer))
	})
	seen := make(map[Group]struct{}, len(list))
	var first, second []Slot // of their group, oldest first
	for _, s := range list {
		_, shared := seen[s.Group]
		seen[s.Group] = struct{}{}
		switch {
		case s.Kept:
		case shared:
			second = append(second, s)
		default:
			first = append(first, s)
		}
	}
	var out []peer.ID
	for _, s := range slices.Backward(append(first, second...)) {
		if len(out) >= len(list)-target {
			break
		}
		out = append(out, s.Peer)
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
