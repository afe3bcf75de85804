package rpc

import (
	"encoding/hex"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/wallet"
)

// refused runs a method that is to fail.
func (f *fixture) refused(code int, text, method string, params ...any) {
	f.t.Helper()
	if raw, fail := f.call(method, params); fail == nil || fail.Code != code || fail.Message != text {
		f.t.Errorf("%s gives %s, %+v, want %d %s", method, raw, fail, code, text)
	}
}

// miner makes the default wallet, which in all fixtures has the same keys, and returns its first address.
func (f *fixture) miner() string {
	f.t.Helper()
	f.must("quern.wallet.create", nil, "", password)
	var a own.WalletAddress
	f.must("quern.wallet.address", &a)
	return a.Address
}

type dumped struct {
	Coins  uint64    `json:"coins_written"`
	Base   wire.Hash `json:"base_hash"`
	Height uint32    `json:"base_height"`
	Path   string    `json:"path"`
	Hash   wire.Hash `json:"txoutset_hash"`
	Txs    uint64    `json:"nchaintx"`
}

// A node with a wallet and all indexes begins with a snapshot: they wait for the
// blocks below it, and read those once they have come.
func TestSnapshotUnderWalletAndIndexes(t *testing.T) {
	const base, end = 110, 115
	f := newFixture(t, 0)
	to := f.miner()
	f.must("generatetoaddress", nil, base, to)
	var set dumped
	f.must("dumptxoutset", &set, filepath.Join(t.TempDir(), "utxo.dat"), "latest")
	f.must("generatetoaddress", nil, end-base, to)
	f.must("syncwithvalidationinterfacequeue", nil)

	params := f.parts.Params.AssumingCoins(consensus.AssumedCoins{Height: base, Block: set.Base, Coins: set.Hash, Txs: set.Txs})
	g := newFixtureOf(t, 0, true, datastore.Config{Params: params, Backend: "memory"}, 0)
	if other := g.miner(); other != to {
		t.Fatalf("addresses are %s and %s", to, other)
	}
	for h := range uint32(end) {
		g.must("submitheader", nil, hex.EncodeToString(f.block(h+1).Header.Append(nil)))
	}
	var loaded struct {
		Coins  uint64    `json:"coins_loaded"`
		Tip    wire.Hash `json:"tip_hash"`
		Height uint32    `json:"base_height"`
		Path   string    `json:"path"`
	}
	g.must("loadtxoutset", &loaded, set.Path)
	if loaded.Coins != set.Coins || loaded.Tip != set.Base || loaded.Height != base || loaded.Path != set.Path {
		t.Errorf("loaded %+v of %+v", loaded, set)
	}
	g.refused(-32603, "Unable to load UTXO snapshot: Can't activate a snapshot-based chainstate more than once. ("+set.Path+")", "loadtxoutset", set.Path)
	give := func(from, to uint32) {
		for h := from; h <= to; h++ {
			if err := g.parts.Chain.AddBlock(t.Context(), f.block(h)); err != nil {
				t.Fatal(err)
			}
		}
	}
	give(base+1, end)
	var before, after, want own.WalletBalance
	g.must("quern.wallet.balance", &before)
	if before.Confirmed != 0 || before.Immature != 0 {
		t.Errorf("before its blocks have come the wallet has %+v", before)
	}
	g.must("getwalletinfo", nil)
	g.must("unloadwallet", nil, "")
	g.must("loadwallet", nil, "")
	if tip := g.parts.Chain.Tip(); tip.Height != end || g.states() != 2 {
		t.Errorf("tip is at height %d, %d chain states", tip.Height, g.states())
	}
	give(1, base)
	for changed := g.parts.Chain.Changed(); g.states() != 1; changed = g.parts.Chain.Changed() {
		<-changed
	}
	w, err := g.parts.Wallets.Get("")
	if err != nil {
		t.Fatal(err)
	}
	for changed := w.Changed(); !w.Status().Synced; changed = w.Changed() {
		<-changed
	}
	f.must("quern.wallet.balance", &want)
	g.must("quern.wallet.balance", &after)
	if after != want || want.Confirmed == 0 {
		t.Errorf("once its blocks have come the wallet has %+v, want %+v", after, want)
	}
	for _, name := range index.Names() {
		for {
			changed := g.parts.Indexes.Changed()
			ok, err := g.parts.Indexes.Wait(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				break
			}
			<-changed // it is still being built
		}
	}
}

// states is how many chain states there are.
func (f *fixture) states() int {
	var out struct {
		States []struct{} `json:"chainstates"`
	}
	f.must("getchainstates", &out)
	return len(out.States)
}

// What wallets say of blocks that were pruned.
func TestWalletsOfAPrunedNode(t *testing.T) {
	params, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	f := newFixtureOf(t, 0, false, datastore.Config{Params: params, Backend: "memory", BlockFile: 8 << 10}, -1)
	to := f.miner()
	f.must("createwallet", nil, "early", false, false, "", false, true, true)
	f.must("unloadwallet", nil, "early")
	f.must("generatetoaddress", nil, 400, to)
	f.must("syncwithvalidationinterfacequeue", nil)
	f.must("createwallet", nil, "late", true, true, "", false, true, false)
	var last uint32
	f.must("pruneblockchain", &last, 100)
	if first := f.parts.Chain.FirstBody(); last == 0 || last > 100 || first != last+1 {
		t.Fatalf("pruned to height %d, blocks from %d on are left", last, first)
	}
	const beyond = "Can't rescan beyond pruned data. Use RPC call getblockchaininfo to determine your pruned height."
	late, err := f.parts.Wallets.Get("late")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{0, int64(last)} {
		if _, err := late.Rescan(t.Context(), from, nil); err == nil || err.Error() != beyond {
			t.Errorf("a rescan from %d on: %v", from, err)
		}
	}
	if _, err := late.Rescan(t.Context(), int64(last)+1, nil); err != nil {
		t.Errorf("a rescan of what is left: %v", err)
	}
	f.must("unloadwallet", nil, "late")
	f.must("loadwallet", nil, "late")
	f.refused(-4, "Wallet loading failed. Prune: last wallet synchronisation goes beyond pruned data. "+
		"You need to -reindex (download the whole blockchain again in case of a pruned node)", "loadwallet", "early")
	// A start goes on without that one.
	if err := f.parts.Wallets.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := wallet.Open(wallet.Config{
		Chain: f.parts.Chain, Pool: f.parts.Pool, Params: params, Dir: f.vars["wallets"], Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if w, err := s.Only(); err != nil || w.Name() != "" {
		t.Errorf("after a restart the wallets are not the default one alone: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
