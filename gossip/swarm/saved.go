package swarm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ipfs/go-datastore"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

var bookKey = datastore.NewKey("/gossip/peers")

// savedPeer is a good peer as it outlives the process, in JSON.
type savedPeer struct {
	ID    string    `json:"id"`
	Addrs []string  `json:"addrs"`
	Good  int       `json:"good"`
	Last  time.Time `json:"last"`
}

// Save writes the best peers: those that passed the handshake, the latest first.
func (b *Book) Save(ctx context.Context, d datastore.Datastore) error {
	b.mu.Lock()
	var list []savedPeer
	for p, e := range b.entries {
		if e.good == 0 || len(e.addrs) == 0 {
			continue
		}
		s := savedPeer{ID: p.String(), Good: e.good, Last: e.last}
		for _, a := range e.addrs {
			s.Addrs = append(s.Addrs, a.String())
		}
		list = append(list, s)
	}
	b.mu.Unlock()

	slices.SortFunc(list, func(x, y savedPeer) int {
		return cmp.Or(y.Last.Compare(x.Last), cmp.Compare(x.ID, y.ID))
	})
	raw, err := json.Marshal(list[:min(len(list), maxSaved)])
	if err != nil {
		return fmt.Errorf("saving peers: %w", err)
	}
	if err := d.Put(ctx, bookKey, raw); err != nil {
		return fmt.Errorf("saving peers: %w", err)
	}
	return nil
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
	for _, s := range list[:min(len(list), maxSaved)] {
		p, err := peer.Decode(s.ID)
		if err != nil {
			continue
		}
		info := peer.AddrInfo{ID: p}
		for _, t := range s.Addrs {
			if a, err := multiaddr.NewMultiaddr(t); err == nil {
				info.Addrs = append(info.Addrs, a)
			}
		}
		if e := b.found(info, FromSaved); e != nil {
			e.good, e.last = s.Good, s.Last
		}
	}
	return nil
}
