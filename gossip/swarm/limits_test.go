package swarm

import (
	"testing"

	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
)

// What the config says holds in each of libp2p's scopes, and a small machine
// still has room for all its peers.
func TestScopes(t *testing.T) {
	const id = protocol.ID("/quern/test/headers/1")
	l := Limits{Memory: 64 << 20, Connections: 314, Questions: 1024, PeerQuestions: 32, Protocols: []protocol.ID{id}}
	all := scopes(l)
	got := all.ToPartialLimitConfig()
	for _, check := range []struct {
		what      string
		got, want rcmgr.LimitVal64
	}{
		{"memory of all", got.System.Memory, 64 << 20},
		{"memory before the handshake", got.Transient.Memory, 16 << 20},
		{"memory of a peer", got.PeerDefault.Memory, 16 << 20},
		{"memory of a protocol", got.Protocol[id].Memory, 32 << 20},
		{"connections", rcmgr.LimitVal64(got.System.Conns), 314},
		{"inbound connections", rcmgr.LimitVal64(got.System.ConnsInbound), 314},
		{"streams of a protocol", rcmgr.LimitVal64(got.Protocol[id].StreamsInbound), 1024},
		{"streams of a protocol and peer", rcmgr.LimitVal64(got.ProtocolPeer[id].StreamsInbound), 32},
		{"streams of a peer", rcmgr.LimitVal64(got.PeerDefault.StreamsInbound), 128},
	} {
		if check.got != check.want {
			t.Errorf("%s: %d, want %d", check.what, check.got, check.want)
		}
	}
	if n := got.System.StreamsInbound; n < 314*16 {
		t.Errorf("%d streams in all are too few for 314 connections", n)
	}
	l.Memory = 0
	all = scopes(l)
	auto := all.ToPartialLimitConfig()
	if auto.System.Memory < 128<<20 || auto.System.Conns != 314 {
		t.Errorf("on this machine: %+v", auto.System)
	}
}
