package gossip

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	banPoints = 100
	banTime   = 24 * time.Hour
	halfLife  = 30 * time.Minute // of points
	maxScored = 4096             // peers with points; ids are free, so the list is bounded
	maxBans   = 16384

	bansPrefix = "/gossip/bans"
)

// scores owns misbehaviour points and bans.
//
// Invariants: points halve every halfLife; a peer whose points reach banPoints
// has a ban instead; both lists are bounded, the mildest entry goes first; every
// ban in memory is in the store, unless the store failed.
type scores struct {
	now   func() time.Time
	store datastore.Datastore

	mu     sync.RWMutex
	points map[Peer]points
	bans   map[string]ban // by peer id or IP address
}

// ban is what is kept of one. On disk it is the time in eight bytes (Unix
// seconds, big-endian), then the reason; the first version had no reason.
type ban struct {
	until  time.Time
	reason string // for people, printable
}

const (
	maxReason  = 200
	byOperator = "the operator's decision"
)

func (b ban) encode() []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(b.until.Unix())), b.reason...)
}

// decodeBan reads a ban; what is none has ended long ago.
func decodeBan(raw []byte) ban {
	if len(raw) < 8 {
		return ban{}
	}
	return ban{time.Unix(int64(binary.BigEndian.Uint64(raw)), 0), printable(string(raw[8:]))}
}

// printable is text that a stranger had a part in, cut and kept from playing
// tricks on a terminal.
func printable(s string) string {
	b := []byte(s[:min(len(s), maxReason)])
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// points at a moment.
type points struct {
	n  float64
	at time.Time
}

func (p points) fade(now time.Time) float64 {
	age := max(0, now.Sub(p.at))
	return p.n * math.Exp2(-float64(age)/float64(halfLife))
}

// loadScores reads the bans of earlier runs and drops those that have ended.
func loadScores(ctx context.Context, d datastore.Datastore, now func() time.Time) (*scores, error) {
	s := &scores{now: now, store: d, points: make(map[Peer]points), bans: make(map[string]ban)}
	res, err := d.Query(ctx, query.Query{Prefix: bansPrefix})
	if err != nil {
		return nil, fmt.Errorf("loading bans: %w", err)
	}
	defer res.Close()
	var ended []string
	for r := range res.Next() {
		if r.Error != nil {
			return nil, fmt.Errorf("loading bans: %w", r.Error)
		}
		if b := decodeBan(r.Value); b.until.After(now()) {
			s.bans[strings.TrimPrefix(r.Key, bansPrefix+"/")] = b
		} else {
			ended = append(ended, r.Key)
		}
	}
	for _, k := range ended {
		err = errors.Join(err, d.Delete(ctx, datastore.NewKey(k)))
	}
	if err != nil {
		return nil, fmt.Errorf("dropping bans that have ended: %w", err)
	}
	return s, nil
}

// add gives p more points and tells their sum, faded.
func (s *scores) add(p Peer, n int) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	sum := s.points[p].fade(now) + float64(max(n, 1))
	if _, ok := s.points[p]; !ok && len(s.points) >= maxScored {
		s.dropMildest(now)
	}
	s.points[p] = points{sum, now}
	return sum
}

func (s *scores) dropMildest(now time.Time) {
	var mildest Peer
	least := math.Inf(1)
	for p, pt := range s.points {
		n := pt.fade(now)
		if n < 1 {
			delete(s.points, p)
		} else if n < least {
			mildest, least = p, n
		}
	}
	if len(s.points) >= maxScored {
		delete(s.points, mildest)
	}
}

// of tells p's points.
func (s *scores) of(p Peer) float64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	pt, ok := s.points[p]
	if !ok {
		return 0
	}
	return pt.fade(s.now())
}

// ban bans whom, a peer id or an IP address in text, for a while.
func (s *scores) ban(ctx context.Context, whom string, d time.Duration, reason string) error {
	b := ban{s.now().Add(d), printable(reason)}
	s.mu.Lock()
	var dropped string
	if len(s.bans) >= maxBans {
		dropped = s.soonest()
		delete(s.bans, dropped)
	}
	s.bans[whom] = b
	s.mu.Unlock()

	var err error
	if dropped != "" {
		err = s.store.Delete(ctx, banKey(dropped))
	}
	return errors.Join(err, s.store.Put(ctx, banKey(whom), b.encode()))
}

// unban ends a ban.
func (s *scores) unban(ctx context.Context, whom string) error {
	s.mu.Lock()
	delete(s.bans, whom)
	s.mu.Unlock()
	return s.store.Delete(ctx, banKey(whom))
}

func banKey(whom string) datastore.Key { return datastore.NewKey(bansPrefix + "/" + whom) }

func (s *scores) soonest() string {
	var first string
	var at time.Time
	for whom, b := range s.bans {
		if first == "" || b.until.Before(at) {
			first, at = whom, b.until
		}
	}
	return first
}

