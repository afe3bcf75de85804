package rpc

import (
	"sync"

	"github.com/quernnet/quern/gossip"
)

// peerNumbers gives connected peers the small numbers by which bitcoind's
// clients know them. A number is never given twice; a peer that went and came
// again gets a new one. mu guards both fields.
type peerNumbers struct {
	mu   sync.Mutex
	next int
	ids  map[gossip.Peer]int // of the peers that were connected at the last look
}

// assign returns the peers' numbers, in their order, and forgets all others.
func (p *peerNumbers) assign(peers []gossip.Info) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids, out := make(map[gossip.Peer]int, len(peers)), make([]int, len(peers))
	for i, peer := range peers {
		id, ok := p.ids[peer.ID]
		if !ok {
			id = p.next
			p.next++
		}
		ids[peer.ID], out[i] = id, id
	}
	p.ids = ids
	return out
}
