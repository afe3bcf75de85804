package wire_test

import (
	"bytes"
	"strings"
	"testing"

	btcd "github.com/btcsuite/btcd/wire/v2"

	"github.com/quernnet/quern/consensus/wire"
)

// What btcd's codec refuses and Core's reads, and so ours:
//   - a transaction with neither inputs nor outputs (flag 0 after the marker);
//   - counts and lengths above limits of its own, such as 4,000,000 items in
//     a witness, which only inputs longer than the fuzzer's reach.
//
// Nothing is known that btcd reads and ours refuses.

// hollow says whether raw holds a transaction of the one kind that btcd refuses.
func hollow(txs ...*wire.Tx) bool {
	for _, tx := range txs {
		if len(tx.Ins) == 0 && len(tx.Outs) == 0 {
			return true
		}
	}
	return false
}

func addTxSeeds(f *testing.F) {
	for _, s := range []string{
		genesisCoinbase, witnessTx,
		version + "00 00" + lockTime,
		version + "01" + in + "00" + lockTime,
		version + "00 01 02" + in + in + "01" + out + "00 01 00" + lockTime,
		version + "00 02 01" + in + "01" + out + "01 00" + lockTime,
		version + "fd 0100" + in + "01" + out + lockTime,
		version + "00 01 01" + in + "01" + out + "fe ffffffff 00" + lockTime,
	} {
		f.Add(unhex(f, s))
	}
}

func FuzzTx(f *testing.F) {
	addTxSeeds(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := wire.DecodeTx(raw)
		other, otherErr := btcdTx(raw)
		switch {
		case err == nil && otherErr == nil:
			sameTx(t, raw, tx, other)
		case err == nil && !hollow(tx):
			t.Fatalf("btcd refuses %x: %v", raw, otherErr)
		case otherErr == nil:
			t.Fatalf("only btcd reads %x: %v", raw, err)
		}
		if err == nil {
			resealed(t, raw, tx)
		}
	})
}

// resealed builds a transaction with tx's fields and checks that its ids, sizes and encoding
// are the ones found at decode.
func resealed(t *testing.T, raw []byte, tx *wire.Tx) {
	t.Helper()
	built := &wire.Tx{Version: tx.Version, Ins: tx.Ins, Outs: tx.Outs, LockTime: tx.LockTime}
	if built.ID() != tx.ID() || built.WitnessID() != tx.WitnessID() {
		t.Fatal("an unsealed copy has other ids")
	}
	built.Seal()
	if built.ID() != tx.ID() || built.WitnessID() != tx.WitnessID() ||
		built.Size() != tx.Size() || built.BaseSize() != tx.BaseSize() || built.Weight() != tx.Weight() {
		t.Fatal("a sealed copy has other ids or sizes")
	}
	if !bytes.Equal(built.Append(nil), raw) {
		t.Fatalf("%x encodes to %x", raw, built.Append(nil))
	}
}

func FuzzBlock(f *testing.F) {
	f.Add(smallBlock(f))
	f.Add(unhex(f, genesisHeader+"00"))
	f.Add(unhex(f, genesisHeader+"02"+strings.Repeat(version+"00 00"+lockTime, 2)))
	f.Add(unhex(f, genesisHeader+"fe ffffff00"+genesisCoinbase))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := wire.DecodeBlock(raw)
		other, otherErr := btcdBlock(raw)
		switch {
		case err == nil && otherErr == nil:
			sameBlock(t, raw, b, other)
		case err == nil && !hollow(b.Txs...):
			t.Fatalf("btcd refuses %x: %v", raw, otherErr)
		case otherErr == nil:
			t.Fatalf("only btcd reads %x: %v", raw, err)
		}
		if err == nil && !bytes.Equal(wire.NewBlock(b.Header, b.Txs).Bytes(), raw) {
			t.Fatalf("%x encodes otherwise", raw)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add(unhex(f, genesisHeader))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := wire.DecodeHeader(raw)
		if (err == nil) != (len(raw) == wire.HeaderSize) {
			t.Fatalf("%d bytes: %v", len(raw), err)
		}
		if err != nil {
			return
		}
		var other btcd.BlockHeader
		if err := other.Deserialize(bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
		if h.ID() != wire.Hash(other.BlockHash()) || !bytes.Equal(h.Append(nil), raw) ||
			h.Version != other.Version || h.Time != uint32(other.Timestamp.Unix()) || h.Bits != other.Bits || h.Nonce != other.Nonce {
			t.Fatalf("%x gives %+v, btcd %+v", raw, h, other)
		}
	})
}
