package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quernnet/quern/node/invite"
)

// member is a node of the swarm acme in a process and a data folder of its own.
// All it knows is what `quern swarm new` or `quern join` saved.
func member(t *testing.T, name string) *process {
	t.Helper()
	p := newProcess(t, name)
	p.swarm, p.args = "acme", []string{"--datadir", p.dir, "--swarm", "acme"}
	return p
}

// settingsHere are what a second node on one machine needs, and a test.
func settingsHere(rpc string) []string {
	return []string{"--rpc.listen", rpc, "--p2p.listen", "/ip4/127.0.0.1/tcp/0", "--p2p.mdns=false", "--p2p.private"}
}

// TestInvite makes a swarm, runs it, invites and joins: two processes that share
// nothing but the invite meet and sync.
func TestInvite(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three processes")
	}
	a := member(t, "a")
	made := a.quern(append([]string{"swarm", "new", "acme", "--chain", "regtest", "--rules.halving", "10"}, settingsHere(a.rpcAddr())...)...)
	if i, err := invite.Parse(made); err != nil || len(i.Peers) != 0 {
		t.Fatalf("invite before the first run: %q: %+v, %v", made, i, err)
	}
	a.start()
	a.quern("wallet", "create")
	a.mine("12")
	line := a.quern("swarm", "invite", "acme")
	if i, err := invite.Parse(line); err != nil || len(i.Peers) != 1 || !slices.Equal(i.Overrides, []invite.Override{{Name: "halving", Value: "10"}}) {
		t.Fatalf("invite of the running node: %q: %+v, %v", line, i, err)
	}
	var listed []listed
	if err := json.Unmarshal([]byte(a.quern("swarm", "list", "--json")), &listed); err != nil || len(listed) != 1 || !listed[0].Running || listed[0].PID != a.cmd.Process.Pid {
		t.Errorf("list while it runs: %+v, %v", listed, err)
	}

	b := member(t, "b")
	b.startBy(append([]string{"join", line}, settingsHere(b.rpcAddr())...)...)
	group{a, b}.agree()
	if got, want := b.coins(), a.coins(); got != want || got.Total != 10*50-50+3*25 {
		t.Errorf("coins after the sync %+v, want %+v", got, want)
	}
	b.expect("swarm     acme (rules of regtest)", "status")
	b.stop()
	a.mine("1")
	b.start() // by what was saved
	group{a, b}.agree()

	// A third one joins by an invite of the second. Joining again tells the
	// node that runs.
	c := member(t, "c")
	c.startBy(append([]string{"join", b.quern("swarm", "invite")}, settingsHere(c.rpcAddr())...)...)
	group{a, c}.agree()
	c.quern("join", line)
	c.await("keep the peer of the first invite", func() bool { return slices.Contains(c.peerIDs(), a.status().PeerID) })
	refused, err := c.try("join", strings.Replace(line, "halving=10", "halving=11", 1))
	if err == nil || !strings.Contains(err.Error(), "would follow other rules") {
		t.Errorf("joining by other rules: %q, %v", refused, err)
	}
	actOnPeers(a, b, c)
	for _, p := range []*process{a, b, c} {
		p.stop()
	}
	if f := filepath.Join(a.dir, "acme", swarmFile); !strings.Contains(a.quern("swarm", "list"), "not running") {
		t.Errorf("%s: list after the end", f)
	}
}

// actOnPeers has a protect, disconnect and ban others, and restart in between.
func actOnPeers(a, b, c *process) {
	a.Helper()
	end := func(p *process) string { id := p.status().PeerID; return id[len(id)-8:] }
	a.expect("nobody is protected", "peers", "protect")
	a.expect("is protected", "peers", "protect", end(b))
	a.expect("inbound, protected", "peers")
	a.expect("is banned until", "peers", "ban", "…"+end(c), "--for", "1h")
	a.await("part from c", func() bool { return !slices.Contains(a.peerIDs(), c.status().PeerID) })
	a.refuse("too short", "peers", "ban", end(b), "--for", "0s")
	a.refuse("no peer that is connected, banned or protected has an id that ends in", "peers", "ban", "nobody99")
	a.refuse("at least the last 4 characters", "peers", "disconnect", "x")
	a.stop()
	a.start()
	a.expect(b.status().PeerID, "peers", "protect")
	a.expect(c.status().PeerID, "peers", "bans")
	a.expect("is no longer banned", "peers", "unban", end(c))
	a.expect("nobody is banned", "peers", "bans")
	a.refuse("is not banned", "peers", "unban", "192.0.2.77")
	a.expect("is no longer protected", "peers", "unprotect", end(b))
	a.refuse("is not connected", "peers", "disconnect", "12D3KooWD9YeYx1zpWpNNgwKS969ErMdfJrqfToQ3N2AuhBkoJza")
	a.refuse("is this node itself", "peers", "protect", a.status().PeerID)
	a.await("see c again", func() bool { return slices.Contains(a.peerIDs(), c.status().PeerID) })
	a.expect("is disconnected", "peers", "disconnect", end(c))
}
