package gossip

import (
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/quernnet/quern/gossip/swarm"
)

const (
	waitTime    = time.Minute     // a direct dial and three hole punches take 40 s at most
	maxWaitIn   = 32              // peers that came over a relay
	maxWaitOut  = 8               // … that we dialed over one
	keepRelayed = 5 * time.Second // a relayed connection beside a direct one
	waitAgain   = 5 * time.Minute // before the next try after one in vain, doubling
	waitLongest = 2 * time.Hour   // … up to this
	maxInVain   = 1024            // peers remembered for that
)

// waiting owns the peers that are connected over a relay only: they are waiting
// for a direct connection. A relayed one is limited in time and bytes, and costs
// somebody else's line, so nothing of ours runs over it: no handshake, no
// gossip, no question. Such a peer is no member and fills no slot.
//
// Invariants: at most maxWaitIn and maxWaitOut of them; each ends, by a direct
// connection or after waitTime, when its relayed connections are closed; then no
// relayed connection to it is made or taken before its back-off ends, so that
// two nodes that cannot get through to each other do not try for ever.
type waiting struct {
	now func() time.Time
	log *slog.Logger

	mu                sync.Mutex
	m                 map[Peer]*swarm.Waiting
	through           map[Peer]time.Time // whose direct connection came, and when; until the next sweep
	inVain            map[Peer]*vain
	succeeded, failed int
}

// vain is a peer for which waiting was in vain.
type vain struct {
	times int
	next  time.Time
}

func newWaiting(now func() time.Time, log *slog.Logger) *waiting {
	return &waiting{now: now, log: log, m: make(map[Peer]*swarm.Waiting), through: make(map[Peer]time.Time), inVain: make(map[Peer]*vain)}
}

// may tells whether a relayed connection with p may be made or taken.
func (w *waiting) may(p Peer, inbound bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.m[p] != nil {
		return true
	}
	if v := w.inVain[p]; v != nil && v.next.After(w.now()) {
		return false
	}
	return w.room(inbound)
}

// room tells whether one more may wait; w.mu is held.
func (w *waiting) room(inbound bool) bool {
	k, limit := 0, maxWaitOut
	if inbound {
		limit = maxWaitIn
	}
	for _, x := range w.m {
		if x.Inbound == inbound {
			k++
		}
	}
	return k < limit
}

// look compares p's connections with what is held; it tells whether they are to
// be closed for want of room.
func (w *waiting) look(p Peer, conns []network.Conn) (over bool) {
	through := slices.ContainsFunc(conns, func(c network.Conn) bool { return !c.Stat().Limited })
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.m[p]
	switch {
	case through:
		delete(w.inVain, p)
		if x != nil {
			w.succeeded++
			delete(w.m, p)
			w.through[p] = w.now()
			w.log.Debug("direct connection instead of the relayed one", "peer", p, "tries", x.Tries)
		}
	case len(conns) == 0:
		if x != nil {
			w.end(x)
		}
	case x == nil:
		c := conns[0]
		in := c.Stat().Direction == network.DirInbound
		if !w.room(in) {
			return true
		}
		now := w.now()
		w.m[p] = &swarm.Waiting{ID: p, Via: swarm.RelayOf(c.RemoteMultiaddr(), c.LocalMultiaddr()), Inbound: in, Since: now, Until: now.Add(waitTime)}
		w.log.Debug("waiting for a direct connection", "peer", p, "inbound", in)
	}
	return false
}

// end notes that x waited in vain; w.mu is held.
func (w *waiting) end(x *swarm.Waiting) {
	delete(w.m, x.ID)
	w.failed++
	v := w.inVain[x.ID]
	if v == nil {
		if len(w.inVain) >= maxInVain {
			w.forget()
		}
		v = new(vain)
		w.inVain[x.ID] = v
	}
	pause := waitLongest
	if v.times < 8 {
		pause = min(waitAgain<<v.times, waitLongest)
	}
	v.times++
	v.next = w.now().Add(pause)
	w.log.Debug("no direct connection", "peer", x.ID, "tries", x.Tries, "last", x.Last, "again_after", pause)
}

// forget drops who may be tried again soonest; w.mu is held.
func (w *waiting) forget() {
	var soonest Peer
	for p, v := range w.inVain {
		if o := w.inVain[soonest]; o == nil || v.next.Before(o.next) {
			soonest = p
		}
	}
	delete(w.inVain, soonest)
}

// over ends those who have waited for long enough, and returns them with those who
// got through a while ago: their relayed connections are to be closed. A while,
// since the other side may see the direct connection a moment after us.
func (w *waiting) over() []Peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Peer
	for p, x := range w.m {
		if !w.now().Before(x.Until) {
			w.end(x)
			list = append(list, p)
		}
	}
	for p, at := range w.through {
		if w.now().Sub(at) >= keepRelayed {
			delete(w.through, p)
			list = append(list, p)
		}
	}
	return list
}

// told takes the steps of hole punching in.
func (w *waiting) told(e swarm.PunchEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.m[e.ID]
	switch {
	case x == nil:
	case e.Begun:
		x.Tries++
	case e.Success:
		x.Last = "succeeded"
	default:
		x.Last = "failed: " + e.Why
	}
}

// list returns who waits, the longest first.
func (w *waiting) list() []swarm.Waiting {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []swarm.Waiting
	for _, x := range w.m {
		list = append(list, *x)
	}
	slices.SortFunc(list, func(a, b swarm.Waiting) int { return a.Since.Compare(b.Since) })
	return list
}

// counts tells how many peers got a direct connection, and how many did not.
func (w *waiting) counts() (succeeded, failed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.succeeded, w.failed
}

// closeRelayed closes p's relayed connections.
func (l *live) closeRelayed(p peer.ID) {
	for _, c := range l.host.Network().ConnsToPeer(p) {
		if c.Stat().Limited {
			_ = c.Close() // gone already is as good
		}
	}
}
