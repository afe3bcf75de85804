package swarm

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/namespace"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
	"github.com/libp2p/go-libp2p/p2p/discovery/routing"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	firstFind = 500 * time.Millisecond // between searches while short of peers, doubling
	lastFind  = time.Minute            // … up to this
	calmFind  = 5 * time.Minute        // between searches when there are peers enough

	findLimit   = 100 // providers asked for; the DHT returns what strangers wrote
	findTimeout = 30 * time.Second
)

// Prefix is what every protocol and topic of a swarm begins with.
func Prefix(name string) string { return "/quern/" + name }

// FinderConfig is what a Finder is built from.
type FinderConfig struct {
	Name    string // of the swarm
	Host    host.Host
	Store   datastore.Batching // provider records
	Private bool               // private addresses are as good as public ones
	Public  bool               // the world can reach us: be a DHT server from the start
	DHT     bool
	MDNS    bool
	Found   func(peer.AddrInfo, Source)
	Short   func() bool // are there too few peers?
	Log     *slog.Logger
}

// Finder looks for peers: by provider records of the swarm's rendezvous in the
// swarm's own DHT, and by mDNS.
type Finder struct {
	c    FinderConfig
	dht  *dht.IpfsDHT
	kick chan struct{}
}

// NewFinder makes the finder; its DHT answers queries from now on.
func NewFinder(c FinderConfig) (*Finder, error) {
	f := &Finder{c: c, kick: make(chan struct{}, 1)}
	if !c.DHT {
		return f, nil
	}
	var err error
	if f.dht, err = dht.New(c.Host, dhtOptions(c)...); err != nil {
		return nil, fmt.Errorf("dht: %w", err)
	}
	return f, nil
}

// dhtOptions relaxes all filters in private mode, where every node has the same
// address and nobody tells it that the world can reach it.
func dhtOptions(c FinderConfig) []dht.Option {
	opts := []dht.Option{
		dht.ProtocolPrefix(protocol.ID(Prefix(c.Name))),
		dht.DisableValues(),
		dht.ProviderDatastore(namespace.Wrap(c.Store, datastore.NewKey("/gossip/dht"))),
	}
	switch {
	case c.Private:
		return append(opts, dht.Mode(dht.ModeServer))
	case c.Public:
		opts = append(opts, dht.Mode(dht.ModeServer))
	default:
		opts = append(opts, dht.Mode(dht.ModeAuto))
	}
	return append(opts,
		dht.QueryFilter(dht.PublicQueryFilter),
		dht.RoutingTableFilter(dht.PublicRoutingTableFilter),
		dht.RoutingTablePeerDiversityFilter(dht.NewRTPeerDiversityFilter(c.Host, 2, 3)),
		dht.AddressFilter(publicOnly),
	)
}

func publicOnly(addrs []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	return multiaddr.FilterAddrs(addrs, manet.IsPublicAddr)
}

// Servers counts the peers in the DHT's routing table.
func (f *Finder) Servers() int {
	if f.dht == nil {
		return 0
	}
	return f.dht.RoutingTable().Size()
}

// Kick makes the finder search now, as after a first peer has come.
func (f *Finder) Kick() {
	select {
	case f.kick <- struct{}{}:
	default:
	}
}

// Run searches until ctx ends, and closes the DHT.
func (f *Finder) Run(ctx context.Context) error {
	if f.c.MDNS {
		m := mdns.NewMdnsService(f.c.Host, "_quern-"+f.c.Name+"._udp", heard(f.c.Found))
		if err := m.Start(); err != nil {
			f.c.Log.Warn("mDNS is off: local peers are not found by themselves", "err", err)
		}
		defer m.Close()
	}
	if f.dht == nil {
		<-ctx.Done()
		return nil
	}
	f.search(ctx)
	if err := f.dht.Close(); err != nil {
		return fmt.Errorf("closing the DHT: %w", err)
	}
	return nil
}

type heard func(peer.AddrInfo, Source)

func (h heard) HandlePeerFound(info peer.AddrInfo) { h(info, FromMDNS) }

// search advertises us and finds others by turns. While there are too few peers
// it does so with growing pauses, else seldom; advertising is repeated well
// before the record's end.
func (f *Finder) search(ctx context.Context) {
	meet := routing.NewRoutingDiscovery(f.dht)
	pause := firstFind
	var again time.Time // when to advertise next
	for ctx.Err() == nil {
		if now := time.Now(); !now.Before(again) {
			if ttl, err := meet.Advertise(ctx, Prefix(f.c.Name)); err == nil {
				again = now.Add(min(ttl/2, 20*pause))
			} else {
				f.c.Log.Debug("not advertised in the DHT", "err", err)
			}
		}
		f.find(ctx, meet)
		wait := calmFind
		if f.c.Short() {
			wait = pause
			pause = min(2*pause, lastFind)
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-f.kick:
			// Peers that come and go must not make us search without a pause.
			pause = firstFind
			t.Reset(firstFind)
			select {
			case <-ctx.Done():
			case <-t.C:
			}
		}
		t.Stop()
	}
}

func (f *Finder) find(ctx context.Context, meet *routing.RoutingDiscovery) {
	if f.dht.RoutingTable().Size() == 0 {
		return // nobody to ask
	}
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	found, err := meet.FindPeers(ctx, Prefix(f.c.Name))
	if err != nil {
		f.c.Log.Debug("DHT search failed", "err", err)
		return
	}
	for info := range found {
		if info.ID != f.c.Host.ID() && len(info.Addrs) > 0 {
			f.c.Found(info, FromDHT)
		}
	}
}
