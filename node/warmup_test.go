package node

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/quernnet/quern/node/rpc"
	"github.com/quernnet/quern/node/rpc/table"
)

// TestMethodsAwaitTheNetwork: who is no longer told to wait can add peers.
func TestMethodsAwaitTheNetwork(t *testing.T) {
	c, logs := quiet(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.RPC.Enabled, c.RPC.Listen, c.RPC.User, c.RPC.Password = true, l.Addr().String(), "u", "p"
	c.P2P.Enabled, c.P2P.Private, c.P2P.MDNS, c.P2P.DHT = true, true, false, false
	c.P2P.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	n, err := New(c, logs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	client := rpc.Client{URL: "http://" + c.RPC.Listen, User: "u", Password: "p"}
	nobody := []string{"/ip4/127.0.0.1/tcp/1/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5", "onetry"}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		var told *table.Error
		if err := client.Call(ctx, "addnode", nobody, nil); errors.As(err, &told) && told.Code != table.CodeWarmup {
			if strings.Contains(told.Message, "not running") {
				t.Error(told)
			}
			break
		}
		select {
		case <-tick.C:
		case err := <-done:
			t.Fatalf("ended: %v", err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("end: %v", err)
	}
}
