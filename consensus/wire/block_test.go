package wire_test

import (
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

func decodeBoth(t *testing.T, raw []byte) *wire.Block {
	t.Helper()
	b, err := wire.DecodeBlock(raw)
	if err != nil {
		t.Fatal(err)
	}
	other, err := btcdBlock(raw)
	if err != nil {
		t.Fatal(err)
	}
	sameBlock(t, raw, b, other)
	if root, mutated := wire.MerkleRoot(b.TxIDs()); root != b.Header.Merkle || mutated {
		t.Fatalf("Merkle root %v (mutated %v), header says %v", root, mutated, b.Header.Merkle)
	}
	return b
}

func TestRealBlocks(t *testing.T) {
	for _, c := range []struct {
		name                string
		read                func(testing.TB) []byte
		id                  string
		txs, spends, weight int
	}{
		{"413567", block413567, "0000000000000000025aff8be8a55df8f89c77296db6198f272d6577325d4069", 1557, 4886, 3999548},
		{"277647", block277647, "0000000000000000054a714e580b16c583701712ab91060e92dbde6eb1e052a8", 213, 732, 596656},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := decodeBoth(t, c.read(t))
			if b.ID().String() != c.id {
				t.Errorf("id %v, want %s", b.ID(), c.id)
			}
			if len(b.Txs) != c.txs || b.Spends() != c.spends || b.Weight() != c.weight {
				t.Errorf("%d transactions, %d spends, weight %d; want %d, %d, %d",
					len(b.Txs), b.Spends(), b.Weight(), c.txs, c.spends, c.weight)
			}
		})
	}
}

func TestRegtestBlocks(t *testing.T) {
	var parent wire.Hash
	for i, raw := range regtestBlocks(t) {
		b := decodeBoth(t, raw)
		if i > 0 && b.Header.Parent != parent {
			t.Errorf("block %d does not follow its parent", i)
		}
		if !b.Txs[0].IsCoinbase() {
			t.Errorf("block %d has no coinbase", i)
		}
		parent = b.ID()
	}
}

func TestPaymentBlocks(t *testing.T) {
	witness := 0
	for _, raw := range paymentBlocks(t, 150) {
		for _, tx := range decodeBoth(t, raw).Txs {
			if tx.HasWitness() {
				witness++
			}
		}
	}
	if witness == 0 {
		t.Error("no transaction has a witness")
	}
}

func TestGenesisHeader(t *testing.T) {
	raw := unhex(t, genesisHeader)
	h, err := wire.DecodeHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.ID().String(); got != "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f" {
		t.Errorf("id %s", got)
	}
	want := wire.Header{Version: 1, Merkle: h.Merkle, Time: 1231006505, Bits: 0x1d00ffff, Nonce: 2083236893}
	if h != want {
		t.Errorf("header %+v, want %+v", h, want)
	}
	if got := h.Append(nil); string(got) != string(raw) {
		t.Errorf("encodes to %x", got)
	}
	coinbase, err := wire.DecodeTx(unhex(t, genesisCoinbase))
	if err != nil {
		t.Fatal(err)
	}
	b := wire.NewBlock(h, []*wire.Tx{coinbase})
	if root, _ := wire.MerkleRoot(b.TxIDs()); root != h.Merkle || !coinbase.IsCoinbase() {
		t.Errorf("Merkle root %v, want %v", root, h.Merkle)
	}
	if b.Size() != 285 || b.Weight() != 4*285 || b.Spends() != 0 {
		t.Errorf("size %d, weight %d, spends %d", b.Size(), b.Weight(), b.Spends())
	}
}
