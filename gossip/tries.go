package gossip

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/quernnet/quern/gossip/swarm"
)

const maxTries = 256 // peers remembered

// tries remembers why peers were not reached, for those who have none and want
// to know why. Dials are many and come from strangers' lists, so it is bounded:
// when full, what is new is not noted.
type tries struct {
	mu sync.Mutex
	m  map[Peer]try
}

type try struct {
	source swarm.Source
	why    string
}

func newTries() *tries { return &tries{m: make(map[Peer]try)} }

// failed notes why p was not reached or did not become a peer.
func (t *tries) failed(p Peer, s swarm.Source, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.m[p]; known || len(t.m) < maxTries {
		t.m[p] = try{s, why}
	}
}

// good forgets p.
func (t *tries) good(p Peer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.m, p)
}

// sum counts by source, by name, and by reason, the most frequent first.
func (t *tries) sum() []swarm.Tried {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := make(map[try]int)
	for _, x := range t.m {
		count[x]++
	}
	var list []swarm.Tried
	for x, k := range count {
		i := slices.IndexFunc(list, func(s swarm.Tried) bool { return s.Source == x.source })
		if i < 0 {
			i = len(list)
			list = append(list, swarm.Tried{Source: x.source})
		}
		list[i].Failed += k
		list[i].Reasons = append(list[i].Reasons, swarm.Count{What: x.why, Times: k})
	}
	for _, x := range list {
		slices.SortFunc(x.Reasons, func(a, b swarm.Count) int { return cmp.Or(b.Times-a.Times, cmp.Compare(a.What, b.What)) })
	}
	slices.SortFunc(list, func(a, b swarm.Tried) int { return cmp.Compare(a.Source, b.Source) })
	return list
}

// dialed notes how a dial went.
func (n *Net) dialed(p peer.ID, err error) {
	if err == nil || n.members.passed(p) {
		n.tries.good(p)
		return
	}
	n.tries.failed(p, n.book.Source(p), dialWords(err))
}

// dialWords makes one short line of a dial's error.
func dialWords(err error) string {
	if errors.Is(err, ErrNotRunning) {
		return "the node is starting"
	}
	return swarm.Brief(err.Error())
}
