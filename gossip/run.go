package gossip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2pswarm "github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/quernnet/quern/gossip/swarm"
)

// live is what exists only while Run runs.
type live struct {
	ctx    context.Context
	host   host.Host
	pubsub *pubsub.PubSub
	mesh   *mesh
	topics map[string]*pubsub.Topic
	dialer *swarm.Dialer
	finder *swarm.Finder
}

const (
	saveEvery = 5 * time.Minute
	saveTime  = 5 * time.Second // for the last save, when ctx has ended
)

// Run listens, discovers and dials until ctx ends, then closes everything. It
// can run once. An error means that it could not begin, or that closing failed;
// the end of ctx is none.
func (n *Net) Run(ctx context.Context) (err error) {
	n.mu.Lock()
	again, misuse := n.started, n.misuse
	n.started = true
	n.mu.Unlock()
	if again {
		return errors.New("gossip: Run may be called once")
	}
	if misuse != nil {
		return misuse
	}
	bridgeLogs(n.c.Libp2p)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := n.build(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.shut(l)) }()
	defer cancel()

	undo, err := n.registerMetrics(l)
	if err != nil {
		return err
	}
	defer undo()
	if err := n.open(l); err != nil {
		return err
	}
	n.serveAll(ctx, l)
	return nil
}

// build makes host, gossip and discovery. Nothing listens yet.
func (n *Net) build(ctx context.Context) (*live, error) {
	h, err := swarm.NewHost(swarm.HostConfig{
		Key: n.key, Agent: n.c.Agent, Gate: n.gate,
		MaxPeers: n.c.MaxPeers, PerIP: n.c.PerIP, Private: n.c.Private, Public: n.c.Public,
		MapPort: n.c.MapPort, Relay: n.c.Relay, Reach: n.reach,
		Traffic: n.traffic, Metrics: n.c.Metrics, Options: n.c.Options,
	})
	if err != nil {
		return nil, err
	}
	n.protected.tell(h.ConnManager())
	l := &live{ctx: ctx, host: h, mesh: newMesh(), topics: make(map[string]*pubsub.Topic)}
	if err := n.buildOn(ctx, l); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return l, nil
}

func (n *Net) buildOn(ctx context.Context, l *live) error {
	if err := n.startTopics(ctx, l); err != nil {
		return err
	}
	n.startProtocols(l)
	finder, err := swarm.NewFinder(swarm.FinderConfig{
		Name: n.c.Swarm, Host: l.host, Store: n.c.Store,
		Private: n.c.Private, Public: n.c.Public, DHT: n.c.DHT, MDNS: n.c.MDNS,
		Found: n.found, Short: n.members.short, Log: n.c.Log,
	})
	if err != nil {
		return err
	}
	l.finder = finder
	l.dialer = swarm.NewDialer(swarm.Dialer{
		Book: n.book, Gate: n.gate, Target: n.c.Outbound,
		Outbound: n.members.outbound, Connected: n.members.connected,
		Dial: n.dial, Log: n.c.Log,
	})
	return nil
}

// open begins to listen.
func (n *Net) open(l *live) error {
	if err := n.members.watch(l); err != nil {
		return err
	}
	if err := n.reach.Start(l.host); err != nil {
		return err
	}
	n.live.Store(l)
	for _, a := range n.listen {
		if err := l.host.Network().Listen(a); err != nil {
			return fmt.Errorf("listening on %s: %w", a, err)
		}
	}
	n.c.Log.Info("listening", "peer", n.id, "addrs", l.host.Network().ListenAddresses())
	close(n.ready)
	return nil
}

// serveAll runs discovery, dialing and the members' sweep until ctx ends.
func (n *Net) serveAll(ctx context.Context, l *live) {
	var wg sync.WaitGroup
	wg.Go(func() { l.dialer.Run(ctx) })
	wg.Go(func() {
		if err := l.finder.Run(ctx); err != nil {
			n.c.Log.Warn("discovery", "err", err)
		}
	})
	wg.Go(func() { n.members.sweep(ctx) })
	wg.Go(func() { n.saveRegularly(ctx) })
	wg.Go(func() { n.watchReach(ctx) })
	wg.Wait()
}

func (n *Net) saveRegularly(ctx context.Context) {
	t := time.NewTicker(saveEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := n.book.Save(ctx, n.c.Store); err != nil {
				n.c.Log.Warn("peers not saved", "err", err)
			}
		}
	}
}

// shut closes in reverse. The host's end disconnects all peers; their left runs
// before shut returns.
func (n *Net) shut(l *live) error {
	n.live.Store(nil)
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	saved := n.book.Save(ctx, n.c.Store)
	reach := n.reach.Close()
	closed := l.host.Close()
	n.members.close()
	return errors.Join(saved, reach, closed)
}

// dial is the dialer's way to connect.
func (n *Net) dial(ctx context.Context, info peer.AddrInfo) error {
	l := n.live.Load()
	if l == nil {
		return ErrNotRunning
	}
	err := l.dial(ctx, info)
	n.dialed(info.ID, err)
	return err
}

// dial connects to a peer, and forgets libp2p's own back-off: the book has ours.
func (l *live) dial(ctx context.Context, info peer.AddrInfo) error {
	if s, ok := l.host.Network().(*libp2pswarm.Swarm); ok {
		s.Backoff().Clear(info.ID)
	}
	return l.host.Connect(ctx, info)
}

// found takes what discovery brings.
func (n *Net) found(info peer.AddrInfo, s swarm.Source) {
	if s == swarm.FromMDNS {
		n.gate.Name(info.ID)
	}
	isNew := n.book.Found(info, s)
	if l := n.live.Load(); l != nil && isNew {
		l.dialer.Kick()
	}
}
