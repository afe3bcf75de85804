package view

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// What is written by hand is what reflection writes.
func TestAppendTx(t *testing.T) {
	params, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Repeat([]byte{2}, 33)
	scripts := [][]byte{
		{0x51}, {0x6a, 0x02, 0xab, 0xcd}, {0x4c}, append([]byte{0x00, 0x14}, key[:20]...), append([]byte{0x51, 0x20}, key[:32]...),
		append(append([]byte{0x21}, key...), 0xac), append(append([]byte{0x76, 0xa9, 0x14}, key[:20]...), 0x88, 0xac), nil, {0x51, 0x02, 0x4e, 0x73},
		append([]byte{0x51, 0x20}, bytes.Repeat([]byte{0x79}, 32)...), append([]byte{0x51, 0x20}, bytes.Repeat([]byte{0xff}, 32)...),
		append([]byte{0x00, 0x20}, key[:32]...), append(append([]byte{0xa9, 0x14}, key[:20]...), 0x87),
	}
	payment := &wire.Tx{Version: -1, LockTime: 7}
	var spent []consensus.Coin
	for i, s := range scripts {
		payment.Ins = append(payment.Ins, wire.In{Prev: wire.Outpoint{TxID: wire.Hash{byte(i + 1)}, Index: uint32(i)}, Script: s, Sequence: 0xffffffff})
		payment.Outs = append(payment.Outs, wire.Out{Value: int64(i) * 123456789, Script: s})
		spent = append(spent, consensus.Coin{Out: wire.Out{Value: int64(i) * 200000000, Script: s}, Height: uint32(i), Coinbase: i == 3})
	}
	payment.Ins[1].Witness = [][]byte{{}, {1, 2, 3}}
	coinbase := params.Genesis.Txs[0]
	for _, v := range []TxView{{}, {Hex: true}, {Spent: spent}, {Spent: spent, Prevs: true, Hex: true}, {Prevs: true}} {
		v.Params = params
		for _, tx := range []*wire.Tx{payment.Seal(), coinbase} {
			if tx == coinbase {
				v.Spent = nil
			}
			same(t, v.Append(nil, tx), v.Show(tx))
		}
	}
}

func TestAppendHeader(t *testing.T) {
	h := chain.HeaderInfo{Header: wire.Header{Version: -5, Bits: 0x207fffff, Time: 5, Nonce: 9}, ID: wire.Hash{1, 2}, Height: 3, Active: true, Work: [4]uint64{1, 2}, Txs: 4}
	for _, next := range []wire.Hash{{}, {9}} {
		for _, height := range []uint32{0, 3} {
			h.Next, h.Height = next, height
			v := NewHeader(h, 10)
			same(t, v.AppendJSON(nil), v)
		}
	}
}

// same compares with what reflection writes.
func same(t *testing.T, got []byte, v any) {
	t.Helper()
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func BenchmarkAppendTx(b *testing.B) {
	params, err := consensus.Chain("main")
	if err != nil {
		b.Fatal(err)
	}
	// A payment of the year 2013, from Core's tests.
	raw, err := hex.DecodeString("0100000001b14bdcbc3e01bdaad36cc08e81e69c82e1060bc14e518db2b49aa43ad90ba26000000000490047304402203f16c6f40162ab686621ef3000b04e75418a0c0cb2d8aebeac894ae360ac1e780220ddc15ecdfc3507ac48e1681a33eb60996631bf6bf5bc0a0682c4db743ce7ca2b01ffffffff0140420f00000000001976a914660d4ef3a743e3e696ad990364e555c271ad504b88ac00000000")
	if err != nil {
		b.Fatal(err)
	}
	tx, err := wire.DecodeTx(raw)
	if err != nil {
		b.Fatal(err)
	}
	v := TxView{Params: params, Hex: true}
	var buf []byte
	for b.Loop() {
		buf = v.Append(buf[:0], tx)
	}
	b.SetBytes(int64(len(buf)))
}
