package wire_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

func TestKnownTransactions(t *testing.T) {
	for _, c := range []struct {
		name, enc, id string
		base, size    int
		coinbase      bool
	}{
		{"genesis coinbase", genesisCoinbase, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 204, 204, true},
		{"BIP143", witnessTx, "e8151a2af31c368a35053ddd4bdb285a8595c769a3ad83e0fa02314a602d4609", 233, 343, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := unhex(t, c.enc)
			tx, err := wire.DecodeTx(raw)
			if err != nil {
				t.Fatal(err)
			}
			other, err := btcdTx(raw)
			if err != nil {
				t.Fatal(err)
			}
			sameTx(t, raw, tx, other)
			resealed(t, raw, tx)
			if tx.ID().String() != c.id || tx.BaseSize() != c.base || tx.Size() != c.size || tx.IsCoinbase() != c.coinbase {
				t.Errorf("id %v, %d of %d bytes, coinbase %v", tx.ID(), tx.BaseSize(), tx.Size(), tx.IsCoinbase())
			}
		})
	}
}

// Every transaction in Core's vectors, valid or not, has a sound encoding.
func TestCoreVectors(t *testing.T) {
	count := 0
	for _, name := range []string{"tx_valid.json", "tx_invalid.json"} {
		var cases [][]any
		if err := json.Unmarshal(realdata.Read(t, name), &cases); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if len(c) != 3 { // a comment
				continue
			}
			raw := unhex(t, c[1].(string))
			tx, err := wire.DecodeTx(raw)
			if err != nil {
				t.Errorf("%s: %v: %v", name, c[1], err)
				continue
			}
			resealed(t, raw, tx)
			if other, err := btcdTx(raw); err == nil {
				sameTx(t, raw, tx, other)
			}
			count++
		}
	}
	if count < 200 {
		t.Errorf("only %d vectors", count)
	}
}

// randomTx draws a transaction that has an encoding: one with inputs.
func randomTx(t *rapid.T) *wire.Tx {
	script := rapid.SliceOfN(rapid.Byte(), 0, 300)
	tx := &wire.Tx{Version: rapid.Int32().Draw(t, "version"), LockTime: rapid.Uint32().Draw(t, "lock time")}
	for range rapid.IntRange(1, 5).Draw(t, "inputs") {
		in := wire.In{Script: script.Draw(t, "script"), Sequence: rapid.Uint32().Draw(t, "sequence")}
		copy(in.Prev.TxID[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "txid"))
		in.Prev.Index = rapid.Uint32().Draw(t, "index")
		in.Witness = rapid.SliceOfN(script, 0, 3).Draw(t, "witness")
		tx.Ins = append(tx.Ins, in)
	}
	for range rapid.IntRange(0, 5).Draw(t, "outputs") {
		tx.Outs = append(tx.Outs, wire.Out{Value: rapid.Int64().Draw(t, "value"), Script: script.Draw(t, "out script")})
	}
	return tx
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		built := randomTx(t)
		raw := built.Append(nil)
		tx, err := wire.DecodeTx(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(tx.Append(nil), raw) || tx.ID() != built.ID() || tx.WitnessID() != built.WitnessID() {
			t.Fatalf("%x does not survive", raw)
		}
		bare, err := wire.DecodeTx(built.AppendBase(nil))
		if err != nil {
			t.Fatal(err)
		}
		if bare.ID() != tx.ID() || bare.WitnessID() != tx.ID() || bare.Size() != tx.BaseSize() {
			t.Fatal("the encoding without witness has another id or size")
		}
		b := wire.NewBlock(wire.Header{Nonce: 1}, []*wire.Tx{built.Seal(), bare})
		back, err := wire.DecodeBlock(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if back.ID() != b.ID() || back.Weight() != b.Weight() || back.Spends() != len(bare.Ins) {
			t.Fatal("the block does not survive")
		}
	})
}
