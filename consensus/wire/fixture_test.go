package wire_test

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	btcd "github.com/btcsuite/btcd/wire/v2"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

// The coinbase of Bitcoin's first block, and BIP143's signed example with one input
// that has a witness and one that has none.
const (
	genesisCoinbase = "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000"
	witnessTx       = "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635711000000"
	genesisHeader   = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
)

// unhex reads hex, in which spaces may part the fields.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// block413567 is a real block of 1 MB without witness.
func block413567(t testing.TB) []byte { return realdata.Read(t, "mainnet-block-413567.bin") }

// block277647 is a real block that lies in a block file: magic, length, block.
func block277647(t testing.TB) []byte {
	packed := realdata.Read(t, "mainnet-block-277647.dat.bz2")
	b, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if n := binary.LittleEndian.Uint32(b[4:]); int(n) != len(b)-8 {
		t.Fatalf("block file says %d bytes, has %d", n, len(b)-8)
	}
	return b[8:]
}

// regtestBlocks are small blocks with witness.
func regtestBlocks(t testing.TB) (blocks [][]byte) {
	for line := range strings.FieldsSeq(string(realdata.Read(t, "regtest-blocks-206.hex.txt"))) {
		blocks = append(blocks, unhex(t, line))
	}
	if len(blocks) != 206 {
		t.Fatalf("%d regtest blocks, want 206", len(blocks))
	}
	return blocks
}

// paymentBlocks are the first blocks of a chain full of witness spends of all kinds.
func paymentBlocks(t testing.TB, count int) (blocks [][]byte) {
	for b := realdata.Read(t, "chain-payments.dat"); len(b) > 8 && len(blocks) < count; {
		n := binary.LittleEndian.Uint32(b[4:])
		blocks = append(blocks, b[8:8+n])
		b = b[8+n:]
	}
	return blocks
}

// smallBlock has both fixtures as its transactions.
func smallBlock(t testing.TB) []byte {
	return unhex(t, genesisHeader+"02"+genesisCoinbase+witnessTx)
}

// sameTx compares a decoded transaction with btcd's, field by field.
func sameTx(t testing.TB, raw []byte, tx *wire.Tx, other *btcd.MsgTx) {
	t.Helper()
	var enc, base bytes.Buffer
	if err := other.Serialize(&enc); err != nil {
		t.Fatal(err)
	}
	if err := other.SerializeNoWitness(&base); err != nil {
		t.Fatal(err)
	}
	if got := tx.Append(nil); !bytes.Equal(got, raw) || !bytes.Equal(got, enc.Bytes()) {
		t.Fatalf("encodes to\n%x\nbtcd to\n%x\nwas\n%x", got, enc.Bytes(), raw)
	}
	if got := tx.AppendBase(nil); !bytes.Equal(got, base.Bytes()) {
		t.Fatalf("encodes without witness to\n%x\nbtcd to\n%x", got, base.Bytes())
	}
	if tx.ID() != wire.Hash(other.TxHash()) || tx.WitnessID() != wire.Hash(other.WitnessHash()) {
		t.Fatalf("ids %v, %v; btcd's %v, %v", tx.ID(), tx.WitnessID(), other.TxHash(), other.WitnessHash())
	}
	if tx.BaseSize() != other.SerializeSizeStripped() || tx.Size() != other.SerializeSize() ||
		tx.Weight() != 3*base.Len()+enc.Len() || tx.VSize() != (tx.Weight()+3)/4 {
		t.Fatalf("sizes %d, %d, weight %d; btcd's %d, %d", tx.BaseSize(), tx.Size(), tx.Weight(),
			other.SerializeSizeStripped(), other.SerializeSize())
	}
	if tx.Version != other.Version || tx.LockTime != other.LockTime || tx.HasWitness() != other.HasWitness() ||
		len(tx.Ins) != len(other.TxIn) || len(tx.Outs) != len(other.TxOut) {
		t.Fatalf("fields of %v differ from btcd's", tx.ID())
	}
	for i, in := range tx.Ins {
		o := other.TxIn[i]
		if in.Prev.TxID != wire.Hash(o.PreviousOutPoint.Hash) || in.Prev.Index != o.PreviousOutPoint.Index ||
			in.Sequence != o.Sequence || !bytes.Equal(in.Script, o.SignatureScript) || len(in.Witness) != len(o.Witness) {
			t.Fatalf("input %d differs from btcd's", i)
		}
		for j, item := range in.Witness {
			if !bytes.Equal(item, o.Witness[j]) {
				t.Fatalf("witness item %d of input %d differs from btcd's", j, i)
			}
		}
	}
	for i, out := range tx.Outs {
		if out.Value != other.TxOut[i].Value || !bytes.Equal(out.Script, other.TxOut[i].PkScript) {
			t.Fatalf("output %d differs from btcd's", i)
		}
	}
}

// sameBlock compares a decoded block with btcd's.
func sameBlock(t testing.TB, raw []byte, b *wire.Block, other *btcd.MsgBlock) {
	t.Helper()
	if b.ID() != wire.Hash(other.BlockHash()) {
		t.Fatalf("id %v, btcd's %v", b.ID(), other.BlockHash())
	}
	if len(b.Txs) != len(other.Transactions) {
		t.Fatalf("%d transactions, btcd's %d", len(b.Txs), len(other.Transactions))
	}
	for i, tx := range b.Txs {
		sameTx(t, tx.Append(nil), tx, other.Transactions[i])
	}
	if b.Size() != other.SerializeSize() || b.BaseSize() != other.SerializeSizeStripped() ||
		b.Weight() != 3*other.SerializeSizeStripped()+other.SerializeSize() {
		t.Fatalf("sizes %d, %d; btcd's %d, %d", b.Size(), b.BaseSize(), other.SerializeSize(), other.SerializeSizeStripped())
	}
	// Once as kept, once put together from its parts.
	built := wire.NewBlock(b.Header, b.Txs)
	for _, b := range []*wire.Block{b, built} {
		if !bytes.Equal(b.Bytes(), raw) || !bytes.Equal(b.Append(nil), raw) || b.Size() != len(raw) {
			t.Fatalf("block %v does not encode to what it was decoded from", b.ID())
		}
	}
}

func btcdBlock(raw []byte) (*btcd.MsgBlock, error) {
	r := bytes.NewReader(raw)
	b := new(btcd.MsgBlock)
	if err := b.Deserialize(r); err != nil {
		return nil, err
	}
	if r.Len() > 0 {
		return nil, io.ErrShortBuffer
	}
	return b, nil
}

func btcdTx(raw []byte) (*btcd.MsgTx, error) {
	r := bytes.NewReader(raw)
	tx := new(btcd.MsgTx)
	if err := tx.Deserialize(r); err != nil {
		return nil, err
	}
	if r.Len() > 0 {
		return nil, io.ErrShortBuffer
	}
	return tx, nil
}
