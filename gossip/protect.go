package gossip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	protectedPrefix = "/gossip/protected"
	protectedTag    = "quern/protected" // the connection manager's
	maxProtected    = 256               // an operator's list, and every peer on it is one that eviction cannot take
)

// protection owns the list of peers that the operator protects.
//
// Invariant: what is in memory is in the store, unless the store failed, which
// the caller was told.
type protection struct {
	store datastore.Datastore

	mu    sync.RWMutex
	peers map[Peer]struct{}
}

// loadProtection reads the list of earlier runs. A key that is no peer id is left out.
func loadProtection(ctx context.Context, d datastore.Datastore) (*protection, error) {
	s := &protection{store: d, peers: make(map[Peer]struct{})}
	res, err := d.Query(ctx, query.Query{Prefix: protectedPrefix, KeysOnly: true})
	if err != nil {
		return nil, fmt.Errorf("loading protected peers: %w", err)
	}
	defer res.Close()
	for r := range res.Next() {
		if r.Error != nil {
			return nil, fmt.Errorf("loading protected peers: %w", r.Error)
		}
		if p, err := peer.Decode(strings.TrimPrefix(r.Key, protectedPrefix+"/")); err == nil {
			s.peers[p] = struct{}{}
		}
	}
	return s, nil
}

func protectedKey(p Peer) datastore.Key {
	return datastore.NewKey(protectedPrefix + "/" + p.String())
}

func (s *protection) add(ctx context.Context, p Peer) error {
	s.mu.Lock()
	_, known := s.peers[p]
	if !known && len(s.peers) >= maxProtected {
		s.mu.Unlock()
		return fmt.Errorf("%d peers are protected already, the most there may be: unprotect one first", maxProtected)
	}
	s.peers[p] = struct{}{}
	s.mu.Unlock()
	return s.store.Put(ctx, protectedKey(p), nil)
}

func (s *protection) remove(ctx context.Context, p Peer) error {
	s.mu.Lock()
	delete(s.peers, p)
	s.mu.Unlock()
	return s.store.Delete(ctx, protectedKey(p))
}

func (s *protection) has(p Peer) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.peers[p]
	return ok
}

func (s *protection) list() []Peer {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Peer, 0, len(s.peers))
	for p := range s.peers {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Peer) int { return cmp.Compare(a.String(), b.String()) })
	return list
}

// tell has the connection manager spare every peer of the list, connected or not.
func (s *protection) tell(m connmgr.ConnManager) {
	for _, p := range s.list() {
		m.Protect(p, protectedTag)
	}
}

// Protect keeps a peer's connections from being closed to make room, now and
// after restarts: the operator's decision. Misbehaviour still bans it. The error
// says that the list is full or that the protection will not outlive this run.
func (n *Net) Protect(p Peer) error {
	if p == "" || p == n.id {
		return errors.New("that is no other peer")
	}
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	err := n.protected.add(ctx, p)
	if l := n.live.Load(); l != nil && n.protected.has(p) {
		l.host.ConnManager().Protect(p, protectedTag)
	}
	if err != nil {
		return fmt.Errorf("protecting %s: %w", p, err)
	}
	return nil
}

// Unprotect takes Protect back.
func (n *Net) Unprotect(p Peer) error {
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	err := n.protected.remove(ctx, p)
	if l := n.live.Load(); l != nil {
		l.host.ConnManager().Unprotect(p, protectedTag)
	}
	if err != nil {
		return fmt.Errorf("unprotecting %s: %w", p, err)
	}
	return nil
}

// Protected tells whether a peer is protected.
func (n *Net) Protected(p Peer) bool { return n.protected.has(p) }

// ProtectedPeers lists them, by their ids' text.
func (n *Net) ProtectedPeers() []Peer { return n.protected.list() }
