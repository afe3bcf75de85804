package swarm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	meetAfter = 15 * time.Second // of loneliness: the other sources have brought nothing
	firstMeet = time.Minute      // between visits while peers are lacking, doubling
	lastMeet  = time.Hour        // … up to this
	meetTick  = 5 * time.Second
	renewMeet = 20 * time.Hour // a reachable node's record; the IPFS network drops it after 48 h

	visitTime = 3 * time.Minute
	enterTime = 20 * time.Second
	maxDoors  = 4 // bootstrap peers entered by
)

// Meeting finds a swarm's peers by a public DHT, that of the IPFS network, so
// that a swarm needs no server of its own to be found: its nodes leave their
// addresses there under the swarm's name.
//
// A visit is made by a shadow host: it has the node's identity, since a record
// counts only from the peer that it names, but no listen address, and it passes
// the node's own addresses off as its. It lives as long as the visit; nobody of
// that network ever sees a connection of the node itself. What it hears is
// forgeable and enters the book like any other hearsay; what it leaves can be
// read by everybody.
type Meeting struct {
	Name     string
	Key      crypto.PrivKey
	Agent    string
	Host     host.Host       // the node's, for its addresses
	Doors    []peer.AddrInfo // where to enter; none: the IPFS network's well-known nodes
	Private  bool            // addresses that are not public are fine
	Resolver network.MultiaddrDNSResolver
	Lonely   func() bool // are there far too few peers?
	Found    func(info peer.AddrInfo, s Source, by Group)
	Log      *slog.Logger
}

// Run visits when the node is lonely, with growing pauses, until ctx ends. A node
// that can be reached also renews its record: else newcomers would find the
// records of those alone who are lonely themselves.
func (m *Meeting) Run(ctx context.Context) {
	need := Need{After: meetAfter, First: firstMeet, Last: lastMeet}
	renew := time.Now().Add(rand.N(renewMeet))
	t := time.NewTicker(meetTick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := time.Now()
		if !need.Due(now, m.Lonely()) && !(now.After(renew) && m.reachable()) {
			continue
		}
		left, err := m.Visit(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			m.Log.Info("nobody met by the public DHT", "err", err)
		}
		if now = time.Now(); left > 0 {
			renew = now.Add(renewMeet)
		} else {
			renew = now.Add(lastMeet)
		}
		need.Used(now)
	}
}

// reachable tells whether the node has a public address of its own.
func (m *Meeting) reachable() bool {
	for _, a := range m.Host.Addrs() {
		if _, err := a.ValueForProtocol(multiaddr.P_CIRCUIT); err != nil && manet.IsPublicAddr(a) {
			return true
		}
	}
	return false
}

// Visit enters the public DHT, leaves our addresses, takes those of others and
// leaves. It returns with how many nodes it left them.
func (m *Meeting) Visit(ctx context.Context) (left int, err error) {
	ctx, cancel := context.WithTimeout(ctx, visitTime)
	defer cancel()
	doors := m.doors()
	h, err := m.shadow(doors)
	if err != nil {
		return 0, fmt.Errorf("shadow host: %w", err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	d, err := dht.New(h, m.options()...)
	if err != nil {
		return 0, fmt.Errorf("public DHT: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := m.enter(ctx, h, d, doors); err != nil {
		return 0, err
	}
	key, err := rendezvousKey(Prefix(m.Name))
	if err != nil {
		return 0, err
	}
	met := 0
	var mu sync.Mutex
	r := &rendezvous{dht: d, host: h, key: key, grouping: Grouping{m.Private}, found: func(info peer.AddrInfo, by Group) {
		m.Found(info, FromPublicDHT, by)
		mu.Lock()
		met++
		mu.Unlock()
	}}
	left, err = r.meet(ctx, true)
	m.Log.Info("visited the public DHT", "records", met, "left", left, "cid", r.CID())
	return left, err
}

// doors are some of the peers to enter by.
func (m *Meeting) doors() []peer.AddrInfo {
	doors := m.Doors
	if len(doors) == 0 {
		doors = dht.GetDefaultBootstrapPeerAddrInfos()
	}
	out := make([]peer.AddrInfo, 0, maxDoors)
	for _, i := range rand.Perm(len(doors))[:min(len(doors), maxDoors)] {
		out = append(out, doors[i])
	}
	return out
}

// shadow makes the host of one visit.
func (m *Meeting) shadow(doors []peer.AddrInfo) (host.Host, error) {
	gate := NewGate(m.Private,
		func(peer.ID, multiaddr.Multiaddr) bool { return false },
		func(peer.ID) bool { return false })
	for _, d := range doors {
		gate.Name(d.ID)
	}
	opts := []libp2p.Option{
		libp2p.Identity(m.Key),
		libp2p.UserAgent(m.Agent),
		libp2p.NoListenAddrs,
		libp2p.DisableRelay(),
		libp2p.Ping(false),
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.DisableMetrics(),
		libp2p.ConnectionGater(gate),
		libp2p.AddrsFactory(func([]multiaddr.Multiaddr) []multiaddr.Multiaddr { return m.Host.Addrs() }),
	}
	if m.Resolver != nil {
		opts = append(opts, libp2p.MultiaddrResolver(m.Resolver))
	}
	return libp2p.New(opts...)
}

// options are of a client: it answers nobody.
func (m *Meeting) options() []dht.Option {
	opts := []dht.Option{dht.Mode(dht.ModeClient), dht.DisableAutoRefresh()}
	if m.Private {
		return opts
	}
	return append(opts,
		dht.QueryFilter(dht.PublicQueryFilter),
		dht.RoutingTableFilter(dht.PublicRoutingTableFilter),
		dht.AddressFilter(publicOnly))
}

// enter connects to the doors and waits until one of them is in the routing table.
func (m *Meeting) enter(ctx context.Context, h host.Host, d *dht.IpfsDHT, doors []peer.AddrInfo) error {
	ctx, cancel := context.WithTimeout(ctx, enterTime)
	defer cancel()
	errs := make(chan error, len(doors))
	for _, door := range doors {
		go func() {
			err := h.Connect(ctx, door)
			if err != nil {
				err = fmt.Errorf("%s: %w", door.ID, err)
			}
			errs <- err
		}()
	}
	var all []error
	defer func() { // no dial outlives the visit
		cancel()
		for len(all) < len(doors) {
			all = append(all, <-errs)
		}
	}()
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for d.RoutingTable().Size() == 0 {
		select {
		case err := <-errs:
			if all = append(all, err); len(all) == len(doors) && errors.Join(all...) != nil && !anyNil(all) {
				return fmt.Errorf("no node of the public DHT answers: %w", errors.Join(all...))
			}
		case <-ctx.Done():
			return fmt.Errorf("no node of the public DHT answers as one: %w", ctx.Err())
		case <-t.C:
		}
	}
	return nil
}

func anyNil(errs []error) bool {
	for _, err := range errs {
		if err == nil {
			return true
		}
	}
	return false
}
