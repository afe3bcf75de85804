package swarm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ipfs/go-datastore"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

var bookKey = datastore.NewKey("/gossip/peers")

// maxHearsay is how many new peers outlive the process beside the tried ones.
const maxHearsay = 256

// savedPeer is a peer as it outlives the process, in JSON.
type savedPeer struct {
	ID    string    `json:"id"`
	Addrs []string  `json:"addrs"` // where it was reached, or, never reached, where it is told to be
	Good  int       `json:"good"`
	Last  time.Time `json:"last"`
	By    []string  `json:"by,omitempty"` // who told of it; only while it is new
}

// Save writes the tried peers, the latest first, and some of the new ones.
func (b *Book) Save(ctx context.Context, d datastore.Datastore) error {
	raw, err := json.Marshal(b.toSave())
	if err != nil {
		return fmt.Errorf("saving peers: %w", err)
	}
	if err := d.Put(ctx, bookKey, raw); err != nil {
		return fmt.Errorf("saving peers: %w", err)
	}
	return nil
}

func (b *Book) toSave() []savedPeer {
	b.mu.Lock()
	defer b.mu.Unlock()
	var tried, heard []savedPeer
	for p, e := range b.entries {
		s := savedPeer{ID: p.String(), Good: e.good, Last: e.last}
		if e.tried {
			s.Addrs = texts(e.proven)
			tried = append(tried, s)
			continue
		}
		if e.kept {
			continue // the operator names it again
		}
		s.Addrs = texts(e.all())
		for _, g := range e.by {
			s.By = append(s.By, string(g))
		}
		heard = append(heard, s)
	}
	slices.SortFunc(tried, func(x, y savedPeer) int {
		return cmp.Or(y.Last.Compare(x.Last), cmp.Compare(x.ID, y.ID))
	})
	rand.Shuffle(len(heard), func(i, j int) { heard[i], heard[j] = heard[j], heard[i] })
	return append(tried[:min(len(tried), maxTried)], heard[:min(len(heard), maxHearsay)]...)
}

func texts(addrs []multiaddr.Multiaddr) []string {
	var list []string
	for _, a := range addrs {
		list = append(list, a.String())
	}
	return list
}

// Load adds the peers that Save wrote. A list that does not parse is an error,
// after which the book is as it was; a peer that does not is left out.
func (b *Book) Load(ctx context.Context, d datastore.Datastore) error {
	raw, err := d.Get(ctx, bookKey)
	if errors.Is(err, datastore.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("loading saved peers: %w", err)
	}
	var list []savedPeer
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("loading saved peers: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range list[:min(len(list), maxTried+maxHearsay)] {
		b.restore(s)
	}
	return nil
}

// restore adds a saved peer, within the quotas.
func (b *Book) restore(s savedPeer) {
	p, err := peer.Decode(s.ID)
	if err != nil || b.entries[p] != nil || p == b.self {
		return
	}
	var addrs []multiaddr.Multiaddr
	for _, t := range s.Addrs {
		if a, err := multiaddr.NewMultiaddr(t); err == nil {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		return
	}
	e := &entry{source: FromSaved, good: s.Good, last: s.Last}
	if len(s.By) == 0 && s.Good > 0 {
		e.proven = merge(maxProven, addrs)
		b.setGroup(p, e)
		if b.promote(e); e.tried || b.admit(e) {
			b.entries[p] = e
		}
		return
	}
	e.learn(addrs)
	b.setGroup(p, e)
	for _, by := range s.By[:min(len(s.By), maxTellers)] {
		e.by = append(e.by, Group(by))
	}
	if len(e.by) == 0 {
		e.by = []Group{e.group}
	}
	if b.roomForNew(e.group, e.by[0]) {
		b.entries[p] = e
	}
}
