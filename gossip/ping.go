package gossip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/quernnet/quern/gossip/swarm"
)

const (
	// MaxPings is how many one call of Ping sends at most.
	MaxPings      = 20
	pingLost      = 5 * time.Second // after which a ping is given up
	pingPause     = 100 * time.Millisecond
	pingDial      = 20 * time.Second
	maxPingsBusy  = 4 // calls at a time
	shortestShort = 4 // characters of a short id
)

// Pinged is what came of pinging a peer.
type Pinged struct {
	ID        Peer
	Addr      string // multiaddr of the connection
	Transport string
	Relayed   bool
	Dialed    bool            // for this, and closed again
	Times     []time.Duration // of those that came back
	Lost      int
}

// Ping sends a peer several pings, at most MaxPings, one after the other. The
// peer is named by its id, by the end of the id of a peer that is connected, or
// by a multiaddr with /p2p/; a peer that is not connected is dialed for this.
func (n *Net) Ping(ctx context.Context, name string, times int) (Pinged, error) {
	l := n.live.Load()
	if l == nil {
		return Pinged{}, ErrNotRunning
	}
	select {
	case n.pinging <- struct{}{}:
		defer func() { <-n.pinging }()
	default:
		return Pinged{}, fmt.Errorf("%d pings are under way, wait for one to end", maxPingsBusy)
	}
	info, err := l.named(name)
	if err != nil {
		return Pinged{}, err
	}
	if info.ID == n.id {
		return Pinged{}, fmt.Errorf("%q is this node itself", name)
	}
	r := Pinged{ID: info.ID}
	if l.host.Network().Connectedness(info.ID) == network.NotConnected {
		dial, cancel := context.WithTimeout(network.WithAllowLimitedConn(ctx, "ping"), pingDial)
		defer cancel()
		if err := l.host.Connect(dial, info); err != nil {
			return r, fmt.Errorf("%s is not reached: %s", swarm.ShortID(info.ID), dialWords(err))
		}
		r.Dialed = true
		defer func() { _ = l.host.Network().ClosePeer(info.ID) }()
	}
	err = l.ping(ctx, &r, max(1, min(times, MaxPings)))
	if c := bestConn(l.host.Network().ConnsToPeer(info.ID)); c != nil {
		r.Addr, r.Transport, r.Relayed = c.RemoteMultiaddr().String(), swarm.TransportOf(c.RemoteMultiaddr()), c.Stat().Limited
	}
	return r, err
}

// ping sends the pings of r.
func (l *live) ping(ctx context.Context, r *Pinged, times int) error {
	ctx, cancel := context.WithCancel(network.WithNoDial(ctx, "ping"))
	results := ping.Ping(ctx, l.host, r.ID)
	defer func() {
		cancel()
		for range results { // until its goroutine has ended
		}
	}()
	for i := range times {
		late := time.NewTimer(pingLost)
		select {
		case res, ok := <-results:
			late.Stop()
			if !ok || res.Error != nil {
				return l.stopped(r, times-i, res.Error)
			}
			r.Times = append(r.Times, res.RTT)
		case <-late.C: // pings come back in order: those behind it are late too
			r.Lost = times - i
			return nil
		case <-ctx.Done():
			late.Stop()
			return ctx.Err()
		}
		select {
		case <-time.After(pingPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// stopped counts what was lost when the connection went, or did not answer at all.
func (l *live) stopped(r *Pinged, lost int, err error) error {
	r.Lost = lost
	if len(r.Times) > 0 || err == nil {
		return nil
	}
	return fmt.Errorf("%s does not answer: %s", swarm.ShortID(r.ID), swarm.Brief(err.Error()))
}

// named finds who is meant.
func (l *live) named(name string) (peer.AddrInfo, error) {
	if strings.HasPrefix(name, "/") {
		return peerAddr(name)
	}
	if id, err := peer.Decode(name); err == nil {
		return l.host.Peerstore().PeerInfo(id), nil
	}
	end := strings.TrimPrefix(name, "…")
	if len(end) < shortestShort {
		return peer.AddrInfo{}, fmt.Errorf("%q names no peer: use its id, the end of it (at least %d characters), or a multiaddr with /p2p/", name, shortestShort)
	}
	var found []Peer
	for _, p := range l.host.Network().Peers() {
		if strings.HasSuffix(p.String(), end) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return peer.AddrInfo{}, fmt.Errorf("no connected peer's id ends in %q: give the whole id or a multiaddr with /p2p/", end)
	case 1:
		return peer.AddrInfo{ID: found[0]}, nil
	}
	return peer.AddrInfo{}, errors.New("several peers' ids end in " + end + ": give more of it")
}

// bestConn is the connection that is used: a direct one where there is one.
func bestConn(conns []network.Conn) (best network.Conn) {
	for _, c := range conns {
		if best == nil || best.Stat().Limited && !c.Stat().Limited {
			best = c
		}
	}
	return best
}