// forgive clears p's points.
func (s *scores) forgive(p Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.points, p)
}

// banned tells whether p is banned now.
func (s *scores) banned(p Peer) bool { return s.isBanned(p.String()) }

// bannedAddr tells whether a's IP address is banned now.
func (s *scores) bannedAddr(a multiaddr.Multiaddr) bool {
	ip, ok := ipOf(a)
	return ok && s.isBanned(ip.String())
}

func (s *scores) isBanned(whom string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, ok := s.bans[whom]
	return ok && b.until.After(s.now())
}

// all returns the bans in force.
func (s *scores) all() map[string]time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m, now := make(map[string]time.Time, len(s.bans)), s.now()
	for whom, b := range s.bans {
		if b.until.After(now) {
			m[whom] = b.until
		}
	}
	return m
}

// reason is why somebody is banned; "" when nobody is or nobody knows.
func (s *scores) reason(whom string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bans[whom].reason
}

// ipOf is a's own IP address. A relayed address has none: its IP is the
// relay's, who is not to blame.
func ipOf(a multiaddr.Multiaddr) (netip.Addr, bool) {
	if _, err := a.ValueForProtocol(multiaddr.P_CIRCUIT); err == nil {
		return netip.Addr{}, false
	}
	ip, err := manet.ToIP(a)
	if err != nil {
		return netip.Addr{}, false
	}
	addr, ok := netip.AddrFromSlice(ip)
	return addr.Unmap(), ok
}

// Report is the one door to scores and bans. Points add up, fade with time
// (half of them every 30 minutes), and at 100 the peer is disconnected and
// banned for 24 hours, by its id, and by its address unless Private or named by
// the operator. err says what the peer did: it is logged, and kept as the reason
// of a ban.
func (n *Net) Report(p Peer, points int, err error) {
	if p == n.id || p == "" {
		return
	}
	sum := n.scores.add(p, points)
	n.c.Log.Info("peer misbehaved", "peer", p, "points", points, "sum", int(sum), "err", err)
	if sum < banPoints {
		return
	}
	n.ban(p, err)
}

func (n *Net) ban(p Peer, cause error) {
	whom := []string{p.String()}
	l := n.live.Load()
	if l != nil && !n.c.Private && !n.book.Kept(p) {
		for _, c := range l.host.Network().ConnsToPeer(p) {
			if ip, ok := ipOf(c.RemoteMultiaddr()); ok && !ip.IsPrivate() && !ip.IsLoopback() {
				whom = append(whom, ip.String())
			}
		}
	}
	reason := "misbehaviour"
	if cause != nil {
		reason = cause.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	for _, w := range whom {
		if err := n.scores.ban(ctx, w, banTime, reason); err != nil {
			n.c.Log.Error("a ban will not outlive this run", "whom", w, "err", err)
		}
	}
	n.scores.forgive(p)
	n.c.Log.Warn("peer banned for 24 hours", "peer", p, "whom", whom, "reason", reason)
	if l != nil {
		_ = n.members.cut(p) // gone already is as good
	}
}

// Ban cuts a peer off and refuses it for d, by its id, whatever its points: the
// operator's decision. The error says that the ban will not outlive this run.
func (n *Net) Ban(p Peer, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	err := n.scores.ban(ctx, p.String(), d, byOperator)
	if l := n.live.Load(); l != nil {
		_ = n.members.cut(p) // gone already is as good
	}
	if err != nil {
		return fmt.Errorf("banning %s: %w", p, err)
	}
	return nil
}

// Unban ends the ban of a peer id or IP address, as Bans names it.
func (n *Net) Unban(whom string) error {
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	if err := n.scores.unban(ctx, whom); err != nil {
		return fmt.Errorf("ending the ban of %s: %w", whom, err)
	}
	if l := n.live.Load(); l != nil {
		l.dialer.Kick()
	}
	return nil
}

// report passes a Fault in err on to Report.
func (n *Net) report(err error) {
	var f *Fault
	if errors.As(err, &f) && !f.reported {
		n.Report(f.Peer, f.Points, f.Err)
	}
}

// reportOnce reports a Fault in err, and marks it so that a handler or joined
// that returns it does not report it again. Only for errors not yet shared.
func (n *Net) reportOnce(err error) {
	n.report(err)
	var f *Fault
	if errors.As(err, &f) {
		f.reported = true
	}
}

// Fault is an error that a peer is to blame for.
type Fault struct {
	Peer   Peer
	Points int // 100 bans; at least 1
	Err    error

	reported bool // by Call, which alone knows that nobody else holds it yet
}

func (f *Fault) Error() string { return "peer " + f.Peer.String() + ": " + f.Err.Error() }

// Unwrap returns what the peer did.
func (f *Fault) Unwrap() error { return f.Err }
