package rpc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
)

// A wallet from its words to a confirmed payment.
func TestWalletMethods(t *testing.T) {
	f := newFixture(t, 0)
	var made own.WalletWords
	f.must("quern.wallet.create", &made, "", password)
	if n := len(strings.Fields(made.Words)); n != 12 {
		t.Errorf("%d words", n)
	}
	if _, fail := f.call("quern.wallet.create", []any{"", password}); fail == nil || fail.Code != table.CodeWallet {
		t.Errorf("a second wallet: %+v", fail)
	}
	var mine own.WalletAddress
	f.must("quern.wallet.address", &mine)
	f.must("generatetoaddress", nil, 101, mine.Address)
	f.must("syncwithvalidationinterfacequeue", nil)
	var b own.WalletBalance
	f.must("quern.wallet.balance", &b)
	if b.Confirmed != 50*consensus.Coins || b.Immature != 100*50*consensus.Coins {
		t.Errorf("balance %+v", b)
	}
	for _, c := range []struct {
		value    int64
		password string
		code     int
	}{{1e8, "wrong", table.CodeBadPassword}, {51e8, password, table.CodeNoFunds}} {
		order := own.WalletSendArgs{Address: f.vars["addr"], Value: c.value, Password: c.password}
		if _, fail := f.call("quern.wallet.send", order); fail == nil || fail.Code != c.code {
			t.Errorf("%+v: %+v", c, fail)
		}
	}
	raw, fail := f.call("quern.wallet.send", own.WalletSendArgs{Address: f.vars["addr"], Value: 1e8, Password: password})
	var sent own.WalletSent
	if fail != nil || json.Unmarshal(raw, &sent) != nil || sent.Fee <= 0 {
		t.Fatalf("%+v %s", fail, raw)
	}
	f.must("generatetoaddress", nil, 1, f.vars["addr"])
	f.must("syncwithvalidationinterfacequeue", nil)
	var records []own.WalletRecord
	f.must("quern.wallet.history", &records, 1)
	if len(records) != 1 || records[0].TxID != sent.TxID || records[0].Confirmations != 1 || records[0].Fee != sent.Fee {
		t.Errorf("history %+v", records)
	}
	var shown struct {
		TxID          string
		Confirmations int
		Fee           json.Number
		In            bool `json:"in_active_chain"`
	}
	f.must("quern.tx.show", &shown, sent.TxID)
	if shown.TxID != sent.TxID || shown.Confirmations != 1 || !shown.In || shown.Fee == "" {
		t.Errorf("shown %+v", shown)
	}
}

// A transaction whose outputs are all spent is found by the wallet's history.
func TestShowSpent(t *testing.T) {
	f := newFixture(t, 0)
	f.must("quern.wallet.create", nil, "", password)
	var mine own.WalletAddress
	f.must("quern.wallet.address", &mine)
	f.must("generatetoaddress", nil, 101, mine.Address)
	f.must("syncwithvalidationinterfacequeue", nil)
	f.must("quern.wallet.send", nil, f.vars["addr"], 50*int64(consensus.Coins), 0, true, password)
	f.must("generatetoaddress", nil, 1, f.vars["addr"])
	f.must("syncwithvalidationinterfacequeue", nil)
	first := f.block(1).Txs[0].ID().String()
	var out json.RawMessage
	f.must("gettxout", &out, first, 0)
	if string(out) != "null" {
		t.Fatalf("unspent: %s", out)
	}
	var shown struct{ TxID string }
	if f.must("quern.tx.show", &shown, first); shown.TxID != first {
		t.Errorf("shown %+v", shown)
	}
}

