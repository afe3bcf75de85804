package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quernnet/quern/node/rpc/own"
)

// group are processes of which the test expects the same.
type group []*process

// agree waits until all have the tip of the first.
func (g group) agree() string {
	g[0].Helper()
	for _, p := range g[1:] {
		p.await("reach the tip of "+g[0].name, func() bool { return p.tip() == g[0].tip() })
	}
	return g[0].tip()
}

// hold waits until every mempool has the transaction.
func (g group) hold(txid string) {
	g[0].Helper()
	for _, p := range g {
		p.await("hear of transaction "+txid, func() bool { return slices.Contains(p.pool(), txid) })
	}
}

// confirm waits until every node finds the transaction in a block.
func (g group) confirm(txid string) {
	g[0].Helper()
	for _, p := range g {
		p.await("see confirmed transaction "+txid, func() bool {
			var tx struct {
				Confirmations int `json:"confirmations"`
			}
			out, err := p.try("tx", "show", txid)
			return err == nil && json.Unmarshal([]byte(out), &tx) == nil && tx.Confirmations > 0
		})
	}
}

func (p *process) peerIDs() []string {
	p.Helper()
	var ids []string
	for _, i := range call[[]struct {
		ID string `json:"peer_id"`
	}](p, "getpeerinfo") {
		ids = append(ids, i.ID)
	}
	return ids
}

// cut makes the members of g and o refuse each other's connections.
func (g group) cut(o group) {
	g[0].Helper()
	ban := func(a, b group) {
		for _, p := range a {
			for _, q := range b {
				call[any](p, "setban", q.status().PeerID, "add", 3600)
			}
		}
	}
	ban(g, o)
	ban(o, g)
	for _, p := range g {
		p.await("lose the other side", func() bool {
			return !slices.ContainsFunc(o, func(q *process) bool { return slices.Contains(p.peerIDs(), q.status().PeerID) })
		})
	}
}

// heal ends the bans and lets one pair meet; the others find each other.
func (g group) heal(o group) {
	g[0].Helper()
	for _, p := range slices.Concat(g, o) {
		call[any](p, "clearbanned")
	}
	// A handshake that the cut interrupted keeps the two apart for some seconds.
	addr := o[0].status().Addresses[0]
	g[0].await("meet the other side", func() bool {
		return g[0].client.Call(g[0].Context(), "addnode", []any{addr, "onetry"}, nil) == nil
	})
}

func (p *process) mine(blocks string) {
	p.Helper()
	p.quern("mine", "--blocks", blocks)
}

func (p *process) send(to *process, amount string) (txid string) {
	p.Helper()
	return p.quern("wallet", "send", to.quern("wallet", "address"), amount)
}

type coinStats struct {
	Hash  string  `json:"hash_serialized_3"`
	Txs   int     `json:"txouts"`
	Total float64 `json:"total_amount"`
}

func (p *process) coins() coinStats {
	p.Helper()
	return call[coinStats](p, "gettxoutsetinfo")
}

// TestFiveProcesses is the whole of Quern at work: five real nodes on loopback.
func TestFiveProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts five processes")
	}
	a := newProcess(t, "a")
	imported := importRealChain(a)
	a.start()
	if !imported {
		a.quern("wallet", "create")
		a.mine("150")
	}
	address := a.status().Addresses[0]
	nodes := group{a}
	for _, name := range []string{"b", "c", "d", "e"} {
		p := newProcess(t, name, address)
		p.start()
		p.quern("wallet", "create")
		nodes = append(nodes, p)
	}
	b, c, d, e := nodes[1], nodes[2], nodes[3], nodes[4]
	nodes.agree()
	for _, p := range nodes[1:] {
		p.await("find others than the one it was told of", func() bool { return len(p.peerIDs()) >= 3 })
	}
	t.Log("all found each other and synced")
	twoMine(nodes, b, c)
	t.Log("two mined")
	payAndConfirm(nodes, b, c, d, e)
	t.Log("payments are confirmed everywhere")
	partition(nodes, b, c, d)
	t.Log("the cut swarm healed")
	killWhileSyncing(a, address)
	t.Log("the killed node came back")
	nodes.agree()
	want := a.coins()
	for _, p := range nodes {
		if got := p.coins(); got != want {
			t.Errorf("%s has coins %+v, a has %+v", p.name, got, want)
		}
		p.stop()
	}
}

