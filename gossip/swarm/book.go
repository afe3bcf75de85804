package swarm

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// Source is how a peer was found.
type Source string

const (
	FromConfig    Source = "config"
	FromSeed      Source = "seed"
	FromAnchor    Source = "anchor"
	FromSaved     Source = "saved"
	FromMDNS      Source = "mdns"
	FromDHT       Source = "dht"
	FromPublicDHT Source = "public-dht"
	FromInbound   Source = "inbound" // it found us
	FromRPC       Source = "rpc"
)

const (
	maxNew       = 2048 // peers known by hearsay
	perTeller    = 128  // … of them told by one network group
	perGroup     = 64   // … of them in one network group
	maxTried     = 512  // peers that we have reached
	perTried     = 16   // … of them in one network group
	maxTellers   = 4    // that are remembered for a peer
	maxAddrs     = 16   // addresses of a peer that others told
	maxClaim     = 8    // … of which at once
	maxProven    = 4    // addresses at which we have reached it
	maxRefused   = 4096 // peers that are in back-off
	maxOperators = 1024 // kept peers

	firstRetry  = time.Second      // after the first failed dial, doubling
	lastRetry   = 10 * time.Minute // … up to this
	keptRetry   = time.Minute      // … or this, for peers that the operator wants
	firstRefuse = 5 * time.Second  // after the first failed handshake, doubling
	lastRefuse  = time.Hour
	hopeless    = 6 // failed dials in a row after which a peer that was never reached is dropped
	lost        = 12
	lostAfter   = 7 * 24 * time.Hour // a peer that was reached is dropped when it failed lost times and this long ago last passed
)

// entry is what is known of one peer.
type entry struct {
	addrs   []multiaddr.Multiaddr // told by others, the latest first
	proven  []multiaddr.Multiaddr // where it passed the handshake, the latest first
	group   Group                 // of its first address
	source  Source
	by      []Group // who told of it, while it is new; at most maxTellers
	kept    bool    // the operator wants it connected always
	urgent  bool    // to be dialed before others, once
	tried   bool    // reached: in the table of tried peers, not of new ones
	suspect bool    // tried, and another wants its place: to be tested

	good  int       // handshakes passed at an address that we dialed
	last  time.Time // the latest of them
	fails int       // dials failed since then, while others succeeded
	tries int       // dials failed since then
	next  time.Time // not to be dialed before
}

// refusal says that a peer did not pass the handshake.
type refusal struct {
	n     int       // in a row
	until time.Time // not to be spoken to before
}

// Book knows peers to dial: who, where, how good, how long ago, and when to try
// again. All its methods may be called concurrently.
//
// As in Bitcoin Core's addrman there are two tables. New peers are hearsay: what
// one network group tells fills at most a sixteenth of the table, what is in one
// group a thirty-second, and who tells more displaces only what it told itself.
// Tried peers have passed the handshake where we dialed them. Hearsay cannot
// displace them, nor the addresses at which they were reached; another tried peer
// of the same group can, when the old one no longer answers.
//
// Invariants: at most maxNew new and maxTried tried peers, besides kept ones, and
// no quota is passed; a kept peer is never dropped; an entry without addresses is
// never due; by is empty for tried and kept peers alone.
type Book struct {
	now      func() time.Time
	grouping Grouping
	self     peer.ID

	mu       sync.Mutex
	entries  map[peer.ID]*entry
	refusals map[peer.ID]refusal
}

// NewBook makes an empty book for the node whose id is self.
func NewBook(self peer.ID, g Grouping, now func() time.Time) *Book {
	return &Book{now: now, grouping: g, self: self,
		entries: make(map[peer.ID]*entry), refusals: make(map[peer.ID]refusal)}
}

// Found notes that by tells that a peer may be reached at addrs, and says
// whether it was new. by is the teller's network group, or any name for what is
// one source; empty: the source's name.
func (b *Book) Found(info peer.AddrInfo, s Source, by Group) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found(info, s, by) != nil
}

// found returns the entry when it is new.
func (b *Book) found(info peer.AddrInfo, s Source, by Group) *entry {
	if info.ID == b.self || info.ID == "" || len(info.Addrs) == 0 {
		return nil
	}
	if by == "" {
		by = Group(s)
	}
	if e := b.entries[info.ID]; e != nil {
		b.heardAgain(e, info, by)
		return nil
	}
	e := &entry{source: s, by: []Group{by}}
	e.learn(info.Addrs)
	b.setGroup(info.ID, e)
	if !b.roomForNew(e.group, by) {
		return nil
	}
	b.entries[info.ID] = e
	return e
}

// heardAgain notes another who tells of a known peer, so that the first one's
// other tales cannot displace it. The group stays: a tale must not carry a peer
// into another.
func (b *Book) heardAgain(e *entry, info peer.AddrInfo, by Group) {
	e.learn(info.Addrs)
	if !e.isNew() || slices.Contains(e.by, by) || len(e.by) >= maxTellers {
		return
	}
	if b.count(func(o *entry) bool { return o.toldBy(by) }) < perTeller {
		e.by = append(e.by, by)
	}
}

