package signing_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

// hexBytes reads hex from JSON.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// vectors are BIP341's wallet test vectors.
type vectors struct {
	ScriptPubKey []struct {
		Given struct {
			InternalPubkey hexBytes
			ScriptTree     json.RawMessage
		}
		Intermediary struct{ MerkleRoot hexBytes }
		Expected     struct {
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
		InputSpending []struct {
			Given struct {
				TxinIndex       int
				InternalPrivkey hexBytes
				MerkleRoot      hexBytes
				HashType        uint32
			}
			Expected struct{ Witness []hexBytes }
		}
	}
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	raw, err := os.ReadFile("testdata/bip341.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// readTree lists a tree's leaves: an object is a leaf, a pair a branch.
func readTree(t *testing.T, raw json.RawMessage, depth byte) signing.Tree {
	t.Helper()
	var leaf struct {
		Script      hexBytes
		LeafVersion byte
	}
	var pair []json.RawMessage
	if json.Unmarshal(raw, &pair) == nil && len(pair) == 2 {
		return append(readTree(t, pair[0], depth+1), readTree(t, pair[1], depth+1)...)
	}
	if err := json.Unmarshal(raw, &leaf); err != nil {
		t.Fatal(err)
	}
	return signing.Tree{{Depth: depth, Version: leaf.LeafVersion, Script: leaf.Script}}
}

func TestTreesOfBIP341(t *testing.T) {
	for i, v := range readVectors(t).ScriptPubKey {
		o := signing.TapOutput{Internal: signing.XOnly(v.Given.InternalPubkey)}
		if tree := v.Given.ScriptTree; tree != nil && string(tree) != "null" {
			o.Tree = readTree(t, tree, 0)
		}
		key, ok := o.Key()
		if !ok || hex.EncodeToString(key[:]) != hex.EncodeToString(v.Expected.ScriptPubKey[2:]) {
			t.Errorf("vector %d: key %x, want %x", i, key, v.Expected.ScriptPubKey[2:])
		}
		tap := o.Spending()
		if want := v.Intermediary.MerkleRoot; len(want) > 0 && tap.Root != [32]byte(want) {
			t.Errorf("vector %d: root %x, want %x", i, tap.Root, want)
		}
		for n, want := range v.Expected.ScriptPathControlBlocks {
			l := signing.Leaf{Script: string(o.Tree[n].Script), Version: o.Tree[n].Version}
			if got := tap.Leaves[l][0]; !slices.Equal(got, want) {
				t.Errorf("vector %d, leaf %d: control block %x, want %x", i, n, got, want)
			}
		}
	}
}

func TestKeyPathOfBIP341(t *testing.T) {
	for _, v := range readVectors(t).KeyPathSpending {
		tx, err := wire.DecodeTx(v.Given.RawUnsignedTx)
		if err != nil {
			t.Fatal(err)
		}
		var coins []wire.Out
		for _, u := range v.Given.UtxosSpent {
			coins = append(coins, wire.Out{Value: u.AmountSats, Script: u.ScriptPubKey})
		}
		s := signing.NewSpender(tx, coins, true)
		for _, in := range v.InputSpending {
			secret, public := btcec.PrivKeyFromBytes(in.Given.InternalPrivkey)
			var ring signing.Keyring
			ring.Add(signing.NewKey(secret, true))
			d := new(signing.Data)
			d.Tap.Internal = signing.XOnly(public.SerializeCompressed()[1:])
			copy(d.Tap.Root[:], in.Given.MerkleRoot)
			i := in.Given.TxinIndex
			if !signing.Produce(&ring, s.Input(i, in.Given.HashType), coins[i].Script, d) {
				t.Errorf("input %d was not signed", i)
				continue
			}
			if want := in.Expected.Witness[0]; !slices.Equal(d.Witness[0], want) {
				t.Errorf("input %d: %x, want %x", i, d.Witness[0], want)
			}
		}
	}
}
