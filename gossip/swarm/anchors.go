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

const (
	maxAnchors = 2
	anchorAge  = 10 * time.Minute // after which a peer may be an anchor even if it brought nothing
)

var anchorsKey = datastore.NewKey("/gossip/anchors")

// Anchor is a peer that may be dialed first after a restart.
type Anchor struct {
	ID     peer.ID
	Addr   multiaddr.Multiaddr // where it is connected
	Group  Group
	Since  time.Time
	Useful bool // it brought something new
}

// Anchors chooses among the outbound peers of now those to come back to: the
// longest connected that were useful, then the longest connected, of two groups
// where there are two. Whoever makes a node restart must then also have been
// among its oldest peers to be alone with it afterwards.
func Anchors(list []Anchor, now time.Time) []Anchor {
	list = slices.DeleteFunc(slices.Clone(list), func(a Anchor) bool {
		return a.Addr == nil || !a.Useful && now.Sub(a.Since) < anchorAge
	})
	slices.SortFunc(list, func(x, y Anchor) int {
		return cmp.Or(-compareBool(x.Useful, y.Useful), x.Since.Compare(y.Since), cmp.Compare(x.ID, y.ID))
	})
	if len(list) == 0 {
		return nil
	}
	chosen := list[:1:1]
	for _, other := range []bool{true, false} { // of another group, else of the same
		for _, a := range list[1:] {
			if len(chosen) < maxAnchors && (a.Group != chosen[0].Group) == other {
				chosen = append(chosen, a)
			}
		}
	}
	return chosen
}

// savedAnchor is an anchor on disk, in JSON.
type savedAnchor struct {
	ID   string `json:"id"`
	Addr string `json:"addr"`
}

// SaveAnchors writes the anchors. None leaves those of before: a node that lost
// all its peers must find its way back.
func SaveAnchors(ctx context.Context, d datastore.Datastore, list []Anchor) error {
	if len(list) == 0 {
		return nil
	}
	var out []savedAnchor
	for _, a := range list {
		out = append(out, savedAnchor{a.ID.String(), a.Addr.String()})
	}
	raw, err := json.Marshal(out)
	if err == nil {
		err = d.Put(ctx, anchorsKey, raw)
	}
	if err != nil {
		return fmt.Errorf("saving anchors: %w", err)
	}
	return nil
}

// LoadAnchors reads what SaveAnchors wrote. One that does not parse is left out.
func LoadAnchors(ctx context.Context, d datastore.Datastore) ([]peer.AddrInfo, error) {
	raw, err := d.Get(ctx, anchorsKey)
	if errors.Is(err, datastore.ErrNotFound) {
		return nil, nil
	}
	var list []savedAnchor
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("loading anchors: %w", err)
	}
	var out []peer.AddrInfo
	for _, s := range list[:min(len(list), maxAnchors)] {
		p, err := peer.Decode(s.ID)
		if err != nil {
			continue
		}
		if a, err := multiaddr.NewMultiaddr(s.Addr); err == nil {
			out = append(out, peer.AddrInfo{ID: p, Addrs: []multiaddr.Multiaddr{a}})
		}
	}
	return out, nil
}