func (e *entry) isNew() bool { return !e.tried && !e.kept }

func (e *entry) toldBy(g Group) bool { return e.isNew() && slices.Contains(e.by, g) }

// setGroup derives the group from where p was reached last or else is told to be.
func (b *Book) setGroup(p peer.ID, e *entry) {
	for _, list := range [][]multiaddr.Multiaddr{e.proven, e.addrs} {
		for _, a := range list {
			if e.group = b.grouping.Of(p, a); e.group != "" {
				return
			}
		}
	}
}

// learn puts the latest addresses first and forgets the oldest. They are hearsay:
// those at which the peer was reached stay.
func (e *entry) learn(addrs []multiaddr.Multiaddr) {
	e.addrs = merge(maxAddrs, addrs[:min(len(addrs), maxClaim)], e.addrs)
}

// merge joins the lists without what occurs twice, up to most.
func merge(most int, lists ...[]multiaddr.Multiaddr) []multiaddr.Multiaddr {
	var merged []multiaddr.Multiaddr
	for _, list := range lists {
		for _, a := range list {
			same := func(m multiaddr.Multiaddr) bool { return m.Equal(a) }
			if len(merged) < most && a != nil && !slices.ContainsFunc(merged, same) {
				merged = append(merged, a)
			}
		}
	}
	return merged
}

// all returns where e may be reached, the proven addresses first.
func (e *entry) all() []multiaddr.Multiaddr { return merge(maxProven+maxAddrs, e.proven, e.addrs) }

func (b *Book) count(is func(*entry) bool) int {
	n := 0
	for _, e := range b.entries {
		if is(e) {
			n++
		}
	}
	return n
}

// roomForNew keeps the quotas of the new table before one more told by a group
// by enters it. The teller at its quota loses one of its own; a full network
// group or table loses one of whoever told most of it. False: it cannot enter.
func (b *Book) roomForNew(g, by Group) bool {
	told, inGroup, all := 0, 0, 0
	for _, e := range b.entries { // once, since most of what is told finds room
		if !e.isNew() {
			continue
		}
		all++
		if e.group == g {
			inGroup++
		}
		if slices.Contains(e.by, by) {
			told++
		}
	}
	if told >= perTeller {
		own := b.those(func(e *entry) bool { return e.toldBy(by) })
		p := own[rand.IntN(len(own))]
		if e := b.entries[p]; len(e.by) == 1 {
			all--
			if e.group == g {
				inGroup--
			}
		}
		b.untell(p, by)
	}
	if inGroup >= perGroup {
		all--
		if !b.dropOne(b.those(func(e *entry) bool { return e.isNew() && e.group == g })) {
			return false
		}
	}
	return all < maxNew || b.dropOne(b.those((*entry).isNew))
}

func (b *Book) those(is func(*entry) bool) []peer.ID {
	var list []peer.ID
	for p, e := range b.entries {
		if is(e) {
			list = append(list, p)
		}
	}
	return list
}

// untell forgets that by told of p, and p when nobody else did.
func (b *Book) untell(p peer.ID, by Group) {
	e := b.entries[p]
	e.by = slices.DeleteFunc(e.by, func(g Group) bool { return g == by })
	if len(e.by) == 0 {
		delete(b.entries, p)
	}
}

// dropOne drops one of the new peers in list, by chance: one that could not be
// reached, else one of whoever told most of them.
func (b *Book) dropOne(list []peer.ID) bool {
	if len(list) == 0 {
		return false
	}
	if failing := slices.DeleteFunc(slices.Clone(list), func(p peer.ID) bool { return b.entries[p].fails == 0 }); len(failing) > 0 {
		delete(b.entries, failing[rand.IntN(len(failing))])
		return true
	}
	told := make(map[Group]int)
	var most Group
	for _, p := range list {
		for _, by := range b.entries[p].by {
			if told[by]++; told[by] > told[most] || told[by] == told[most] && by < most {
				most = by
			}
		}
	}
	list = slices.DeleteFunc(list, func(p peer.ID) bool { return !slices.Contains(b.entries[p].by, most) })
	delete(b.entries, list[rand.IntN(len(list))])
	return true
}

// Keep marks a peer as wanted always, due at once. False: there are too many.
func (b *Book) Keep(info peer.AddrInfo, s Source) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if info.ID == b.self || info.ID == "" {
		return false
	}
	e := b.entries[info.ID]
	if (e == nil || !e.kept) && b.count(func(e *entry) bool { return e.kept }) >= maxOperators {
		return false
	}
	if e == nil {
		e = new(entry)
		b.entries[info.ID] = e
	}
	e.learn(info.Addrs)
	b.setGroup(info.ID, e)
	e.kept, e.source, e.by = true, s, nil
	e.next, e.fails, e.tries = time.Time{}, 0, 0
	return true
}

