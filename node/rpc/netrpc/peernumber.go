package netrpc

import (
	"sync"

	"github.com/quernnet/quern/gossip"
)

// peerNumbers gives connections the small numbers by which bitcoind's clients
// know peers. A number is never given twice: a peer that went and came again
// gets a new one. mu guards both fields.
type peerNumbers struct {
	mu   sync.Mutex
	next int
	ids  map[connection]int // of those that were there at the last look
}

// connection is a peer and when it came.
type connection struct {
	peer  gossip.Peer
	since int64 // Unix nanoseconds
}

// assign returns the peers' numbers, in their order, and forgets all others.
func (p *peerNumbers) assign(peers []gossip.Info) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids, out := make(map[connection]int, len(peers)), make([]int, len(peers))
	for i, peer := range peers {
		c := connection{peer.ID, peer.Since.UnixNano()}
		id, ok := p.ids[c]
		if !ok {
			id = p.next
			p.next++
		}
		ids[c], out[i] = id, id
	}
	p.ids = ids
	return out
}
