package swarm

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// unchallenged is how long a tried peer keeps its place against another of a
// full group without being tested.
const unchallenged = 4 * time.Hour

// Reached notes that a peer passed the handshake where we dialed it, and what it
// says of its other addresses.
func (b *Book) Reached(info peer.AddrInfo, at multiaddr.Multiaddr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if info.ID == b.self || info.ID == "" || at == nil {
		return
	}
	delete(b.refusals, info.ID)
	e := b.entries[info.ID]
	if e == nil {
		// A walk of the DHT found it, or it was dropped while it was dialed.
		e = &entry{source: FromDHT}
	}
	e.learn(info.Addrs)
	e.proven = merge(maxProven, []multiaddr.Multiaddr{at}, e.proven)
	e.good++
	e.last = b.now()
	e.fails, e.tries, e.next = 0, 0, time.Time{}
	e.urgent, e.suspect = false, false
	b.setGroup(info.ID, e)
	if !e.kept && !e.tried {
		b.promote(e)
	} else {
		e.tried = true
	}
	if b.entries[info.ID] == nil && (e.tried || b.admit(e)) {
		b.entries[info.ID] = e
	}
}

// admit makes room for e among the new peers, told by its own group.
func (b *Book) admit(e *entry) bool {
	e.by = []Group{e.group}
	return b.roomForNew(e.group, e.group)
}

// promote moves e, which is not kept, to the tried peers, if its group and the
// table have a place or a peer that has lost its claim to one.
func (b *Book) promote(e *entry) {
	var worst *entry
	var worstID peer.ID
	rivals, all := 0, 0
	groups := make(map[Group]int)
	for _, o := range b.entries {
		if o.tried && !o.kept {
			all++
			groups[o.group]++
		}
	}
	rivals = groups[e.group]
	if rivals >= perTried || all >= maxTried {
		most := e.group
		if rivals < perTried { // the table is full: the largest group gives
			for g, n := range groups {
				if n > groups[most] || n == groups[most] && g < most {
					most = g
				}
			}
		}
		for p, o := range b.entries {
			if o.tried && !o.kept && o.group == most && (worst == nil || o.worse(worst)) {
				worst, worstID = o, p
			}
		}
		if worst == nil {
			return
		}
		if worst.fails == 0 && b.now().Sub(worst.last) < unchallenged {
			return
		}
		if worst.fails == 0 {
			worst.suspect = true // a feeler tests it; e waits among the new
			return
		}
		b.demote(worstID, worst)
	}
	e.tried, e.by = true, nil
}

// worse says that e has less claim to its place among the tried than o.
func (e *entry) worse(o *entry) bool {
	if e.fails != o.fails {
		return e.fails > o.fails
	}
	return e.last.Before(o.last)
}

// demote moves a tried peer back to the new ones.
func (b *Book) demote(p peer.ID, e *entry) {
	delete(b.entries, p)
	e.tried, e.suspect = false, false
	if b.admit(e) {
		b.entries[p] = e
	}
}