// Unkeep takes Keep back.
func (b *Book) Unkeep(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[p]
	if e == nil || !e.kept {
		return
	}
	e.kept = false
	if e.tried { // it took no place while it was kept
		e.tried = false
		b.promote(e)
	}
	if !e.tried {
		delete(b.entries, p)
		if e.by = []Group{Group(e.source)}; b.roomForNew(e.group, e.by[0]) {
			b.entries[p] = e
		}
	}
}

// Kept tells whether p is to stay connected.
func (b *Book) Kept(p peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[p]
	return e != nil && e.kept
}

// Urge makes a peer due at once and before others, the next time that the node
// lacks one: a seed, or an anchor of the last run.
func (b *Book) Urge(info peer.AddrInfo, s Source) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found(info, s, "")
	if e := b.entries[info.ID]; e != nil {
		e.urgent, e.next = true, time.Time{}
		if s == FromAnchor {
			e.source = s
		}
	}
}

// Source tells how p was found; FromInbound when it found us.
func (b *Book) Source(p peer.ID) Source {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[p]; e != nil {
		return e.source
	}
	return FromInbound
}

// Met notes a peer that connected to us and passed the handshake: from says what
// group it came from. What it says of its own addresses is hearsay.
func (b *Book) Met(info peer.AddrInfo, from Group) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.refusals, info.ID)
	b.found(info, FromInbound, from)
}

// Failed notes that a dial failed. The next comes later, and later again, with
// some chance in it so that a swarm that lost a node does not return in step.
// counts says that the network works, so that the failure speaks of the peer.
func (b *Book) Failed(p peer.ID, counts bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[p]
	if e == nil {
		return
	}
	e.urgent = false
	e.tries++
	if counts {
		e.fails++
	}
	gone := e.good == 0 && e.fails >= hopeless || e.fails >= lost && b.now().Sub(e.last) > lostAfter
	if gone && !e.kept {
		delete(b.entries, p)
		return
	}
	limit := lastRetry
	if e.kept {
		limit = keptRetry
	}
	e.next = b.now().Add(backoff(firstRetry, limit, e.tries))
}

// Dialed notes that a dial went well. What comes of it Reached or Refused will
// say; a peer that hangs up before either is dialed later, and later again.
func (b *Book) Dialed(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[p]; e != nil && !e.next.After(b.now()) {
		e.urgent = false
		e.tries++
		e.next = b.now().Add(backoff(firstRetry, keptRetry, e.tries))
	}
}

// Parted notes that a peer was sent away or went: for about d it is not to be dialed.
func (b *Book) Parted(p peer.ID, d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[p]; e != nil {
		e.next = b.now().Add(backoff(d, d, 1))
	}
}

// Refused notes that a peer did not pass the handshake or does not speak our
// protocols. Until its back-off ends it is neither dialed nor let in.
func (b *Book) Refused(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	e, r := b.entries[p], b.refusals[p]
	r.n++
	limit := lastRefuse
	if e != nil && e.kept {
		limit = keptRetry
	}
	if r.n >= hopeless && e != nil && !e.kept {
		delete(b.entries, p) // it is of another swarm, or broken
	}
	if r.n == 1 && len(b.refusals) >= maxRefused {
		b.forgetRefusal(now)
	}
	r.until = now.Add(backoff(firstRefuse, limit, r.n))
	b.refusals[p] = r
	if e != nil {
		e.urgent = false
	}
}

// forgetRefusal drops the refusals that have ended long ago, else the one that
// ends first.
func (b *Book) forgetRefusal(now time.Time) {
	var first peer.ID
	for p, r := range b.refusals {
		if now.Sub(r.until) > lastRefuse {
			delete(b.refusals, p)
		} else if first == "" || r.until.Before(b.refusals[first].until) {
			first = p
		}
	}
	if len(b.refusals) >= maxRefused {
		delete(b.refusals, first)
	}
}

// BackingOff tells whether p was refused lately.
func (b *Book) BackingOff(p peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusals[p].until.After(b.now())
}

// backoff is first·2^(n-1), at most limit, less up to a quarter.
func backoff(first, limit time.Duration, n int) time.Duration {
	d := limit
	if shift := n - 1; shift < 20 && first<<shift < limit {
		d = first << shift
	}
	return d - rand.N(d/4+1)
}

// Hurry makes every peer due now: the network came back.
func (b *Book) Hurry() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.entries {
		e.next, e.fails, e.tries = time.Time{}, 0, 0
	}
	clear(b.refusals)
}

// Count is how many peers the book knows by hearsay, and how many it has reached.
func (b *Book) Count() (heard, tried int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.entries {
		if e.tried {
			tried++
		} else {
			heard++
		}
	}
	return heard, tried
}
