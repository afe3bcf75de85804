package gossip

import (
	"slices"
	"testing"

	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
)

// TestProtectionOutlivesTheRun protects a peer before it connects, and looks for
// the protection in memory, in the connection manager and after a restart.
func TestProtectionOutlivesTheRun(t *testing.T) {
	c := loopback()
	c.Store = dssync.MutexWrap(datastore.NewMapDatastore())
	a, _ := start(t, c)
	b, _ := start(t, loopback())
	p := b.ID()
	if err := a.Protect(p); err != nil {
		t.Fatal(err)
	}
	if err := a.Protect(a.ID()); err == nil {
		t.Error("a node protects itself from itself")
	}
	manager := a.live.Load().host.ConnManager()
	if !a.Protected(p) || !manager.IsProtected(p, protectedTag) {
		t.Error("protected, and yet it is not")
	}
	a.stop()

	again, _ := start(t, c)
	manager = again.live.Load().host.ConnManager()
	if !again.Protected(p) || !slices.Equal(again.ProtectedPeers(), []Peer{p}) || !manager.IsProtected(p, protectedTag) {
		t.Error("the protection did not outlive the run")
	}
	if err := again.Unprotect(p); err != nil {
		t.Fatal(err)
	}
	if again.Protected(p) || manager.IsProtected(p, protectedTag) {
		t.Error("still protected")
	}
	again.stop()
	last := build(t, c)
	if last.Protected(p) || len(last.ProtectedPeers()) != 0 {
		t.Error("protected again after a restart")
	}
}

func TestProtectionIsBounded(t *testing.T) {
	n := build(t, Config{Swarm: "test"})
	for i := range maxProtected {
		if err := n.Protect(Peer(rune(i + 1))); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Protect("one more"); err == nil || n.Protected("one more") {
		t.Errorf("one more than the most: %v", err)
	}
	if err := n.Protect(Peer(rune(1))); err != nil {
		t.Errorf("one that is protected already: %v", err)
	}
}
