package gossip

import (
	"context"
	"log/slog"
	"time"

	"github.com/ipfs/go-datastore"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Peer is a libp2p peer id.
type Peer = peer.ID

// Config is what a Net is built from.
type Config struct {
	Swarm    string   // prefixes every protocol and topic: /quern/<swarm>/…
	Identity string   // file of the private key, created with mode 0600; empty: a key for this run only
	Listen   []string // multiaddrs; none: dial only
	Peers    []string // multiaddrs with /p2p/ of peers to dial and keep
	MaxPeers int      // 0: 125
	MDNS     bool
	DHT      bool
	Private  bool               // loopback and private addresses are as good as public ones: tests, LANs
	Store    datastore.Batching // saved peers, provider records, bans; nil: memory
	Agent    string             // user agent told to peers
	Now      func() time.Time
	Log      *slog.Logger
}

// Net is one node's place in the swarm.
type Net struct{ _ int }

// New builds the host and its parts; nothing listens or dials before Run.
func New(c Config) (*Net, error) { panic("unwritten") }

// Run listens, discovers and dials until ctx ends, then closes everything.
func (n *Net) Run(ctx context.Context) error { panic("unwritten") }

// Verdict is what a check says of a gossiped value.
type Verdict int

const (
	Accept Verdict = iota // pass it on
	Ignore                // do not pass it on, nobody is to blame
	Reject                // do not pass it on, the sender is at fault
)

// Topic is a kind of value that everybody gets.
type Topic[T any] struct {
	Name    string // without prefix: "tx", "block"
	MaxSize int    // bytes encoded
	Encode  func(T) []byte
	Decode  func([]byte) (T, error)
}

// Join subscribes to t. check is called for each value that arrives, inline and
// concurrently: it must be cheap. The value came from Peer, who need not be its
// origin. publish sends a value to everybody else; it refuses what is over MaxSize.
func Join[T any](n *Net, t Topic[T], check func(context.Context, Peer, T) Verdict) (publish func(context.Context, T) error, err error) {
	panic("unwritten")
}

// Protocol is a question that one peer asks another: one frame each way.
type Protocol[Q, A any] struct {
	ID                   string // without prefix: "headers/1"
	MaxRequest, MaxReply int    // bytes encoded
	Timeout              time.Duration
	EncodeQ              func(Q) []byte
	DecodeQ              func([]byte) (Q, error)
	EncodeA              func(A) []byte
	DecodeA              func([]byte) (A, error)
}

// Serve answers p's questions. An error from h ends the stream without an
// answer; it is logged, and blames nobody unless it is a *Fault.
func Serve[Q, A any](n *Net, p Protocol[Q, A], h func(context.Context, Peer, Q) (A, error)) {
	panic("unwritten")
}

// Call asks one peer. A reply that is too large or does not decode is a *Fault
// (already reported).
func Call[Q, A any](ctx context.Context, n *Net, p Protocol[Q, A], to Peer, q Q) (A, error) {
	panic("unwritten")
}

// Fault is an error that a peer is to blame for.
type Fault struct {
	Peer   Peer
	Points int // 100 bans; at least 1
	Err    error
}

func (f *Fault) Error() string { return "peer " + f.Peer.String() + ": " + f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// Report is the one door to scores and bans. Points add up, fade with time, and at 100 the
// peer is disconnected and banned for 24 hours.
func (n *Net) Report(p Peer, points int, err error) { panic("unwritten") }

// OnPeer registers what runs when a peer connects, before anything else is
// asked of it; an error disconnects it. left runs when its last connection has gone.
func (n *Net) OnPeer(joined func(context.Context, Peer) error, left func(Peer)) { panic("unwritten") }

// Info describes a connected peer.
type Info struct {
	ID             Peer
	Addr           string // multiaddr
	Agent          string
	Inbound        bool
	Since          time.Time
	Latency        time.Duration // 0: not known
	Score          int           // misbehaviour points
	Sent, Received int64         // bytes
	Source         string        // how it was found: config, saved, mdns, dht, inbound, rpc
}

// Peers lists connected peers that passed OnPeer.
func (n *Net) Peers() []Info { panic("unwritten") }

// ID is this node's peer id; Addrs its multiaddrs with /p2p/.
func (n *Net) ID() Peer        { panic("unwritten") }
func (n *Net) Addrs() []string { panic("unwritten") }

// Connect dials a multiaddr with /p2p/ and keeps the connection (addnode).
func (n *Net) Connect(ctx context.Context, addr string) error { panic("unwritten") }

// Forget stops keeping a peer (addnode remove).
func (n *Net) Forget(p Peer) { panic("unwritten") }

// Disconnect closes all connections to a peer.
func (n *Net) Disconnect(p Peer) error { panic("unwritten") }

// SetActive(false) cuts every connection and refuses new ones until
// SetActive(true): the operator's switch (setnetworkactive).
func (n *Net) SetActive(on bool) { panic("unwritten") }
