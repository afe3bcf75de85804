package swarm

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// Choice is a peer to dial, where, and the group that it would take.
type Choice struct {
	peer.AddrInfo
	Group Group
}

// candidate is an entry that may be dialed now.
type candidate struct {
	id peer.ID
	e  *entry
}

// due lists the peers that may be dialed now, without those that skip tells;
// b.mu is held. skip must not call the book.
func (b *Book) due(is func(*entry) bool, skip func(peer.ID) bool) []candidate {
	now := b.now()
	var list []candidate
	for p, e := range b.entries {
		if is(e) && len(e.addrs)+len(e.proven) > 0 && !e.next.After(now) && !b.refusals[p].until.After(now) && !skip(p) {
			list = append(list, candidate{p, e})
		}
	}
	// By id, so that chance alone says what comes of an order.
	slices.SortFunc(list, func(x, y candidate) int { return cmp.Compare(x.id, y.id) })
	return list
}

func (c candidate) choice() Choice {
	return Choice{peer.AddrInfo{ID: c.id, Addrs: c.e.all()}, c.e.group}
}

// Wanted returns up to n kept peers to dial now.
func (b *Book) Wanted(n int, skip func(peer.ID) bool) []Choice {
	return b.first(n, func(e *entry) bool { return e.kept }, skip)
}

// Urgent returns up to n peers that were urged, anchors first.
func (b *Book) Urgent(n int, skip func(peer.ID) bool) []Choice {
	return b.first(n, func(e *entry) bool { return e.urgent && !e.kept }, skip)
}

// first returns up to n due peers, anchors first, else by chance.
func (b *Book) first(n int, is func(*entry) bool, skip func(peer.ID) bool) []Choice {
	if n <= 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.due(is, skip)
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	slices.SortStableFunc(list, func(x, y candidate) int {
		return cmp.Compare(y.e.anchorRank(), x.e.anchorRank())
	})
	var out []Choice
	for _, c := range list[:min(n, len(list))] {
		out = append(out, c.choice())
	}
	return out
}

func (e *entry) anchorRank() int {
	if e.source == FromAnchor {
		return 1
	}
	return 0
}

// Pick draws up to n peers to dial, each of another group and none of a group
// that taken tells; nil: of any group.
//
// A fair coin chooses between tried and new peers, so that neither table alone
// decides. Among the new, first a teller is drawn, then one of the groups that it
// told of, then a peer: whoever tells of many peers, or has many in one group, has
// one ticket. Among the tried, first a group is drawn, then a peer, by how often
// and how lately it was good. So whoever fills the book can neither foretell who
// is dialed nor buy more than its share.
func (b *Book) Pick(n int, skip func(peer.ID) bool, taken func(Group) bool) []Choice {
	if n <= 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	heard, tried := split(b.due(func(e *entry) bool { return !e.kept }, skip))
	if taken != nil {
		heard, tried = b.open(heard, taken), b.open(tried, taken)
	}
	var out []Choice
	for len(out) < n && len(heard)+len(tried) > 0 {
		var c candidate
		if len(tried) > 0 && (len(heard) == 0 || rand.IntN(2) == 0) {
			c = drawTried(tried, now)
		} else {
			c = drawNew(heard)
		}
		choice := c.choice()
		if taken != nil {
			choice.Addrs = slices.DeleteFunc(choice.Addrs, func(a multiaddr.Multiaddr) bool { return taken(b.grouping.Of(c.id, a)) })
		}
		out = append(out, choice)
		gone := func(o candidate) bool { return o.id == c.id || taken != nil && o.e.group == c.e.group }
		heard, tried = slices.DeleteFunc(heard, gone), slices.DeleteFunc(tried, gone)
	}
	return out
}

func split(list []candidate) (heard, tried []candidate) {
	for _, c := range list {
		if c.e.tried {
			tried = append(tried, c)
		} else {
			heard = append(heard, c)
		}
	}
	return heard, tried
}

// open leaves out the peers of groups that are taken.
func (b *Book) open(list []candidate, taken func(Group) bool) []candidate {
	return slices.DeleteFunc(list, func(c candidate) bool { return taken(c.e.group) })
}

// drawNew draws a teller, then a group that it told of, then a peer.
func drawNew(list []candidate) candidate {
	tellers := make(map[Group][]candidate)
	for _, c := range list {
		for _, by := range c.e.by {
			tellers[by] = append(tellers[by], c)
		}
	}
	return draw(drawGroup(draw(values(tellers))))
}

// drawTried draws a group, then a peer of it by its quality.
func drawTried(list []candidate, now time.Time) candidate {
	list = drawGroup(list)
	sum := 0.0
	for _, c := range list {
		sum += c.e.quality(now)
	}
	r := rand.Float64() * sum
	for _, c := range list {
		if r -= c.e.quality(now); r < 0 {
			return c
		}
	}
	return list[len(list)-1]
}

// drawGroup draws one of the list's groups and returns its peers.
func drawGroup(list []candidate) []candidate {
	groups := make(map[Group][]candidate)
	for _, c := range list {
		groups[c.e.group] = append(groups[c.e.group], c)
	}
	return draw(values(groups))
}

func values(m map[Group][]candidate) [][]candidate {
	var list [][]candidate
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

func draw[T any](list []T) T { return list[rand.IntN(len(list))] }

// quality of a tried peer: 1 to 2 by how often it was good, less with each day
// since and with each failure.
func (e *entry) quality(now time.Time) float64 {
	days := max(0, now.Sub(e.last).Hours()/24)
	return (1 + min(float64(e.good), 10)/10) / (1 + days) / float64(1+e.fails)
}

// Test draws a peer whose address is to be tested: a tried one whose place
// another wants, or a new one.
func (b *Book) Test(skip func(peer.ID) bool) (Choice, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	suspects := b.due(func(e *entry) bool { return e.suspect && !e.kept }, skip)
	heard := b.due((*entry).isNew, skip)
	switch {
	case len(suspects) > 0 && (len(heard) == 0 || rand.IntN(2) == 0):
		return draw(suspects).choice(), true
	case len(heard) > 0:
		return drawNew(heard).choice(), true
	}
	return Choice{}, false
}
