package gossip

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/quernnet/quern/gossip/swarm"
)

const (
	lookTime  = 20 * time.Second // for one name
	firstLook = 10 * time.Second // between failed look-ups of a name and between uses of the seeds, doubling
	lastLook  = 30 * time.Minute // … up to this
	listLife  = time.Hour        // of what a name lists
	seedTick  = 2 * time.Second
	seedAfter = 10 * time.Second // of loneliness, when there are others to try first
)

// places reads multiaddrs with /p2p/ID and /dnsaddr/NAME; what they are is for errors.
func places(what string, texts []string) ([]swarm.Place, error) {
	list := make([]swarm.Place, 0, len(texts))
	for _, t := range texts {
		p, err := swarm.ParsePlace(t)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w (like /ip4/192.0.2.1/tcp/9735/p2p/12D3Koo… or /dnsaddr/peers.example.org)", what, t, err)
		}
		list = append(list, p)
	}
	return list, nil
}

// doors reads where to enter the public DHT.
func doors(texts []string) ([]peer.AddrInfo, error) {
	list := make([]peer.AddrInfo, 0, len(texts))
	for _, t := range texts {
		info, err := peer.AddrInfoFromString(t)
		if err != nil {
			return nil, fmt.Errorf("public DHT peer %q: %w (like /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…)", t, err)
		}
		list = append(list, *info)
	}
	return list, nil
}

// recall fills the book with what is known before the network runs: the
// operator's peers, those of earlier runs, and its anchors.
func (n *Net) recall(ctx context.Context) {
	if err := n.book.Load(ctx, n.c.Store); err != nil {
		n.c.Log.Warn("starting without saved peers", "err", err)
	}
	anchors, err := swarm.LoadAnchors(ctx, n.c.Store)
	if err != nil {
		n.c.Log.Warn("starting without anchors", "err", err)
	}
	for _, info := range anchors {
		n.book.Urge(info, swarm.FromAnchor)
	}
	for _, p := range n.kept {
		if p.Name == nil {
			n.book.Keep(p.Peer, swarm.FromConfig)
			n.gate.Name(p.Peer.ID)
		}
	}
	for _, p := range n.seeds {
		if p.Name == nil {
			n.gate.Name(p.Peer.ID)
		}
	}
}

// lookUp keeps the peers that the configured names list, as long as they do,
// until ctx ends.
func (n *Net) lookUp(ctx context.Context, l *live) {
	var wg sync.WaitGroup
	for _, p := range n.kept {
		if p.Name != nil {
			wg.Go(func() { n.follow(ctx, l, p) })
		}
	}
	wg.Wait()
}

// follow looks a name up again and again.
func (n *Net) follow(ctx context.Context, l *live, p swarm.Place) {
	listed := make(map[Peer]bool)
	pause := firstLook
	for ctx.Err() == nil {
		infos, err := n.peersAt(ctx, p)
		wait := listLife
		if err != nil && ctx.Err() == nil {
			n.c.Log.Warn("peers of a name are not known", "err", err, "again", pause)
			wait, pause = pause, min(2*pause, lastLook)
		} else if err == nil {
			pause = firstLook
			n.keepListed(infos, listed)
			l.dialer.Kick()
		}
		sleep(ctx, wait)
	}
}

// keepListed keeps the peers of a name, and no longer those that it listed before.
func (n *Net) keepListed(infos []peer.AddrInfo, listed map[Peer]bool) {
	now := make(map[Peer]bool, len(infos))
	for _, info := range infos {
		now[info.ID] = true
		if !n.book.Kept(info.ID) && n.book.Keep(info, swarm.FromConfig) {
			listed[info.ID] = true
		}
	}
	for p := range listed {
		if !now[p] {
			n.book.Unkeep(p)
			delete(listed, p)
		}
	}
}

func (n *Net) peersAt(ctx context.Context, p swarm.Place) ([]peer.AddrInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return p.Peers(ctx, n.c.Resolver)
}

// sow has the seeds dialed while the node is lonely: at once when it knows nobody
// else, later when it does, and with growing pauses. They are then peers like others.
func (n *Net) sow(ctx context.Context, l *live) {
	if len(n.seeds) == 0 {
		return
	}
	need := swarm.Need{After: seedAfter, First: firstLook, Last: lastLook}
	if _, tried := n.book.Count(); tried == 0 {
		need.Now(time.Now())
	}
	for ctx.Err() == nil {
		if need.Due(time.Now(), n.members.lonely()) {
			n.useSeeds(ctx)
			l.dialer.Kick()
			need.Used(time.Now())
		}
		sleep(ctx, seedTick)
	}
}

// useSeeds enters the seeds in the book, to be dialed before others.
func (n *Net) useSeeds(ctx context.Context) {
	for _, p := range n.seeds {
		infos, err := n.peersAt(ctx, p)
		if err != nil && ctx.Err() == nil {
			n.c.Log.Warn("seed", "err", err)
		}
		for _, info := range infos {
			n.book.Urge(info, swarm.FromSeed)
		}
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
