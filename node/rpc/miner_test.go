package rpc

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// work is what a miner's program reads of a template.
type work struct {
	Version  int32
	Prev     wire.Hash `json:"previousblockhash"`
	Value    int64     `json:"coinbasevalue"`
	Commit   string    `json:"default_witness_commitment"`
	Bits     string
	Time     uint32 `json:"curtime"`
	Height   uint32
	LongPoll string `json:"longpollid"`
	Txs      []struct {
		Data    string
		TxID    wire.Hash
		Depends []int
	} `json:"transactions"`
}

// block builds the block as such a program does: a coinbase of its own, the template's transactions behind it.
func (w *work) block(t *testing.T, pay []byte) *wire.Block {
	t.Helper()
	commit, err := hex.DecodeString(w.Commit)
	if err != nil {
		t.Fatal(err)
	}
	coinbase := &wire.Tx{
		Version: 2, LockTime: w.Height - 1,
		Ins: []wire.In{{
			Prev: wire.Outpoint{Index: wire.CoinbaseIndex}, Script: []byte{1, byte(w.Height), 4, 'm', 'i', 'n', 'e'},
			Sequence: 0xfffffffe, Witness: [][]byte{make([]byte, 32)},
		}},
		Outs: []wire.Out{{Value: w.Value, Script: pay}, {Script: commit}},
	}
	txs := []*wire.Tx{coinbase.Seal()}
	for _, e := range w.Txs {
		raw, err := hex.DecodeString(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		tx, err := wire.DecodeTx(raw)
		if err != nil || tx.ID() != e.TxID {
			t.Fatalf("%v: %v", e.TxID, err)
		}
		txs = append(txs, tx)
	}
	b := wire.NewBlock(wire.Header{Version: w.Version, Parent: w.Prev, Time: w.Time, Bits: 0x207fffff}, txs)
	return sealed(b, nil)
}

// sealed is b with its Merkle root and work, and changes to the header after the root.
func sealed(b *wire.Block, change func(*wire.Header)) *wire.Block {
	h := b.Header
	h.Merkle, _ = wire.MerkleRoot(b.TxIDs())
	if change != nil {
		change(&h)
	}
	for h.Nonce = 0; !worked(&h); h.Nonce++ {
	}
	return wire.NewBlock(h, b.Txs)
}

// TestMinerFlow mines as programs do that know only getblocktemplate and submitblock.
func TestMinerFlow(t *testing.T) {
	f := newFixture(t, 101)
	f.must("sendrawtransaction", nil, f.vars["pay"])
	f.must("sendrawtransaction", nil, f.vars["child"])
	var w work
	f.must("getblocktemplate", &w, map[string]any{"rules": []string{"segwit"}, "capabilities": []string{"coinbasetxn", "workid", "longpoll"}})
	if len(w.Txs) != 2 || !slices.Equal(w.Txs[1].Depends, []int{1}) || w.Value != 50e8+30_000 || w.Bits != "207fffff" || w.Height != 102 || !strings.HasPrefix(w.LongPoll, w.Prev.String()) {
		t.Fatalf("template %+v", w)
	}
	b := w.block(t, f.script)
	var verdict *string
	f.must("getblocktemplate", &verdict, map[string]any{"rules": []string{"segwit"}, "mode": "proposal", "data": hex.EncodeToString(b.Bytes())})
	if verdict != nil {
		t.Fatalf("proposed: %s", *verdict)
	}
	f.must("submitblock", &verdict, hex.EncodeToString(b.Bytes()))
	if tip := f.parts.Chain.Tip(); verdict != nil || tip.ID != b.ID() {
		t.Fatalf("submitted: %v, the tip is %v", verdict, tip.ID)
	}
	var next work
	f.must("getblocktemplate", &next, map[string]any{"rules": []string{"segwit"}, "longpollid": w.LongPoll})
	if next.Prev != b.ID() || len(next.Txs) != 0 {
		t.Errorf("the next template %+v", next)
	}
}

// TestProposals spoils a block as Bitcoin Core's mining_template_verification.py does. The answers
// are bitcoind 31's.
func TestProposals(t *testing.T) {
	f := newFixture(t, 101)
	f.must("sendrawtransaction", nil, f.vars["pay"])
	f.must("sendrawtransaction", nil, f.vars["child"])
	var w work
	f.must("getblocktemplate", &w, map[string]any{"rules": []string{"segwit"}})
	good := w.block(t, f.script)
	with := func(change func(*wire.Tx)) *wire.Block {
		cb := *good.Txs[0]
		cb.Ins, cb.Outs = slices.Clone(cb.Ins), slices.Clone(cb.Outs)
		change(&cb)
		fresh := &wire.Tx{Version: cb.Version, Ins: cb.Ins, Outs: cb.Outs, LockTime: cb.LockTime}
		return sealed(wire.NewBlock(good.Header, append([]*wire.Tx{fresh.Seal()}, good.Txs[1:]...)), nil)
	}
	header := func(change func(*wire.Header)) *wire.Block { return sealed(good, change) }
	txs := func(txs ...*wire.Tx) *wire.Block { return sealed(wire.NewBlock(good.Header, txs), nil) }
	for _, c := range []struct {
		name     string
		block    *wire.Block
		proposed string // "": valid
	}{
		{"root", header(func(h *wire.Header) { h.Merkle[0]++ }), "bad-txnmrklroot"},
		{"too new", header(func(h *wire.Header) { h.Time += 7201 }), "time-too-new"},
		{"too old", header(func(h *wire.Header) { h.Time = 0 }), "time-too-old"},
		{"target", header(func(h *wire.Header) { h.Bits-- }), "bad-diffbits"},
		{"parent", header(func(h *wire.Header) { h.Parent = wire.Hash{7} }), "inconclusive-not-best-prevblk"},
		{"version", header(func(h *wire.Header) { h.Version = 1 }), "bad-version(0x00000001)"},
		{"reward", with(func(t *wire.Tx) { t.Outs[0].Value++ }), "bad-cb-amount"},
		{"lock time", with(func(t *wire.Tx) { t.LockTime = 1<<32 - 1 }), "bad-txns-nonfinal"},
		{"height", with(func(t *wire.Tx) { t.Ins[0].Script = []byte{1, 103, 0} }), "bad-cb-height"},
		{"long coinbase", with(func(t *wire.Tx) { t.Ins[0].Script = append(t.Ins[0].Script, make([]byte, 100)...) }), "bad-cb-length"},
		{"no coinbase", with(func(t *wire.Tx) { t.Ins[0].Prev.TxID[0]++ }), "bad-cb-missing"},
		{"no nonce", with(func(t *wire.Tx) { t.Ins[0].Witness = nil }), "bad-witness-nonce-size"},
		{"no commitment", with(func(t *wire.Tx) { t.Outs, t.Ins[0].Witness = t.Outs[:1], nil }), "unexpected-witness"},
		{"order", txs(good.Txs[0], good.Txs[2], good.Txs[1]), "bad-witness-merkle-match"},
		{"repeated", txs(good.Txs[0], good.Txs[1], good.Txs[2], good.Txs[2]), "bad-txns-duplicate"},
		{"no transactions", txs(), "bad-blk-length"},
		{"good", good, ""},
	} {
		var verdict string
		f.must("getblocktemplate", &verdict, map[string]any{"mode": "proposal", "data": hex.EncodeToString(c.block.Bytes())})
		if verdict != c.proposed {
			t.Errorf("%s: proposed %q, want %q", c.name, verdict, c.proposed)
		}
	}
	behind := append(bytes.Clone(good.Bytes()), 0) // what follows a block is not read
	var verdict string
	f.must("submitblock", &verdict, hex.EncodeToString(behind))
	if verdict != "" || f.parts.Chain.Tip().ID != good.ID() {
		t.Errorf("submitted: %q", verdict)
	}
	f.must("getblocktemplate", &verdict, map[string]any{"mode": "proposal", "data": hex.EncodeToString(good.Bytes())})
	if verdict != "duplicate" {
		t.Errorf("known: %q", verdict)
	}
}
