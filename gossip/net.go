package gossip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/quernnet/quern/gossip/swarm"
)

// Peer is a libp2p peer id.
type Peer = peer.ID

// Config is what a Net is built from.
type Config struct {
	Swarm    string   // prefixes every protocol and topic: /quern/<swarm>/…
	Identity string   // file of the private key, created with mode 0600; empty: a key for this run only
	Listen   []string // multiaddrs; none: dial only
	Peers    []string // multiaddrs of peers to dial and keep: with /p2p/, or /dnsaddr/NAME for those that the name lists
	Seeds    []string // multiaddrs of the same kinds, of peers to dial when short of them
	MaxPeers int      // 0: 125
	Outbound int      // peers that we look for ourselves, at most half of MaxPeers; 0: 12
	PerIP    int      // connections of one IPv4 address or IPv6 /56; 0: 8. Loopback and Private are free
	Limits   Limits
	MDNS     bool
	DHT      bool
	Private  bool                         // loopback and private addresses are as good as public ones: tests, LANs
	Public   bool                         // the operator declares that the world can reach Listen
	MapPort  bool                         // ask the router to forward our ports (UPnP, NAT-PMP, PCP)
	Relay    bool                         // introduce others to each other while the world can reach us
	Meet     bool                         // meet peers by a public DHT, the IPFS network's, when short of them
	MeetAt   []string                     // multiaddrs with /p2p/ where to enter that DHT; none: its well-known nodes
	Store    datastore.Batching           // saved peers, provider records, bans; nil: memory
	Agent    string                       // user agent told to peers; "": quern
	Now      func() time.Time             // nil: time.Now
	BanClock func() time.Time             // by which bans end: an operator of a test chain may move it; nil: Now
	Log      *slog.Logger                 // nil: none
	Libp2p   *slog.Logger                 // for what libp2p itself says; nil: Log
	Metrics  prometheus.Registerer        // nil: none
	Resolver network.MultiaddrDNSResolver // of names in addresses; nil: the system's
	Options  []libp2p.Option              // applied after ours: simulated transports
}

const (
	defaultMaxPeers = 125
	defaultOutbound = 12
	defaultPerIP    = 8
)

// ErrNotRunning says that Run has not begun or has ended.
var ErrNotRunning = errors.New("gossip: the network is not running")

// Net is one node's place in the swarm.
//
// What is registered before Run (topics, protocols, OnPeer) is fixed from then
// on and read without a lock. live is set while Run runs.
type Net struct {
	c      Config
	key    crypto.PrivKey
	id     Peer
	listen []multiaddr.Multiaddr
	kept   []swarm.Place // configured peers
	seeds  []swarm.Place
	doors  []peer.AddrInfo // to the public DHT

	topics    map[string]*rawTopic
	protocols map[string]*rawProtocol
	joined    func(context.Context, Peer) error
	left      func(Peer)

	scores    *scores
	protected *protection
	traffic   *traffic
	grouping  swarm.Grouping
	book      *swarm.Book
	gate      *swarm.Gate
	members   *members
	reach     *swarm.Tracker
	waiting   *waiting
	tries     *tries
	pinging   chan struct{} // holds one for each call of Ping
	strange   time.Time     // when peers of the book were last tried as relays; owned by AutoRelay's goroutine

	live  atomic.Pointer[live]
	ready chan struct{}

	mu      sync.Mutex
	started bool
	misuse  error // registered twice or too late
}

// New checks the config and reads or creates the identity; nothing listens or dials before Run.
func New(c Config) (*Net, error) {
	if err := complete(&c); err != nil {
		return nil, err
	}
	n := &Net{
		c:         c,
		topics:    make(map[string]*rawTopic),
		protocols: make(map[string]*rawProtocol),
		joined:    func(context.Context, Peer) error { return nil },
		left:      func(Peer) {},
		traffic:   newTraffic(),
		ready:     make(chan struct{}),
	}
	var err error
	if n.listen, err = multiaddrs(c.Listen); err != nil {
		return nil, err
	}
	if n.kept, err = places("peer address", c.Peers); err != nil {
		return nil, err
	}
	if n.seeds, err = places("seed", c.Seeds); err != nil {
		return nil, err
	}
	if n.doors, err = doors(c.MeetAt); err != nil {
		return nil, err
	}
	if n.key, err = swarm.Identity(c.Identity); err != nil {
		return nil, err
	}
	if n.id, err = peer.IDFromPrivateKey(n.key); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	if n.scores, err = loadScores(context.Background(), c.Store, c.BanClock); err != nil {
		return nil, err
	}
	if n.protected, err = loadProtection(context.Background(), c.Store); err != nil {
		return nil, err
	}
	n.grouping = swarm.Grouping{Private: c.Private}
	n.book = swarm.NewBook(n.id, n.grouping, c.Now)
	n.waiting, n.tries, n.pinging = newWaiting(c.Now, c.Log), newTries(), make(chan struct{}, maxPingsBusy)
	n.members = newMembers(n)
	n.reach = swarm.NewTracker(swarm.TrackerConfig{
		Private: c.Private, Declared: c.Public, MapPort: c.MapPort, Relays: n.relays, Punched: n.waiting.told, Moved: n.moved, Now: c.Now, Log: c.Log,
	})
	n.gate = swarm.NewGate(c.Private, n.refuses, n.members.room)
	n.gate.LimitRelayed(n.waiting.may)
	n.recall(context.Background())
	return n, nil
}

