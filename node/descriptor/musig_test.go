package descriptor

import (
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/node/keys"
	bip327 "github.com/quernnet/quern/node/musig"
	"github.com/quernnet/quern/node/signing"
)

// The valid cases of BIP327's key_agg_vectors.json.
func TestAggregate(t *testing.T) {
	pubs := [][]byte{
		unhex(t, "02F9308A019258C31049344F85F89D5229B531C845836F99B08601F113BCE036F9"),
		unhex(t, "03DFF1D77F2A671C5F36183726DB2341BE58FEAE1DA2DECED843240F7B502BA659"),
		unhex(t, "023590A94E768F8E1815C2F24B4D80A8E3149316C3518CE7B7AD338368D038CA66"),
	}
	for _, c := range []struct {
		order []int
		want  string
	}{
		{[]int{0, 1, 2}, "90539eede565f5d054f32cc0c220126889ed1e5d193baf15aef344fe59d4610c"},
		{[]int{2, 1, 0}, "6204de8b083426dc6eaf9502d27024d53fc826bf7d2012148a0575435df54b2b"},
		{[]int{0, 0, 0}, "b436e3bad62b8cd409969a224731c193d051162d8c5ae8b109306127da3aa935"},
		{[]int{0, 0, 1, 1}, "69bc22bfa5d106306e48a20679de1d7389386124d07571d0d872686028c26a3e"},
	} {
		list := make([][]byte, len(c.order))
		for i, at := range c.order {
			list[i] = pubs[at]
		}
		if sum, err := aggregate(list); err != nil || hex.EncodeToString(sum[1:]) != c.want {
			t.Errorf("%v add up to %x, %v; want %s", c.order, sum, err, c.want)
		}
	}
	if _, err := aggregate([][]byte{pubs[0], unhex(t, "020000000000000000000000000000000000000000000000000000000000000005")}); err == nil {
		t.Error("what is no key was added up")
	}
}

// BIP328's vectors: participants, the aggregate key, its extended key.
func TestAggregateExtended(t *testing.T) {
	p := params(t, "main")
	for _, c := range []struct {
		pubs     []string
		sum, ext string
	}{
		{[]string{
			"03935F972DA013F80AE011890FA89B67A27B7BE6CCB24D3274D18B2D4067F261A9",
			"02F9308A019258C31049344F85F89D5229B531C845836F99B08601F113BCE036F9",
		}, "0354240c76b8f2999143301a99c7f721ee57eee0bce401df3afeaa9ae218c70f23",
			"xpub661MyMwAqRbcFt6tk3uaczE1y6EvM1TqXvawXcYmFEWijEM4PDBnuCXwwXEKGEouzXE6QLLRxjatMcLLzJ5LV5Nib1BN7vJg6yp45yHHRbm"},
		{[]string{
			"02F9308A019258C31049344F85F89D5229B531C845836F99B08601F113BCE036F9",
			"03DFF1D77F2A671C5F36183726DB2341BE58FEAE1DA2DECED843240F7B502BA659",
			"023590A94E768F8E1815C2F24B4D80A8E3149316C3518CE7B7AD338368D038CA66",
		}, "0290539eede565f5d054f32cc0c220126889ed1e5d193baf15aef344fe59d4610c",
			"xpub661MyMwAqRbcFt6tk3uaczE1y6EvM1TqXvawXcYmFEWijEM4PDBnuCXwwVk5TFJk8Tw5WAdV3DhrGfbFA216sE9BsQQiSFTdudkETnKdg8k"},
		{[]string{
			"02DFF1D77F2A671C5F36183726DB2341BE58FEAE1DA2DECED843240F7B502BA659",
			"023590A94E768F8E1815C2F24B4D80A8E3149316C3518CE7B7AD338368D038CA66",
			"02F9308A019258C31049344F85F89D5229B531C845836F99B08601F113BCE036F9",
			"03935F972DA013F80AE011890FA89B67A27B7BE6CCB24D3274D18B2D4067F261A9",
		}, "022479f134cdb266141dab1a023cbba30a870f8995b95a91fc8464e56a7d41f8ea",
			"xpub661MyMwAqRbcFt6tk3uaczE1y6EvM1TqXvawXcYmFEWijEM4PDBnuCXwwUvaZYpysLX4wN59tjwU5pBuDjNrPEJbfxjLwn7ruzbXTcUTHkZ"},
	} {
		list := make([][]byte, len(c.pubs))
		for i, pub := range c.pubs {
			list[i] = unhex(t, pub)
		}
		sum, err := aggregate(list)
		if err != nil || hex.EncodeToString(sum) != c.sum {
			t.Errorf("%v add up to %x, %v; want %s", c.pubs, sum, err, c.sum)
			continue
		}
		pub, err := btcec.ParsePubKey(sum)
		if err != nil {
			t.Fatal(err)
		}
		if got := keys.NewExtended(pub, bip327.ChainCode).Text(p); got != c.ext {
			t.Errorf("%s is extended as %s, want %s", c.sum, got, c.ext)
		}
	}
}

// The least leaf stands first, in whichever order a tree was built.
func TestTreeOrder(t *testing.T) {
	leaf := func(depth byte, s string) signing.TreeLeaf {
		return signing.TreeLeaf{Depth: depth, Version: tapscript, Script: []byte(s)}
	}
	for _, tree := range []signing.Tree{
		{leaf(1, "b"), leaf(2, "a"), leaf(2, "c")},
		{leaf(1, "b"), leaf(2, "c"), leaf(2, "a")},
		{leaf(2, "c"), leaf(2, "a"), leaf(1, "b")},
	} {
		out, ok := inOrder(tree)
		if !ok || string(out[0].Script)+string(out[1].Script)+string(out[2].Script) != "acb" || out[2].Depth != 1 {
			t.Errorf("%v is put as %v", tree, out)
		}
	}
	if _, ok := inOrder(signing.Tree{leaf(1, "a")}); ok {
		t.Error("half a tree has an order")
	}
}