// Blocks by a miner that works on templates, and BIP22's verdicts.
func TestSubmitBlock(t *testing.T) {
	f := newFixture(t, 101)
	build := func(txs []*wire.Tx) *wire.Block {
		t.Helper()
		tmpl, err := f.parts.Assembler.Build(t.Context(), f.script, 7, txs)
		if err != nil {
			t.Fatal(err)
		}
		b, err := mining.Solve(t.Context(), tmpl, 0)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	submit := func(b *wire.Block) (verdict string) {
		t.Helper()
		f.must("submitblock", &verdict, hex.EncodeToString(b.Bytes()))
		return verdict
	}
	rival, bare := build([]*wire.Tx{}), build([]*wire.Tx{})
	stripped := *bare.Txs[0]
	noWitness := &wire.Tx{Version: stripped.Version, Ins: []wire.In{stripped.Ins[0]}, Outs: stripped.Outs, LockTime: stripped.LockTime}
	noWitness.Ins[0].Witness = nil
	mutated := wire.NewBlock(rival.Header, []*wire.Tx{rival.Txs[0], rival.Txs[0]})
	orphan := rival.Header
	orphan.Parent[0] ^= 1
	for _, c := range []struct {
		name  string
		block *wire.Block
		want  string
	}{
		{"altered body", mutated, "bad-txnmrklroot"},
		{"unknown parent", wire.NewBlock(orphan, rival.Txs), "prev-blk-not-found"},
		{"coinbase without its witness", wire.NewBlock(bare.Header, []*wire.Tx{noWitness.Seal()}), ""},
		{"again", bare, "duplicate"},
	} {
		if c.name == "unknown parent" {
			for !worked(&orphan) {
				orphan.Nonce++
			}
			c.block = wire.NewBlock(orphan, rival.Txs)
		}
		if got := submit(c.block); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	tip := f.parts.Chain.Tip().ID
	if tip != bare.ID() {
		t.Fatalf("tip %s", tip)
	}
	// Another block at a height that is taken, with another coinbase.
	f.must("invalidateblock", nil, tip)
	late := func() *wire.Block {
		tmpl, err := f.parts.Assembler.Build(t.Context(), f.script, 8, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := mining.Solve(t.Context(), tmpl, 0)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}()
	f.must("reconsiderblock", nil, tip)
	if got := submit(late); got != "inconclusive" {
		t.Errorf("a side branch: %q", got)
	}
	f.must("invalidateblock", nil, tip)
	if got := submit(bare); got != "duplicate-invalid" {
		t.Errorf("a block set aside: %q", got)
	}
}

func worked(h *wire.Header) bool {
	id := h.ID()
	return id[31] < 0x7f
}

// A draft is judged but for its work.
func TestProposal(t *testing.T) {
	f := newFixture(t, 101)
	tmpl, err := f.parts.Assembler.Build(t.Context(), f.script, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	propose := func(b *wire.Block) (verdict string) {
		f.must("getblocktemplate", &verdict, map[string]any{"mode": "proposal", "data": hex.EncodeToString(b.Bytes())})
		return verdict
	}
	if got := propose(tmpl.Block); got != "" {
		t.Errorf("a good draft: %q", got)
	}
	broken := tmpl.Block.Header
	broken.Merkle[0] ^= 1
	if got := propose(wire.NewBlock(broken, tmpl.Block.Txs)); got != "bad-txnmrklroot" {
		t.Errorf("a wrong root: %q", got)
	}
	stale := tmpl.Block.Header
	stale.Parent = f.block(5).ID()
	if got := propose(wire.NewBlock(stale, tmpl.Block.Txs)); got != "inconclusive-not-best-prevblk" {
		t.Errorf("an old parent: %q", got)
	}
}

// Whoever polls is answered when the tip changes, or leaves.
func TestLongPoll(t *testing.T) {
	f := newFixture(t, 1)
	poll := map[string]any{"rules": []string{"segwit"}, "longpollid": f.vars["tip"] + "0"}
	answered := make(chan string, 1)
	go func() {
		var got struct {
			Prev string `json:"previousblockhash"`
		}
		raw, _ := f.call("getblocktemplate", []any{poll})
		_ = json.Unmarshal(raw, &got)
		answered <- got.Prev
	}()
	f.must("generatetoaddress", nil, 1, f.vars["addr"])
	if got := <-answered; got != f.parts.Chain.Tip().ID.String() {
		t.Errorf("answered with %q", got)
	}
	poll["longpollid"] = f.parts.Chain.Tip().ID.String() + "0"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	raw, err := json.Marshal([]any{poll})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.server.dispatch(ctx, &request{method: "getblocktemplate", params: raw})
	var fail *table.Error
	if !errors.As(err, &fail) || fail.Code != table.CodeNotConnected {
		t.Errorf("a caller that left: %v", err)
	}
}

// Going through all coins ends when the caller leaves.
func TestCancelledSum(t *testing.T) {
	f := newFixture(t, 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.server.dispatch(ctx, &request{method: "gettxoutsetinfo"}); !errors.Is(err, context.Canceled) {
		t.Errorf("gettxoutsetinfo: %v", err)
	}
}

// stop asks the node to end and answers first; a mock time holds until 0.
func TestControl(t *testing.T) {
	f := newFixture(t, 0)
	f.must("setmocktime", nil, genesisTime+1000)
	if got := f.parts.Now().Unix(); got != genesisTime+1000 {
		t.Errorf("time %d", got)
	}
	f.must("stop", nil)
	<-f.stopped
	var up int64
	f.must("uptime", &up)
}

// A method's defect costs its caller an answer, nobody else anything.
func TestPanic(t *testing.T) {
	f := newFixture(t, 0)
	f.methods()["boom"] = &table.Method{Name: "boom", Call: func(context.Context, table.Args) (any, error) { panic("defect") }}
	if status, reply := f.post(`{"id":1,"method":"boom"}`); status != 500 || !strings.Contains(reply, "-32603") {
		t.Errorf("%d %s", status, reply)
	}
	f.must("getblockcount", nil)
}
