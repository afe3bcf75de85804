package swarm

import (
	"cmp"
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
	FromConfig  Source = "config"
	FromSaved   Source = "saved"
	FromMDNS    Source = "mdns"
	FromDHT     Source = "dht"
	FromInbound Source = "inbound" // it found us
	FromRPC     Source = "rpc"
)

const (
	maxEntries = 2000 // peers in the book; strangers can fill it, so it is bounded
	maxAddrs   = 8    // addresses of one peer
	maxSaved   = 200  // peers that outlive the process

	firstRetry  = time.Second      // after the first failed dial, doubling
	lastRetry   = 10 * time.Minute // … up to this
	keptRetry   = time.Minute      // … or this, for peers that the operator wants
	firstRefuse = 5 * time.Second  // after the first failed handshake, doubling
	lastRefuse  = time.Hour
	hopeless    = 6 // failed dials in a row after which a peer that was never good is dropped
)

// entry is what is known of one peer.
type entry struct {
	addrs   []multiaddr.Multiaddr
	source  Source
	kept    bool      // the operator wants it connected always
	good    int       // handshakes passed, ever
	last    time.Time // the latest of them
	fails   int       // dials failed since the last success
	refusal int       // handshakes failed since the last success
	next    time.Time // not to be dialed before
	refused time.Time // not to be spoken to before
}

// Book knows peers to dial: who, where, how good, how long ago, and when to try
// again. All its methods may be called concurrently.
//
// Invariants: at most maxEntries peers with at most maxAddrs addresses each; a
// kept peer is never dropped; an entry without addresses is never due.
type Book struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[peer.ID]*entry
	self    peer.ID
}

// NewBook makes an empty book for the node whose id is self.
func NewBook(self peer.ID, now func() time.Time) *Book {
	return &Book{now: now, entries: make(map[peer.ID]*entry), self: self}
}

// Found notes that a peer may be reached at addrs, and tells whether it was new.
func (b *Book) Found(info peer.AddrInfo, s Source) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found(info, s) != nil
}

// found returns the entry when it is new.
func (b *Book) found(info peer.AddrInfo, s Source) *entry {
	if info.ID == b.self || info.ID == "" {
		return nil
	}
	if e := b.entries[info.ID]; e != nil {
		e.learn(info.Addrs)
		return nil
	}
	if len(b.entries) >= maxEntries && !b.evict() {
		return nil
	}
	e := &entry{source: s}
	e.learn(info.Addrs)
	b.entries[info.ID] = e
	return e
}

// learn puts the latest addresses first and forgets the oldest.
func (e *entry) learn(addrs []multiaddr.Multiaddr) {
	merged := make([]multiaddr.Multiaddr, 0, maxAddrs)
	for _, list := range [][]multiaddr.Multiaddr{addrs, e.addrs} {
		for _, a := range list {
			same := func(m multiaddr.Multiaddr) bool { return m.Equal(a) }
			if len(merged) < maxAddrs && a != nil && !slices.ContainsFunc(merged, same) {
				merged = append(merged, a)
			}
		}
	}
	e.addrs = merged
}

// evict makes room by dropping the least promising peer that nobody asked for.
// A peer that was good goes only when all were.
func (b *Book) evict() bool {
	var worst peer.ID
	var w *entry
	for p, e := range b.entries {
		if e.kept || e.refused.After(b.now()) {
			continue
		}
		if w == nil || worse(e, w) {
			worst, w = p, e
		}
	}
	if w == nil {
		return false
	}
	delete(b.entries, worst)
	return true
}

func worse(a, b *entry) bool {
	if a.good != b.good {
		return a.good < b.good
	}
	if a.fails != b.fails {
		return a.fails > b.fails
	}
	return a.last.Before(b.last)
}

// Keep marks a peer as wanted always, due at once.
func (b *Book) Keep(info peer.AddrInfo, s Source) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if info.ID == b.self || info.ID == "" {
		return
	}
	e := b.entries[info.ID]
	if e == nil {
		e = new(entry)
		b.entries[info.ID] = e
	}
	e.learn(info.Addrs)
	e.kept, e.source = true, s
	e.next, e.fails = time.Time{}, 0
}

// Unkeep takes Keep back.
func (b *Book) Unkeep(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[p]; e != nil {
		e.kept = false
	}
}

// Kept tells whether p is to stay connected.
func (b *Book) Kept(p peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[p]
	return e != nil && e.kept
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

// Good notes that a peer passed the handshake and may be reached at addrs.
func (b *Book) Good(info peer.AddrInfo) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found(info, FromInbound)
	e := b.entries[info.ID]
	if e == nil {
		return
	}
	e.learn(info.Addrs)
	e.good++
	e.last = b.now()
	e.fails, e.refusal = 0, 0
	e.next, e.refused = time.Time{}, time.Time{}
}

// Failed notes that a dial failed. The next comes later, and later again, with
// some chance in it so that a swarm that lost a node does not return in step.
func (b *Book) Failed(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[p]
	if e == nil {
		return
	}
	e.fails++
	if e.fails >= hopeless && e.good == 0 && !e.kept {
		delete(b.entries, p)
		return
	}
	limit := lastRetry
	if e.kept {
		limit = keptRetry
	}
	e.next = b.now().Add(backoff(firstRetry, limit, e.fails))
}

// Refused notes that a peer did not pass the handshake or does not speak our
// protocols. Until its back-off ends it is neither dialed nor let in.
func (b *Book) Refused(p peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found(peer.AddrInfo{ID: p}, FromInbound)
	e := b.entries[p]
	if e == nil {
		return
	}
	e.refusal++
	limit := lastRefuse
	if e.kept {
		limit = keptRetry
	}
	e.refused = b.now().Add(backoff(firstRefuse, limit, e.refusal))
}

// BackingOff tells whether p was refused lately.
func (b *Book) BackingOff(p peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[p]
	return e != nil && e.refused.After(b.now())
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
		e.next, e.refused = time.Time{}, time.Time{}
		e.fails, e.refusal = 0, 0
	}
}

// Due returns up to n peers to dial now, the kept ones or the others, the most
// promising first, without those that skip tells.
func (b *Book) Due(kept bool, n int, skip func(peer.ID) bool) []peer.AddrInfo {
	if n <= 0 {
		return nil
	}
	b.mu.Lock()
	now := b.now()
	type due struct {
		info peer.AddrInfo
		rank float64
	}
	var all []due
	for p, e := range b.entries {
		if e.kept == kept && len(e.addrs) > 0 && !e.next.After(now) && !e.refused.After(now) {
			all = append(all, due{peer.AddrInfo{ID: p, Addrs: slices.Clone(e.addrs)}, e.rank(now)})
		}
	}
	b.mu.Unlock()

	all = slices.DeleteFunc(all, func(d due) bool { return skip(d.info.ID) })
	slices.SortFunc(all, func(x, y due) int { return cmp.Compare(y.rank, x.rank) })
	infos := make([]peer.AddrInfo, 0, min(n, len(all)))
	for _, d := range all[:min(n, len(all))] {
		infos = append(infos, d.info)
	}
	return infos
}

// rank is higher for peers that were good often and lately, with chance enough
// that whoever fills the book cannot foretell who is dialed.
func (e *entry) rank(now time.Time) float64 {
	r := rand.Float64()
	if e.good > 0 {
		days := max(0, now.Sub(e.last).Hours()/24)
		r += (1 + min(float64(e.good), 10)/10) / (1 + days)
	}
	return r - float64(e.fails)/4
}
