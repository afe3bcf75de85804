package musig_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/musig"
)

// The keys and extended keys of BIP328, and what BIP32 derives of those.
func TestKeysOfBIP328(t *testing.T) {
	raw, err := os.ReadFile("testdata/bip328.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Sum  string `json:"aggregate_pubkey"`
		Keys []string
		Xpub string
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	params, err := consensus.Chain("main")
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		var parts []musig.Pub
		for _, k := range c.Keys {
			b, err := hex.DecodeString(k)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, musig.Pub(b))
		}
		k, err := musig.Aggregate(parts)
		if err != nil || k.Sum.String() != strings.ToLower(c.Sum) {
			t.Fatalf("key %d: %v, %v", i, k, err)
		}
		p, err := btcec.ParsePubKey(k.Sum[:])
		if err != nil {
			t.Fatal(err)
		}
		x := keys.NewExtended(p, musig.ChainCode)
		if got := x.Text(params); got != c.Xpub {
			t.Errorf("extended key %d: %s, want %s", i, got, c.Xpub)
		}
		path := []uint32{0, 1<<31 - 1, 42}
		want, err := x.DerivePath(path)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := musig.Derive(k.Sum, path)
		if err != nil || string(got[:]) != string(want.Pub()) {
			t.Errorf("derived %d: %v, %v, want %x", i, got, err, want.Pub())
		}
	}
}
