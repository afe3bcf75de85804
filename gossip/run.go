package gossip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
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

	meeting *swarm.Meeting // nil: none
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
		MaxPeers: n.c.MaxPeers, PerIP: n.c.PerIP, Limits: n.hostLimits(), Private: n.c.Private, Public: n.c.Public,
		MapPort: n.c.MapPort, Relay: n.c.Relay, Reach: n.reach,
		Traffic: n.traffic, Metrics: n.c.Metrics, Resolver: n.c.Resolver, Options: n.c.Options,
	})
	if err != nil {
		return nil, err
	}
	n.protected.tell(h.ConnManager())
	l := &live{ctx: ctx, host: h, mesh: newMesh(n.id, n.spares), topics: make(map[string]*pubsub.Topic)}
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
		Slots: n.members.slots, Skip: n.members.undialable, Working: n.members.working,
		Dial: n.dial,
		Part: func(p Peer) { n.members.part(p) },
		Log:  n.c.Log,
	})
	if n.c.Meet {
		l.meeting = &swarm.Meeting{
			Name: n.c.Swarm, Key: n.key, Agent: n.c.Agent, Host: l.host, Doors: n.doors, Private: n.c.Private,
			Resolver: n.c.Resolver, Lonely: n.members.lonely, Found: n.found, Log: n.c.Log,
		}
	}
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
	if l.meeting != nil {
		wg.Go(func() { l.meeting.Run(ctx) })
	}
	wg.Go(func() { n.lookUp(ctx, l) })
	wg.Go(func() { n.sow(ctx, l) })
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
			if err := n.save(ctx); err != nil {
				n.c.Log.Warn("peers not saved", "err", err)
			}
		}
	}
}

// save writes what the next run begins with.
func (n *Net) save(ctx context.Context) error {
	anchors := swarm.Anchors(n.members.anchors(), n.c.Now())
	return errors.Join(n.book.Save(ctx, n.c.Store), swarm.SaveAnchors(ctx, n.c.Store, anchors))
}

// shut closes in reverse. The host's end disconnects all peers; their left runs
// before shut returns.
func (n *Net) shut(l *live) error {
	n.live.Store(nil)
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	saved := n.save(ctx)
	reach := n.reach.Close()
	closed := l.host.Close()
	n.members.close()
	return errors.Join(saved, reach, closed)
}

// found takes what discovery brings: by is who told of it, as far as that is known.
func (n *Net) found(info peer.AddrInfo, s swarm.Source, by swarm.Group) {
	if s == swarm.FromMDNS {
		n.gate.Local(info.ID)
	}
	info.Addrs = n.usable(info)
	isNew := n.book.Found(info, s, by)
	if l := n.live.Load(); l != nil && isNew {
		l.dialer.Kick()
	}
}

// usable leaves out the addresses that would never be dialed.
func (n *Net) usable(info peer.AddrInfo) []multiaddr.Multiaddr {
	return slices.DeleteFunc(slices.Clone(info.Addrs), func(a multiaddr.Multiaddr) bool {
		return !n.gate.Fits(info.ID, a)
	})
}