// complete checks c and fills in what was left out.
func complete(c *Config) error {
	if c.Swarm == "" || len(c.Swarm) > 48 {
		return fmt.Errorf("swarm name %q: 1 to 48 letters, digits, '-', '_' and '.'", c.Swarm)
	}
	for _, r := range c.Swarm {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.') {
			return fmt.Errorf("swarm name %q: 1 to 48 letters, digits, '-', '_' and '.'", c.Swarm)
		}
	}
	if c.MaxPeers < 0 || c.Outbound < 0 || c.PerIP < 0 {
		return fmt.Errorf("max peers %d, outbound %d, per ip %d: none may be negative", c.MaxPeers, c.Outbound, c.PerIP)
	}
	if c.MaxPeers == 0 {
		c.MaxPeers = defaultMaxPeers
	}
	if c.Outbound == 0 {
		c.Outbound = defaultOutbound
	}
	c.Outbound = min(c.Outbound, (c.MaxPeers+1)/2)
	if c.PerIP == 0 {
		c.PerIP = defaultPerIP
	}
	if err := c.Limits.complete(c.MaxPeers); err != nil {
		return err
	}
	if c.Agent == "" {
		c.Agent = "quern"
	}
	if c.Store == nil {
		c.Store = dssync.MutexWrap(datastore.NewMapDatastore())
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.BanClock == nil {
		c.BanClock = c.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.Level(100)}))
	}
	if c.Libp2p == nil {
		c.Libp2p = c.Log
	}
	if c.Resolver == nil {
		c.Resolver = swarm.DefaultResolver()
	}
	return nil
}

func multiaddrs(texts []string) ([]multiaddr.Multiaddr, error) {
	list := make([]multiaddr.Multiaddr, 0, len(texts))
	for _, t := range texts {
		a, err := multiaddr.NewMultiaddr(t)
		if err != nil {
			return nil, fmt.Errorf("listen address %q: %w (like /ip4/0.0.0.0/tcp/9735)", t, err)
		}
		list = append(list, a)
	}
	return list, nil
}

func peerAddr(t string) (peer.AddrInfo, error) {
	info, err := peer.AddrInfoFromString(t)
	if err != nil {
		return peer.AddrInfo{}, fmt.Errorf("peer address %q: %w (like /ip4/192.0.2.1/tcp/9735/p2p/12D3Koo…)", t, err)
	}
	return *info, nil
}

// prefixed is the full name of a protocol or topic.
func (n *Net) prefixed(name string) string { return swarm.Prefix(n.c.Swarm) + "/" + name }

// refuses is asked by the gate: a banned or refused peer, or a banned address.
// Either may be unknown.
func (n *Net) refuses(p Peer, a multiaddr.Multiaddr) bool {
	if p != "" && (n.scores.banned(p) || n.book.BackingOff(p)) {
		return true
	}
	return a != nil && !n.c.Private && n.scores.bannedAddr(a)
}

// register runs f, which changes what Run will fix, unless Run has begun.
func (n *Net) register(what string, f func() error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := errors.New("registered after Run began")
	if !n.started {
		err = f()
	}
	if err != nil {
		err = fmt.Errorf("gossip: %s: %w", what, err)
		n.misuse = errors.Join(n.misuse, err)
	}
	return err
}

// OnPeer registers what runs when a peer connects, before anything else is
// asked of it; an error disconnects it. left runs when its last connection has
// gone, for each peer for which joined returned nil. A peer whose joined has not
// returned nil is not in Peers, neither its gossip nor its questions are
// listened to, but those of the handshake protocol (see Protocol). joined's
// context ends when the peer goes.
func (n *Net) OnPeer(joined func(context.Context, Peer) error, left func(Peer)) {
	_ = n.register("OnPeer", func() error { // Run returns it
		n.joined, n.left = joined, left
		return nil
	})
}

// ID is this node's peer id.
func (n *Net) ID() Peer { return n.id }

// Ready is closed when Run listens and everything registered is answered.
func (n *Net) Ready() <-chan struct{} { return n.ready }
