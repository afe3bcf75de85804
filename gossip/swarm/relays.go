package swarm

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/autorelay"
	pb "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/pb"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/util"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"
)

// PeerSource offers up to n peers that may relay for us.
type PeerSource = func(ctx context.Context, n int) <-chan peer.AddrInfo

const (
	WantRelays  = 2                // relays that are to keep a reservation for us: one may go
	askRelays   = 5 * time.Second  // between looks for candidates
	relayPause  = time.Minute      // after a refusal; libp2p's hour leaves a small swarm without relays
	maxRefusals = 8                // remembered
	maxMessage  = 4 << 10          // libp2p's own limit for a relay's answer
	candidates  = 8                // asked for at a time
	relayTTL    = time.Hour        // of a reservation that we keep for others
	circuitTime = 90 * time.Second // that a relayed connection may live: a direct dial and three hole punches need 40 s
	circuitSize = 64 << 10         // bytes each way: an introduction with three tries took 9 KiB
)

// relayResources is what a public node gives to others: at most 64 reservations
// with 8 connections each, 64 KiB each way and 90 seconds a connection. It is
// for introductions: nothing of ours runs over relayed connections.
func relayResources() relay.Resources {
	r := relay.DefaultResources()
	r.Limit = &relay.RelayLimit{Duration: circuitTime, Data: circuitSize}
	r.ReservationTTL = relayTTL
	r.MaxReservations = 64
	r.MaxCircuits = 8
	r.MaxReservationsPerIP = 8
	r.MaxReservationsPerASN = 32
	return r
}

// relays keeps reservations with relays, by libp2p's AutoRelay, and knows until
// when each holds and why others were refused. AutoRelay tells neither, so it
// works on a host whose reservation streams are read along.
type relays struct {
	now     func() time.Time
	source  PeerSource
	metrics prometheus.Registerer
	auto    *autorelay.AutoRelay

	mu       sync.Mutex
	held     map[peer.ID]Relay   // the relay's last answer was yes
	refusals map[peer.ID]Refusal // … or no
	used     []peer.ID           // whose addresses we tell others
}

func newRelays(c TrackerConfig) *relays {
	return &relays{now: c.Now, source: c.Relays, held: make(map[peer.ID]Relay), refusals: make(map[peer.ID]Refusal)}
}

func (r *relays) start(h host.Host) error {
	opts := []autorelay.Option{
		autorelay.WithPeerSource(r.source),
		autorelay.WithNumRelays(WantRelays),
		autorelay.WithMinCandidates(1), // the boot delay is for those who wait for more
		autorelay.WithMaxCandidates(candidates),
		autorelay.WithMinInterval(askRelays),
		autorelay.WithBackoff(relayPause),
	}
	if r.metrics != nil {
		opts = append(opts, autorelay.WithMetricsTracer(autorelay.NewMetricsTracer(autorelay.WithRegisterer(r.metrics))))
	}
	a, err := autorelay.NewAutoRelay(&listening{h, r}, opts...)
	if err != nil {
		return fmt.Errorf("relays: %w", err)
	}
	r.auto = a
	a.Start()
	return nil
}

func (r *relays) close() error {
	if r.auto == nil {
		return nil
	}
	return r.auto.Close()
}

// update notes whose addresses AutoRelay gives out.
func (r *relays) update(addrs []multiaddr.Multiaddr) {
	var used []peer.ID
	for _, a := range addrs {
		if id := RelayOf(a); id != "" && !slices.Contains(used, id) {
			used = append(used, id)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = used
	for id := range r.held {
		if !slices.Contains(used, id) && r.now().Sub(r.held[id].Since) > time.Minute {
			delete(r.held, id)
		}
	}
}

// RelayOf is the relay in the first circuit address, "" when there is none.
func RelayOf(addrs ...multiaddr.Multiaddr) peer.ID {
	for _, a := range addrs {
		var id peer.ID
		for _, c := range a {
			switch c.Protocol().Code {
			case multiaddr.P_P2P:
				id = peer.ID(c.RawValue())
			case multiaddr.P_CIRCUIT:
				if id != "" {
					return id
				}
			}
		}
	}
	return ""
}

// list returns the relays in use and the latest refusals, the newest first.
func (r *relays) list() (list []Relay, refusals []Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range r.used {
		if h, ok := r.held[id]; ok && h.Expires.After(r.now()) { // else we are public now, and no longer renew it
			list = append(list, h)
		}
	}
	for id, f := range r.refusals {
		if !slices.Contains(r.used, id) {
			refusals = append(refusals, f)
		}
	}
	slices.SortFunc(list, func(a, b Relay) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(refusals, func(a, b Refusal) int { return b.At.Compare(a.At) })
	return list, refusals
}

// answered notes a relay's answer to a request for a reservation.
func (r *relays) answered(c network.Conn, raw []byte) {
	rd := util.NewDelimitedReader(bytes.NewReader(raw), maxMessage)
	defer rd.Close()
	var m pb.HopMessage
	if err := rd.ReadMsg(&m); err != nil || m.GetType() != pb.HopMessage_STATUS {
		return // AutoRelay takes it for a failure too
	}
	id, now := c.RemotePeer(), r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.GetStatus() != pb.Status_OK || m.GetReservation() == nil {
		delete(r.held, id)
		if len(r.refusals) >= maxRefusals {
			oldest := id
			for p, f := range r.refusals {
				if o, ok := r.refusals[oldest]; !ok || f.At.Before(o.At) {
					oldest = p
				}
			}
			delete(r.refusals, oldest)
		}
		r.refusals[id] = Refusal{ID: id, At: now, Why: Brief(m.GetStatus().String())}
		return
	}
	delete(r.refusals, id)
	h, known := r.held[id]
	if !known {
		h = Relay{ID: id, Since: now}
	}
	h.Addr = c.RemoteMultiaddr().String()
	h.Expires = time.Unix(int64(m.GetReservation().GetExpire()), 0)
	r.held[id] = h
}

// listening is a host for AutoRelay alone.
type listening struct {
	host.Host
	r *relays
}

// IDService is what AutoRelay looks for in a host to wait for identify.
func (h *listening) IDService() identify.IDService {
	if s, ok := h.Host.(interface{ IDService() identify.IDService }); ok {
		return s.IDService()
	}
	return nil
}

// NewStream opens a stream; one to a relay is read along.
func (h *listening) NewStream(ctx context.Context, p peer.ID, ids ...protocol.ID) (network.Stream, error) {
	s, err := h.Host.NewStream(ctx, p, ids...)
	if err != nil || !slices.Contains(ids, proto.ProtoIDv2Hop) {
		return s, err
	}
	return &overheard{Stream: s, r: h.r}, nil
}

// overheard copies what is read, and hands it on at the stream's end. Reading
// and closing happen on one goroutine.
type overheard struct {
	network.Stream
	r    *relays
	copy []byte
}

func (s *overheard) Read(b []byte) (int, error) {
	n, err := s.Stream.Read(b)
	if len(s.copy)+n <= maxMessage+8 {
		s.copy = append(s.copy, b[:n]...)
	}
	return n, err
}

func (s *overheard) Close() error {
	if len(s.copy) > 0 {
		s.r.answered(s.Conn(), s.copy)
		s.copy = nil
	}
	return s.Stream.Close()
}
