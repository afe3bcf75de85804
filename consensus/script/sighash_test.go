package script

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"github.com/quernnet/quern/consensus/wire"
)

// TestLegacyHashVectors runs sighash.json.
func TestLegacyHashVectors(t *testing.T) {
	var rows [][]any
	readJSON(t, "sighash.json", &rows)
	ran := 0
	for _, row := range rows {
		if len(row) == 1 {
			continue // a comment
		}
		tx, err := wire.DecodeTx(unhex(t, row[0].(string)))
		if err != nil {
			t.Fatal(err)
		}
		in, _ := row[2].(json.Number).Int64()
		hashType, _ := row[3].(json.Number).Int64()
		got := wire.Hash(new(hasher).legacyHash(tx, int(in), unhex(t, row[1].(string)), uint32(hashType)))
		if got.String() != row[4] {
			t.Errorf("%v input %d hash type %d: got %v, want %v", tx.ID(), in, hashType, got, row[4])
		}
		ran++
	}
	t.Logf("%d cases of sighash.json", ran)
	if want := 500; ran != want {
		t.Errorf("ran %d cases, want %d", ran, want)
	}
}

// hexBytes is hex in JSON.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.AppendDecode(nil, b)
	return err
}

type taprootVectors struct {
	ScriptPubKey []struct {
		Given struct {
			InternalPubkey hexBytes
			ScriptTree     json.RawMessage
		}
		Intermediary struct {
			LeafHashes []hexBytes
			MerkleRoot hexBytes
		}
		Expected struct {
			ScriptPubKey            hexBytes
			ScriptPathControlBlocks []hexBytes
		}
	}
	KeyPathSpending []struct {
		Given struct {
			RawUnsignedTx hexBytes
			UtxosSpent    []struct {
				ScriptPubKey hexBytes
				AmountSats   int64
			}
		}
		Intermediary struct {
			HashAmounts, HashOutputs, HashPrevouts, HashScriptPubkeys, HashSequences hexBytes
		}
		InputSpending []struct {
			Given struct {
				TxinIndex       int
				InternalPrivkey hexBytes
				HashType        byte
			}
			Intermediary struct{ SigHash, TweakedPrivkey hexBytes }
			Expected     struct{ Witness []hexBytes }
		}
		Auxiliary struct{ FullySignedTx hexBytes }
	}
}

func readTaproot(t *testing.T) (v taprootVectors) {
	readJSON(t, "bips/bip-0341-wallet-test-vectors.json", &v)
	return v
}

// TestTaprootHashVectors runs BIP341's key path vectors: midstates, hashes,
// signatures, and the signed transaction as a whole.
func TestTaprootHashVectors(t *testing.T) {
	ran := 0
	for _, v := range readTaproot(t).KeyPathSpending {
		tx, err := wire.DecodeTx(v.Given.RawUnsignedTx)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := wire.DecodeTx(v.Auxiliary.FullySignedTx)
		if err != nil {
			t.Fatal(err)
		}
		coins := make([]wire.Out, len(tx.Ins))
		for i, u := range v.Given.UtxosSpent {
			coins[i] = wire.Out{Value: u.AmountSats, Script: u.ScriptPubKey}
		}
		spend, whole := NewSpend(tx, coins, Standard), NewSpend(signed, coins, Standard)
		m := new(hasher).midstate(spend, true)
		for i, pair := range [][2][]byte{
			{m.amounts[:], v.Intermediary.HashAmounts}, {m.outputs[:], v.Intermediary.HashOutputs},
			{m.prevouts[:], v.Intermediary.HashPrevouts}, {m.scripts[:], v.Intermediary.HashScriptPubkeys},
			{m.sequences[:], v.Intermediary.HashSequences},
		} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Errorf("midstate %d: got %x, want %x", i, pair[0], pair[1])
			}
		}
		for _, in := range v.InputSpending {
			ctx := &tapContext{}
			sum, ok := new(hasher).taprootHash(spend, in.Given.TxinIndex, in.Given.HashType, ctx)
			if !ok || !bytes.Equal(sum[:], in.Intermediary.SigHash) {
				t.Errorf("input %d: got %x, want %x", in.Given.TxinIndex, sum, in.Intermediary.SigHash)
			}
			key, _ := btcec.PrivKeyFromBytes(in.Intermediary.TweakedPrivkey)
			program := schnorr.SerializePubKey(key.PubKey())
			if err := NewBatch(nil).checkSchnorr(spend, in.Given.TxinIndex, in.Expected.Witness[0], program, ctx); err != nil {
				t.Errorf("input %d: its signature fails: %v", in.Given.TxinIndex, err)
			}
			ran++
		}
		for i := range signed.Ins {
			if got := verdict(t, Check{Spend: whole, In: i}); got != "OK" {
				t.Errorf("input %d of the signed transaction: %s", i, got)
			}
			if got := verdict(t, Check{Spend: NewSpend(signed, coins, Mandatory), In: i}); got != "OK" {
				t.Errorf("input %d of the signed transaction: %s", i, got)
			}
		}
	}
	t.Logf("%d inputs of BIP341's key path vectors", ran)
	if want := 7; ran != want {
		t.Errorf("ran %d inputs, want %d", ran, want)
	}
}

// TestControlBlockVectors runs BIP341's script tree vectors: every control
// block must commit to its leaf under the output key.
func TestControlBlockVectors(t *testing.T) {
	type leaf struct {
		Script      hexBytes
		LeafVersion byte
	}
	ran := 0
	for _, v := range readTaproot(t).ScriptPubKey {
		_, program, ok := WitnessProgram(v.Expected.ScriptPubKey)
		if !ok || Classify(v.Expected.ScriptPubKey) != TypeWitnessV1Taproot {
			t.Errorf("%x is no taproot output", v.Expected.ScriptPubKey)
		}
		var leaves []leaf
		var walk func(json.RawMessage)
		walk = func(raw json.RawMessage) {
			var branch []json.RawMessage
			if json.Unmarshal(raw, &branch) == nil {
				for _, b := range branch {
					walk(b)
				}
				return
			}
			var l leaf
			if err := json.Unmarshal(raw, &l); err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, l)
		}
		if string(v.Given.ScriptTree) != "null" {
			walk(v.Given.ScriptTree)
		}
		if len(leaves) != len(v.Expected.ScriptPathControlBlocks) {
			t.Fatalf("%d leaves, %d control blocks", len(leaves), len(v.Expected.ScriptPathControlBlocks))
		}
		for i, control := range v.Expected.ScriptPathControlBlocks {
			hash := leafHash(leaves[i].LeafVersion, leaves[i].Script)
			if !bytes.Equal(hash[:], v.Intermediary.LeafHashes[i]) {
				t.Errorf("leaf hash: got %x, want %x", hash, v.Intermediary.LeafHashes[i])
			}
			if root := merkleRoot(control, hash); !bytes.Equal(root[:], v.Intermediary.MerkleRoot) {
				t.Errorf("root: got %x, want %x", root, v.Intermediary.MerkleRoot)
			}
			if !NewBatch(nil).committed(control, program, hash) {
				t.Errorf("control block %x does not commit to its leaf", control)
			}
			flipped := append([]byte{control[0] ^ 1}, control[1:]...)
			if NewBatch(nil).committed(flipped, program, hash) {
				t.Errorf("control block %x passes with the wrong parity", flipped)
			}
			ran++
		}
	}
	t.Logf("%d control blocks of BIP341", ran)
	if want := 12; ran != want {
		t.Errorf("ran %d control blocks, want %d", ran, want)
	}
}