// importRealChain fills a's folder from the real chain, if it is on this machine.
func importRealChain(a *process) bool {
	path := filepath.Join("..", "..", "..", "shared", "data", "chain-payments.dat")
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("QUERN_REQUIRE_DATA") != "" {
			a.Fatal(err)
		}
		a.Logf("the real chain is not on this machine, mining one: %v", err)
		return false
	}
	a.quern("import", path)
	return true
}

// twoMine lets b and c compete by `quern mine --workers`.
func twoMine(nodes group, b, c *process) {
	b.Helper()
	for _, p := range []*process{b, c} {
		p.quern("mine", "--workers", "1")
	}
	for _, p := range []*process{b, c} {
		p.await("find two blocks", func() bool { return p.status().Mining.Blocks >= 2 })
	}
	for _, p := range []*process{b, c} {
		p.quern("mine", "--workers", "0")
	}
	b.await("agree with all on a tip", func() bool {
		tips, heights := make(map[string]bool), make(map[int]bool)
		for _, p := range nodes {
			tips[p.tip()], heights[p.height()] = true, true
		}
		if len(tips) > 1 && len(heights) == 1 {
			b.mine("1") // both found a last block on one height: the next one decides
		}
		return len(tips) == 1
	})
}

// payAndConfirm makes b pay d, and d pay e; c mines what it heard of.
func payAndConfirm(nodes group, b, c, d, e *process) {
	b.Helper()
	b.mine("101")
	nodes.agree()
	first := b.send(d, "10")
	nodes.hold(first)
	c.mine("1")
	nodes.agree()
	nodes.confirm(first)
	second := d.send(e, "3")
	nodes.hold(second)
	c.mine("1")
	nodes.agree()
	nodes.confirm(second)
	e.await("have the 3 that it was paid", func() bool {
		var balance own.WalletBalance
		if err := json.Unmarshal([]byte(e.quern("wallet", "balance", "--json")), &balance); err != nil {
			e.Fatal(err)
		}
		return balance.Confirmed == 3*satsPerCoin
	})
}

// partition cuts the swarm, lets both sides mine and pay, and heals it.
func partition(nodes group, b, c, d *process) {
	b.Helper()
	one := group{nodes[0], b, d}
	two := group{c, nodes[4]}
	one.cut(two)
	paid := d.send(b, "2")
	one.hold(paid)
	b.mine("2")
	loser := one.agree()
	c.mine("5")
	winner := two.agree()
	if one.agree() != loser || winner == loser {
		b.Fatal("the two sides are not apart")
	}
	one.heal(two)
	for _, p := range nodes {
		p.await("follow the branch with more work", func() bool { return p.tip() == winner })
	}
	for _, p := range one {
		p.await("take the loser's payment back", func() bool { return slices.Contains(p.pool(), paid) })
	}
	nodes.hold(paid)
	c.mine("1")
	nodes.agree()
	nodes.confirm(paid)
}

// killWhileSyncing starts a node of its own, kills it in the middle of its
// sync, and expects it to come back right.
func killWhileSyncing(a *process, address string) {
	a.Helper()
	f := newProcess(a.T, "f", address)
	f.start()
	f.await("begin to sync", func() bool { return f.height() >= 20 })
	f.kill()
	f.start()
	group{a, f}.agree()
	if got, want := f.coins(), a.coins(); got != want {
		f.Errorf("after the kill f has coins %+v, a has %+v", got, want)
	}
	f.stop()
}

// TestRealChain imports, compares with Bitcoin Core's figures, and exports.
func TestRealChain(t *testing.T) {
	a := newProcess(t, "a")
	if !importRealChain(a) {
		t.Skip("the real chain is not on this machine")
	}
	out := filepath.Join(t.TempDir(), "out.dat")
	a.quern("export", out)
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "chain-payments.dat"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("the exported chain differs from the imported file")
	}
	a.start()
	if tip := a.tip(); tip != "564f1bb9c69e61297d68b00d882abee29629e069749273970e75f6ddeadcae2f" {
		t.Errorf("tip %s", tip)
	}
	if s := a.coins(); s != (coinStats{"3d006f2792de1b8fbc1652f11506f5e265b4a25df6de352abc7befa2f0a5cb91", 83001, 7475}) {
		t.Errorf("coins %+v", s)
	}
	type muhash struct {
		Hash string `json:"muhash"`
	}
	if m := call[muhash](a, "gettxoutsetinfo", "muhash"); m.Hash != "5f546f29f970bf375012a5d7babfbc2de193477040741e530755faf0e5b25023" {
		t.Errorf("muhash %s", m.Hash)
	}
	if _, err := a.try("import", out); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("import while the node runs: %v", err)
	}
	a.stop()
}
