package swarm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/routing"
	"github.com/multiformats/go-multihash"
)

const (
	perAnswer   = 32 // peers taken of one answer, by chance
	askTime     = 10 * time.Second
	asksAtATime = 8
)

// rendezvous is a place in a DHT where the peers of a swarm leave their addresses.
//
// The DHT's own search ends when it has enough, and does not say who told what:
// the first liar that is asked could bring all that is found. So here everybody
// near the place is asked, a bounded number of each answer is taken, and each
// answer is its teller's own.
type rendezvous struct {
	dht      *dht.IpfsDHT
	host     host.Host
	key      multihash.Multihash
	grouping Grouping
	found    func(peer.AddrInfo, Group)
}

// rendezvousKey is the multihash that libp2p's routing discovery has for a name.
func rendezvousKey(name string) (multihash.Multihash, error) {
	h, err := multihash.Sum([]byte(name), multihash.SHA2_256, -1)
	if err != nil {
		return nil, fmt.Errorf("rendezvous: %w", err)
	}
	return h, nil
}

// CID is the place as users of a DHT name it.
func (r *rendezvous) CID() cid.Cid { return cid.NewCidV1(cid.Raw, r.key) }

// meet walks to the peers nearest to the place, leaves our addresses with them
// when leave says so and we have any, and takes what each of them knows. It
// returns how many it could leave them with.
func (r *rendezvous) meet(ctx context.Context, leave bool) (left int, err error) {
	nearest, err := r.dht.GetClosestPeers(ctx, string(r.key))
	if err != nil && len(nearest) == 0 {
		return 0, fmt.Errorf("walking the DHT: %w", err)
	}
	ask, err := pb.NewProtocolMessenger(r.dht.MessageSender())
	if err != nil {
		return 0, fmt.Errorf("dht: %w", err)
	}
	self := peer.AddrInfo{ID: r.host.ID(), Addrs: r.dht.FilteredAddrs()}
	leave = leave && len(self.Addrs) > 0

	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, asksAtATime)
	for _, p := range nearest {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, askTime)
			defer cancel()
			if leave && ask.PutProviderAddrs(ctx, p, r.key, self) == nil {
				mu.Lock()
				left++
				mu.Unlock()
			}
			if known, _, err := ask.GetProviders(ctx, p, r.key); err == nil {
				r.take(r.groupOf(p), p, known)
			}
		})
	}
	wg.Wait()
	return left, ctx.Err()
}

// take notes some of what a peer told. That it is there itself is no news.
func (r *rendezvous) take(by Group, from peer.ID, known []*peer.AddrInfo) {
	rand.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
	for _, info := range known[:min(len(known), perAnswer)] {
		if info.ID != r.host.ID() && info.ID != from && len(info.Addrs) > 0 {
			r.found(*info, by)
		}
	}
}

func (r *rendezvous) groupOf(p peer.ID) Group {
	for _, c := range r.host.Network().ConnsToPeer(p) {
		return r.grouping.Of(p, c.RemoteMultiaddr())
	}
	for _, a := range r.host.Peerstore().Addrs(p) {
		if g := r.grouping.Of(p, a); g != "" {
			return g
		}
	}
	return "unknown"
}

// wander walks to a random place and takes the servers that it hears of on the
// way: in a swarm's own DHT they are its nodes. Who holds the rendezvous cannot
// hide them.
func (r *rendezvous) wander(ctx context.Context) {
	var place [32]byte
	for i := range place {
		place[i] = byte(rand.Uint32())
	}
	ctx, cancel := context.WithCancel(ctx)
	ctx, events := routing.RegisterForQueryEvents(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for e := range events {
			if e.Type == routing.PeerResponse {
				r.take(r.groupOf(e.ID), e.ID, e.Responses)
			}
		}
	})
	_, _ = r.dht.GetClosestPeers(ctx, string(place[:])) // what came on the way counts
	cancel()
	wg.Wait()
}
