package rpc

import (
	"context"
	"testing"
	"time"

	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/peering"
	"github.com/quernnet/quern/node/rpc/table"
)

// connect gives a fixture a place in a swarm on loopback, and runs it.
func (f *fixture) connect() {
	f.t.Helper()
	p := &f.parts
	var err error
	if p.Net, err = gossip.New(gossip.Config{Swarm: "rpctest", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Private: true, Agent: "quern/test"}); err != nil {
		f.t.Fatal(err)
	}
	if p.Peering, err = peering.New(peering.Config{Chain: p.Chain, Pool: p.Pool, Net: p.Net, Params: p.Params, Agent: "quern/test", Now: p.Now}); err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.t.Context()))
	ended := make(chan error, 2)
	go func() { ended <- p.Net.Run(ctx) }()
	go func() { ended <- p.Peering.Run(ctx) }()
	f.t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				f.t.Error(err)
			}
		}
	})
	<-p.Net.Ready()
	f.server.Attach(*p)
}

// await asks until the answer is right.
func await(t *testing.T, what string, right func() bool) {
	t.Helper()
	limit := time.After(3 * time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !right() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s never came", what)
		}
	}
}

// Two nodes meet by addnode, part by the switch, meet again, and one is
// disconnected by each of its names.
func TestPeers(t *testing.T) {
	a, b := newFixture(t, 3), newFixture(t, 3)
	a.connect()
	b.connect()
	count := func(want int) func() bool {
		return func() bool {
			var got int
			a.must("getconnectioncount", &got)
			return got == want
		}
	}
	addr := b.parts.Net.Addrs()[0]
	a.must("addnode", nil, addr, "add")
	await(t, "the connection", count(1))
	type row struct {
		ID      int
		Addr    string
		PeerID  string `json:"peer_id"`
		Source  string
		Inbound bool
		Headers int64  `json:"synced_headers"`
		Blocks  int64  `json:"synced_blocks"`
		Kind    string `json:"connection_type"`
	}
	var rows []row
	await(t, "the peer's tip", func() bool {
		rows = nil
		a.must("getpeerinfo", &rows)
		return len(rows) == 1 && rows[0].Blocks == 3
	})
	if r := rows[0]; r.PeerID != b.parts.Net.ID().String() || r.Inbound || r.Headers != 3 || r.Kind != "manual" || r.ID != 0 {
		t.Errorf("peer %+v", r)
	}
	var info struct {
		Active bool `json:"networkactive"`
		Out    int  `json:"connections_out"`
		Local  []struct {
			Address string
			Port    uint16
		} `json:"localaddresses"`
	}
	a.must("getnetworkinfo", &info)
	if !info.Active || info.Out != 1 || len(info.Local) == 0 || info.Local[0].Address != "127.0.0.1" || info.Local[0].Port == 0 {
		t.Errorf("network %+v", info)
	}
	var on bool
	if a.must("setnetworkactive", &on, false); on {
		t.Error("the network is still on")
	}
	await(t, "the end of the connection", count(0))
	if a.must("setnetworkactive", &on, true); !on {
		t.Error("the network is still off")
	}
	a.expect("addnode", `["`+addr+`","add"]`, table.CodeNodeAdded, "already added")
	a.must("addnode", nil, addr, "onetry") // the peer stays kept
	await(t, "the connection again", count(1))
	a.must("addnode", nil, addr, "remove")
	a.expect("addnode", `["`+addr+`","remove"]`, table.CodeNodeNotAdded, "has not been added")
	a.must("getpeerinfo", &rows)
	if len(rows) != 1 || rows[0].ID == 0 {
		t.Fatalf("a new connection has an old number: %+v", rows)
	}
	a.expect("disconnectnode", `["",99]`, table.CodeNodeUnknown, "Node not found in connected nodes")
	a.expect("disconnectnode", `["x",1]`, table.CodeInvalidParams, "Only one of address and nodeid should be provided.")
	number := func(f *fixture) int {
		var rows []row
		if f.must("getpeerinfo", &rows); len(rows) == 0 {
			return -1
		}
		return rows[0].ID
	}
	// The other may dial again at once: then one of the two sees a new connection.
	here, there := number(a), number(b)
	a.must("disconnectnode", nil, "", here)
	await(t, "the disconnection", func() bool { return number(a) != here || number(b) != there })
	a.expect("addnode", `["127.0.0.1:8333","add"]`, table.CodeInvalid, "is not a multiaddr with /p2p/")
	a.expect("addnode", `["`+addr+`","keep"]`, table.CodeMisc, "addnode")
}
