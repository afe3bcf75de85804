package swarm

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

func TestKnown(t *testing.T) {
	b := NewBook("self", Grouping{}, time.Now)
	at := func(s string) peer.AddrInfo {
		return peer.AddrInfo{ID: peer.ID("peer" + s), Addrs: []multiaddr.Multiaddr{multiaddr.StringCast("/ip4/10.0.0." + s + "/tcp/1")}}
	}
	b.Found(at("2"), FromDHT, "")
	b.Keep(at("1"), FromRPC)
	b.Reached(at("2"), at("2").Addrs[0])
	list := b.Known()
	if len(list) != 2 || list[0].ID != "peer1" || !list[0].Kept || list[1].Addr.String() != "/ip4/10.0.0.2/tcp/1" || !list[1].Tried || list[1].Last.IsZero() {
		t.Errorf("%+v", list)
	}
}
