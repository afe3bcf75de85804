package peering

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip/relay"
)

const (
	maxRecent      = 6               // blocks whose bodies are kept at hand
	maxRecentBytes = 24_000_000      // of them, but always the newest
	prefillBytes   = 16 << 10        // of transactions in an announcement besides the coinbase
	maxExpected    = 256             // blocks that may come by relay
	relayTime      = 6 * time.Second // in which one is rebuilt, or else asked for whole
)

// recentBodies are the newest blocks whose transactions are known to be those
// that their headers commit to, with their witnesses. They need not have been
// judged, nor have come to the chain: whoever asks for their transactions does so because
// they are on their way, and holds them against the header as we did. So they
// are given before the chain has judged them; a block that breaks a rule is its
// miner's fault, who paid for it with its work.
//
// It also notes which blocks may come by relay, so that sync does not ask for
// them meanwhile. Safe for concurrent use.
type recentBodies struct {
	mu       sync.Mutex
	list     []recentBody // oldest first
	size     int
	came     chan struct{} // closed when a body comes, then replaced
	expected map[wire.Hash]time.Time
}

type recentBody struct {
	block   *wire.Block
	fetched []int // places of transactions that others lack, as far as we know: we had to ask for them
}

func newRecentBodies() *recentBodies {
	return &recentBodies{came: make(chan struct{}), expected: map[wire.Hash]time.Time{}}
}

func (r *recentBodies) put(b *wire.Block, fetched []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.find(b.ID()) != nil {
		return
	}
	r.list = append(r.list, recentBody{b, fetched})
	r.size += b.Size()
	for len(r.list) > 1 && (len(r.list) > maxRecent || r.size > maxRecentBytes) {
		r.size -= r.list[0].block.Size()
		r.list[0] = recentBody{}
		r.list = r.list[1:]
	}
	close(r.came)
	r.came = make(chan struct{})
}

func (r *recentBodies) find(id wire.Hash) *recentBody {
	for i := range r.list {
		if r.list[i].block.ID() == id {
			return &r.list[i]
		}
	}
	return nil
}

// get returns a body, with a channel that is closed when another comes.
func (r *recentBodies) get(id wire.Hash) (b recentBody, here bool, came <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if found := r.find(id); found != nil {
		return *found, true, r.came
	}
	return b, false, r.came
}

func (r *recentBodies) has(id wire.Hash) bool {
	_, here, _ := r.get(id)
	return here
}

// blocks lists the bodies, newest first.
func (r *recentBodies) blocks() []*wire.Block {
	r.mu.Lock()
	defer r.mu.Unlock()
	bs := make([]*wire.Block, 0, len(r.list))
	for i := len(r.list) - 1; i >= 0; i-- {
		bs = append(bs, r.list[i].block)
	}
	return bs
}

// expect notes until when a body may come by relay. The first word counts: a flood of
// announcements does not put it off.
func (r *recentBodies) expect(id wire.Hash, until time.Time) {
	if _, known := r.dueAt(id); !known {
		r.expectUntil(id, until)
	}
}

// despair notes that a body will not come by relay.
func (r *recentBodies) despair(id wire.Hash) { r.expectUntil(id, time.Time{}) }

// expectUntil notes until when a body may come by relay.
func (r *recentBodies) expectUntil(id wire.Hash, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other := range r.expected {
		if len(r.expected) < maxExpected {
			break
		}
		delete(r.expected, other) // at worst it is asked for twice
	}
	r.expected[id] = until
}

// due is when to ask for a body that was expected by relay; the zero time for
// one that was not.
func (r *recentBodies) due(id wire.Hash) time.Time {
	at, _ := r.dueAt(id)
	return at
}

func (r *recentBodies) dueAt(id wire.Hash) (at time.Time, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, known = r.expected[id]
	return at, known
}

// await waits until the body of a block comes, or ctx ends.
func (r *recentBodies) await(ctx context.Context, id wire.Hash) (recentBody, bool) {
	for {
		b, here, came := r.get(id)
		if here {
			return b, true
		}
		select {
		case <-came:
		case <-ctx.Done():
			return b, false
		}
	}
}

// prefill lists what travels whole in our own announcement: what we had to ask for
// others will lack too.
func (b *recentBody) prefill() []int {
	var places []int
	size := 0
	for _, i := range b.fetched {
		if size += b.block.Txs[i].Size(); size > prefillBytes {
			break
		}
		places = append(places, i)
	}
	return places
}

// announcementOf makes our announcement of a block.
func (p *Peering) announcementOf(id wire.Hash) (announcement, error) {
	b, here, _ := p.bodies.get(id)
	if here {
		return announce(b.block, rand.Uint64(), b.prefill()), nil
	}
	block, err := p.Chain.Block(id)
	if err != nil {
		return announcement{}, fmt.Errorf("block %v: %w", id, err)
	}
	return announce(block, rand.Uint64(), nil), nil
}

// compact is our own announcement in its compact form, whatever its length.
func (b *recentBody) compact() *relay.Announcement {
	return relay.New(b.block, rand.Uint64(), b.prefill())
}
