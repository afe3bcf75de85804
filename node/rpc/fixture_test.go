package rpc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/fees"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/invite"
	"github.com/quernnet/quern/node/leaktest"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/minerpc"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/wallet"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	genesisTime = 1_700_000_000 // of the fixture's clock at its start
	password    = "correct horse"
)

// fixture is a server on a regtest node without peers.
type fixture struct {
	t       testing.TB
	server  *Server
	parts   Parts
	stopped chan struct{}
	script  []byte // what blocks pay to: P2WSH of OP_TRUE
	vars    map[string]string
	habits  wallet.Habits // of its wallets; changed between calls
}

func testConfig(t testing.TB) Config {
	return Config{Listen: "127.0.0.1:0", User: "alice", Password: "secret", Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
}

func newServer(t testing.TB) *Server {
	t.Helper()
	s, err := Listen(t.Context(), testConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newFixture opens a node and mines blocks, ten minutes apart.
func newFixture(t testing.TB, blocks int) *fixture { return newFixtureWith(t, blocks, false) }

// newFixtureWith is newFixture, with all indexes or none.
func newFixtureWith(t testing.TB, blocks int, indexed bool) *fixture {
	t.Helper()
	params, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return newFixtureOf(t, blocks, indexed, datastore.Config{Params: params, Backend: "memory"}, 0)
}

// newFixtureOf is newFixtureWith a datastore, of which is pruned as chain.Config says.
func newFixtureOf(t testing.TB, blocks int, indexed bool, d datastore.Config, prune int64) *fixture {
	t.Helper()
	params := d.Params
	f := &fixture{t: t, server: newServer(t), stopped: make(chan struct{}, 1), vars: make(map[string]string),
		habits: wallet.Habits{Address: wallet.Bech32, MaxFee: consensus.Coins / 10}}
	t.Cleanup(func() { _ = f.server.Close() })
	var clock atomic.Int64
	clock.Store(genesisTime)
	now := func() time.Time { return time.Unix(clock.Load(), 0) }
	store, err := datastore.Open(d)
	if err != nil {
		t.Fatal(err)
	}
	c, err := chain.Open(t.Context(), chain.Config{Params: params, Store: store, Now: now, Prune: prune})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	f.parts = Parts{
		Chain: c, Params: params, Swarm: "test", Version: "0.1.0", Now: now, Logs: make(logs), Rand: rand.NewChaCha8([32]byte{1}),
		SetTime: func(at time.Time) {
			if at.IsZero() {
				at = time.Unix(genesisTime, 0)
			}
			clock.Store(at.Unix())
		},
		Invite: func(own, others []string) (invite.Invite, bool, error) {
			return invite.Invite{Swarm: "test", Chain: "regtest"}, false, nil
		},
		PayTo: func([]byte) {},
		Stop:  func() { f.stopped <- struct{}{} },
	}
	if f.parts.Indexes, err = index.New(t.Context(), index.Config{
		Chain: c, Params: params, Space: store.Space, Rand: rand.NewChaCha8([32]byte{}), Now: now, Log: slog.New(slog.DiscardHandler),
		Tx: indexed, Filters: indexed, Coins: indexed, Spenders: indexed,
	}); err != nil {
		t.Fatal(err)
	}
	f.build()
	program := sha256.Sum256([]byte{0x51})
	f.script = address.PayToWitness(0, program[:])
	for i := range blocks {
		clock.Store(genesisTime + int64(i)*600)
		if _, err := f.parts.Assembler.Generate(t.Context(), 1, f.script, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.parts.Pool.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range index.Names() {
		if ok, err := f.parts.Indexes.Wait(t.Context(), name); err != nil || ok != indexed {
			t.Fatalf("index %s is at the tip: %v, %v", name, ok, err)
		}
	}
	f.server.Attach(f.parts)
	f.setVars(blocks)
	return f
}

// build makes the parts above the chain and runs those that follow it.
func (f *fixture) build() {
	t, p := f.t, &f.parts
	t.Helper()
	var err error
	if p.Pool, err = mempool.New(mempool.Config{Chain: p.Chain, Now: p.Now, File: filepath.Join(f.folder(), "mempool.dat")}); err != nil {
		t.Fatal(err)
	}
	if p.Fees, err = fees.Follow(fees.Config{Pool: p.Pool, Chain: p.Chain, Now: p.Now}); err != nil {
		t.Fatal(err)
	}
	f.vars["wallets"] = filepath.Join(t.TempDir(), "wallets")
	if p.Wallets, err = wallet.Open(wallet.Config{
		Chain: p.Chain, Pool: p.Pool, Params: p.Params, Dir: f.vars["wallets"], Now: p.Now, Keypool: 20, Habits: &f.habits,
		Rand: rand.NewChaCha8([32]byte{}), // the same keys in every run
		KDF:  &wallet.KDF{Time: 1, Memory: 64, Threads: 1}, Log: slog.New(slog.DiscardHandler),
	}); err != nil {
		t.Fatal(err)
	}
	if p.Assembler, err = mining.New(mining.Config{Chain: p.Chain, Pool: p.Pool, Now: p.Now}); err != nil {
		t.Fatal(err)
	}
	if p.Templates, err = mining.NewKeeper(mining.KeeperConfig{Assembler: p.Assembler, ShowTx: minerpc.ShowTx, Show: minerpc.ShowTxs}); err != nil {
		t.Fatal(err)
	}
	if p.Miner, err = mining.NewMiner(mining.MinerConfig{
		Assembler: p.Assembler, Script: func(context.Context) ([]byte, error) { return f.script, nil },
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 3)
	go func() { ended <- p.Pool.Run(ctx) }()
	for changed := p.Pool.Changed(); !p.Pool.Stats().Loaded; changed = p.Pool.Changed() {
		<-changed
	}
	if err := p.Indexes.Follow(ctx); err != nil { // from now on they are waited for
		t.Fatal(err)
	}
	go func() { ended <- p.Indexes.Run(ctx) }()
	go func() { ended <- p.Wallets.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range 3 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

// setVars names what transcripts speak of.
func (f *fixture) setVars(blocks int) {
	v := f.vars
	v["stranger"] = "12D3KooWGC6TvWhfajpX6wvJHYYvKpDMPoX2Lwmz9F9hXqkPDbGv"
	v["genesis"] = f.parts.Params.Genesis.ID().String()
	v["tip"] = f.parts.Chain.Tip().ID.String()
	v["addr"], _ = address.Encode(f.script, f.parts.Params)
	v["addrsum"], _ = descriptor.Checksum("addr(" + v["addr"] + ")")
	if blocks < 101 {
		return
	}
	first := f.block(1)
	v["block1"], v["cb1"] = first.ID().String(), first.Txs[0].ID().String()
	v["block2"], v["cb2"] = f.block(2).ID().String(), f.block(2).Txs[0].ID().String()
	pay := f.spend(first.Txs[0], 0, 10_000)
	child := f.spend(pay, 0, 20_000)
	v["pay"], v["payid"] = hex.EncodeToString(pay.Append(nil)), pay.ID().String()
	v["child"], v["childid"] = hex.EncodeToString(child.Append(nil)), child.ID().String()
	v["burn"] = hex.EncodeToString(f.pay(first.Txs[0], 0, 10_000, []byte{0x6a, 0x01, 0x42}).Append(nil))
	v["cheap"] = hex.EncodeToString(f.spend(first.Txs[0], 0, 1).Append(nil))
	v["dear"] = hex.EncodeToString(f.spend(first.Txs[0], 0, 100_000_000).Append(nil))
	v["young"] = hex.EncodeToString(f.spend(f.block(50).Txs[0], 0, 10_000).Append(nil))
	free := f.spend(first.Txs[0], 0, 0)
	v["free"], v["freeid"] = hex.EncodeToString(free.Append(nil)), free.ID().String()
	v["lift"] = hex.EncodeToString(f.spend(free, 0, 30_000).Append(nil))
	v["lone"] = hex.EncodeToString(f.spend(f.block(2).Txs[0], 0, 5_000).Append(nil))
	v["rival"] = hex.EncodeToString(f.spend(first.Txs[0], 0, 50_000).Append(nil))
	v["block1hex"] = hex.EncodeToString(first.Bytes())
	proof := wire.NewProof(first, func(int) bool { return true })
	v["proof1"] = hex.EncodeToString(proof.Append(nil))
	proof.Hashes[0][0]++
	v["badproof"] = hex.EncodeToString(proof.Append(nil))
	v["header1"] = hex.EncodeToString(first.Header.Append(nil))
}

// folder is where the fixture keeps files.
func (f *fixture) folder() string {
	if f.vars["folder"] == "" {
		f.vars["folder"] = f.t.TempDir()
	}
	return f.vars["folder"]
}

func (f *fixture) block(height uint32) *wire.Block {
	f.t.Helper()
	h, ok := f.parts.Chain.ActiveAt(height)
	if !ok {
		f.t.Fatalf("no block at height %d", height)
	}
	b, err := f.parts.Chain.Block(h.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

// spend pays an output of OP_TRUE's back to it, less a fee.
func (f *fixture) spend(from *wire.Tx, index int, fee int64) *wire.Tx {
	return f.pay(from, index, fee, f.script)
}

func (f *fixture) pay(from *wire.Tx, index int, fee int64, to []byte) *wire.Tx {
	t := &wire.Tx{
		Version: 2,
		Ins:     []wire.In{{Prev: from.Outpoint(index), Sequence: 0xfffffffd, Witness: [][]byte{{0x51}}}},
		Outs:    []wire.Out{{Value: from.Outs[index].Value - fee, Script: to}},
	}
	return t.Seal()
}

// post sends a body as a client would, without a port.
func (f *fixture) post(body string) (status int, reply string) {
	return post(f.server, "/", body)
}

func post(s *Server, path, body string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, "http://localhost"+path, bytes.NewReader([]byte(body)))
	r.SetBasicAuth("alice", "secret")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// call runs a method and returns its result or error.
func (f *fixture) call(method string, params any) (json.RawMessage, *table.Error) {
	f.t.Helper()
	raw, err := json.Marshal(params)
	if err != nil {
		f.t.Fatal(err)
	}
	_, reply := f.post(fmt.Sprintf(`{"id":1,"method":%q,"params":%s}`, method, raw))
	var out struct {
		Result json.RawMessage
		Error  *table.Error
	}
	if err := json.Unmarshal([]byte(reply), &out); err != nil {
		f.t.Fatalf("%s: %v in %s", method, err, reply)
	}
	return out.Result, out.Error
}

// must runs a method that is to succeed.
func (f *fixture) must(method string, result any, params ...any) {
	f.t.Helper()
	if params == nil {
		params = []any{}
	}
	raw, fail := f.call(method, params)
	if fail != nil {
		f.t.Fatalf("%s: %d %s", method, fail.Code, fail.Message)
	}
	if result != nil {
		if err := json.Unmarshal(raw, result); err != nil {
			f.t.Fatalf("%s: %v", method, err)
		}
	}
}

// rich makes the wallet "w", with the rewards of so many blocks to spend, and returns the address that
// they were paid to, of the kind that is asked for.
func (f *fixture) rich(blocks int, kind ...any) (mine string) {
	f.t.Helper()
	f.must("createwallet", nil, "w")
	f.must("getnewaddress", &mine, append([]any{""}, kind...)...)
	f.must("generatetoaddress", nil, blocks, mine)
	f.must("generatetoaddress", nil, 100, f.vars["addr"])
	return mine
}

// methods are the fixture's, as they are attached.
func (f *fixture) methods() table.Table { return f.server.attach.node.Load().methods }

// logs are which subsystems tell details.
type logs map[string]bool

func (l logs) Debugging(sys string) bool { return l[sys] }
func (l logs) Debug(sys string, on bool) { l[sys] = on }
