package swarm

import (
	"context"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	maxDials    = 8 // at a time: more makes home routers fall over
	dialTimeout = 15 * time.Second
	dialTick    = time.Second
)

// Dialer keeps the kept peers connected and the number of outbound peers at a
// target, from the book.
//
// Run's goroutine owns the set of dials under way. Invariants: at most maxDials
// at a time, at most one to a peer, none after Run has returned.
type Dialer struct {
	Book      *Book
	Gate      *Gate
	Target    int                // outbound peers wanted
	Outbound  func() int         // outbound peers there are
	Connected func(peer.ID) bool // is there a connection, whoever made it?
	Dial      func(context.Context, peer.AddrInfo) error
	Log       *slog.Logger

	kick chan struct{}
}

// NewDialer completes d.
func NewDialer(d Dialer) *Dialer {
	d.kick = make(chan struct{}, 1)
	return &d
}

// Kick makes the dialer look at the book now.
func (d *Dialer) Kick() {
	select {
	case d.kick <- struct{}{}:
	default:
	}
}

type dialed struct {
	peer peer.ID
	err  error
}

// Run dials until ctx ends, then waits for the dials under way.
func (d *Dialer) Run(ctx context.Context) {
	busy := make(map[peer.ID]struct{}, maxDials)
	done := make(chan dialed, maxDials)
	tick := time.NewTicker(dialTick)
	defer tick.Stop()
	for {
		for _, info := range d.choose(busy) {
			busy[info.ID] = struct{}{}
			go func() { done <- dialed{info.ID, d.dial(ctx, info)} }()
		}
		select {
		case <-ctx.Done():
			for range busy {
				<-done
			}
			return
		case r := <-done:
			delete(busy, r.peer)
			d.settle(ctx, r)
		case <-tick.C:
		case <-d.kick:
		}
	}
}

// choose returns the peers to dial now: the kept ones first, then as many as the target lacks.
func (d *Dialer) choose(busy map[peer.ID]struct{}) []peer.AddrInfo {
	room := maxDials - len(busy)
	if room <= 0 || !d.Gate.Open() {
		return nil
	}
	skip := func(p peer.ID) bool {
		_, dialing := busy[p]
		return dialing || d.Connected(p) || !d.Gate.InterceptPeerDial(p)
	}
	infos := d.Book.Due(true, room, skip)
	lack := d.Target - d.Outbound() - len(busy) - len(infos)
	return append(infos, d.Book.Due(false, min(room-len(infos), lack), skip)...)
}

func (d *Dialer) dial(ctx context.Context, info peer.AddrInfo) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return d.Dial(ctx, info)
}

// settle notes how a dial went. What a failed one says of the peer it says only
// while we have a network and time.
func (d *Dialer) settle(ctx context.Context, r dialed) {
	if r.err == nil || ctx.Err() != nil || !d.Gate.Open() {
		return
	}
	d.Book.Failed(r.peer)
	level := slog.LevelDebug
	if d.Book.Kept(r.peer) {
		level = slog.LevelInfo
	}
	d.Log.Log(ctx, level, "peer not reached", "peer", r.peer, "err", r.err)
}
