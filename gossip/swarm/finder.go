package swarm

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/namespace"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	firstFind = 500 * time.Millisecond // between searches while short of peers, doubling
	lastFind  = time.Minute            // … up to this
	calmFind  = 5 * time.Minute        // between searches when there are peers enough

	recordLife  = 3 * time.Hour // how long others should count on what we left in a DHT
	findTimeout = time.Minute
	moveEvery   = 5 * time.Second // between leaving one set of addresses and the next
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
	Found   func(info peer.AddrInfo, s Source, by Group)
	Short   func() bool // are there too few peers?
	Log     *slog.Logger
}

// Finder looks for peers: by provider records of the swarm's rendezvous in the
// swarm's own DHT, by wandering through it, and by mDNS.
type Finder struct {
	c    FinderConfig
	dht  *dht.IpfsDHT
	meet *rendezvous
	kick chan struct{}

	moved atomic.Bool // our addresses are others than those that we left
}

// NewFinder makes the finder; its DHT answers queries from now on.
func NewFinder(c FinderConfig) (*Finder, error) {
	f := &Finder{c: c, kick: make(chan struct{}, 1)}
	if !c.DHT {
		return f, nil
	}
	key, err := rendezvousKey(Prefix(c.Name))
	if err != nil {
		return nil, err
	}
	if f.dht, err = dht.New(c.Host, dhtOptions(c)...); err != nil {
		return nil, fmt.Errorf("dht: %w", err)
	}
	f.meet = &rendezvous{
		dht: f.dht, host: c.Host, key: key, grouping: Grouping{c.Private},
		found: func(info peer.AddrInfo, by Group) { c.Found(info, FromDHT, by) },
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

// Moved has the finder leave our addresses again soon: they have changed, as when
// a relay has taken us in.
func (f *Finder) Moved() {
	f.moved.Store(true)
	f.Kick()
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

type heard func(peer.AddrInfo, Source, Group)

func (h heard) HandlePeerFound(info peer.AddrInfo) { h(info, FromMDNS, "") }

// search leaves our addresses and finds others by turns. While there are too few
// peers it does so with growing pauses, else seldom; the addresses are left again
// well before the record's end.
func (f *Finder) search(ctx context.Context) {
	pause := firstFind
	var left, again time.Time // when we left our addresses, and when to do so next
	var hurry hurry
	for ctx.Err() == nil {
		now := time.Now()
		leave := !now.Before(again) || f.moved.Load() && now.Sub(left) >= moveEvery
		if leave {
			f.moved.Store(false) // before they are read
		}
		switch {
		case f.find(ctx, leave):
			// Soon again while the DHT grows around us: others are nearer then.
			left, again = now, now.Add(min(recordLife/2, 20*pause))
		case leave:
			again = time.Time{}
		}
		wait := calmFind
		if f.c.Short() {
			wait = pause
			pause = min(2*pause, lastFind)
		}
		if f.moved.Load() {
			wait = min(wait, moveEvery)
		}
		if f.rest(ctx, wait, &hurry) {
			pause = firstFind
		}
	}
}

// rest waits, or less when peers that we chose have gone: it tells whether it cut
// the pause short. Guests that come and go are no reason to search, for a search
// meets others, whose guests come and go by it: a full swarm would
// search for ever.
func (f *Finder) rest(ctx context.Context, wait time.Duration, h *hurry) (cut bool) {
	t := time.NewTimer(wait)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return cut
		case <-t.C:
			return cut
		case <-f.kick:
			if !cut && f.c.Short() && h.may(time.Now()) {
				cut = true
				t.Reset(min(wait, firstFind))
			}
		}
	}
}

// hurry allows maxHurry searches before their time, and one more a minute.
type hurry struct {
	used int
	last time.Time // when used was last lowered
}

const maxHurry = 8

func (h *hurry) may(now time.Time) bool {
	if since := int(now.Sub(h.last) / time.Minute); since > 0 {
		h.used, h.last = max(0, h.used-since), now
	}
	if h.used >= maxHurry {
		return false
	}
	h.used++
	return true
}

// find looks for peers at the rendezvous and, while there are too few, on a
// random way, and tells whether it left our addresses.
func (f *Finder) find(ctx context.Context, leave bool) (left bool) {
	if f.dht.RoutingTable().Size() == 0 {
		return false // nobody to ask
	}
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	n, err := f.meet.meet(ctx, leave)
	if err != nil {
		f.c.Log.Debug("DHT search", "err", err)
	}
	f.local(ctx)
	if f.c.Short() {
		f.meet.wander(ctx)
	}
	return n > 0
}

// local takes some of the records that others left with us.
func (f *Finder) local(ctx context.Context) {
	records, err := f.dht.ProviderStore().GetProviders(ctx, f.meet.key)
	if err != nil {
		f.c.Log.Debug("own DHT records", "err", err)
		return
	}
	known := make([]*peer.AddrInfo, 0, len(records))
	for i := range records {
		known = append(known, &records[i])
	}
	f.meet.take("own records", f.c.Host.ID(), known)
}
