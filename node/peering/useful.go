package peering

import (
	"sync"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
)

// maxBringers is how many blocks are remembered with who brought them: more than
// may be asked for at a time.
const maxBringers = 2048

// bringers remember who was the first to announce a block or to give its body,
// until the chain has judged it. Safe for concurrent use.
type bringers struct {
	mu sync.Mutex
	m  map[wire.Hash]gossip.Peer
}

// note remembers the first one only.
func (b *bringers) note(id wire.Hash, p gossip.Peer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.m[id]; known {
		return
	}
	for other := range b.m {
		if len(b.m) < maxBringers {
			break
		}
		delete(b.m, other) // somebody's merit is forgotten
	}
	if b.m == nil {
		b.m = map[wire.Hash]gossip.Peer{}
	}
	b.m[id] = p
}

// take returns who it was, and forgets it.
func (b *bringers) take(id wire.Hash) (gossip.Peer, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.m[id]
	delete(b.m, id)
	return p, ok
}
