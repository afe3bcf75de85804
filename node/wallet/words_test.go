package wallet

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/keys"
)

func TestListIsBIP39s(t *testing.T) {
	if !bytes.Equal([]byte(englishText), realdata.Read(t, "bips/bip-0039-english.txt")) {
		t.Error("english.txt differs from the list of BIP39")
	}
}

const abandon = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

// TestBIP39Vectors are of the reference implementation that BIP39 names
// (trezor/python-mnemonic, vectors.json), passphrase TREZOR.
func TestBIP39Vectors(t *testing.T) {
	for _, v := range []struct{ entropy, words, seed string }{
		{
			"00000000000000000000000000000000", abandon,
			"c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
		},
		{
			"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
			"legal winner thank year wave sausage worth useful legal winner thank yellow",
			"2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6fa457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607",
		},
		{
			"ffffffffffffffffffffffffffffffff", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
			"ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069",
		},
	} {
		entropy, _ := hex.DecodeString(v.entropy)
		if got := toWords(entropy); got != v.words {
			t.Errorf("words of %s are %q", v.entropy, got)
		}
		if got, err := fromWords(v.words); err != nil || !bytes.Equal(got, entropy) {
			t.Errorf("%q is %x, %v", v.words, got, err)
		}
		if seed, err := seedOf(v.words, "TREZOR"); err != nil || hex.EncodeToString(seed) != v.seed {
			t.Errorf("seed of %q is %x, %v", v.words, seed, err)
		}
	}
}

func TestWordsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{16, 20, 24, 28, 32}).Draw(t, "size")
		entropy := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "entropy")
		got, err := fromWords(" " + strings.ToUpper(strings.ReplaceAll(toWords(entropy), " ", "\t ")))
		if err != nil || !bytes.Equal(got, entropy) {
			t.Fatalf("%x comes back as %x, %v", entropy, got, err)
		}
	})
}

func TestBadWords(t *testing.T) {
	for _, c := range []struct{ name, words, want string }{
		{"none", "", "0 recovery words"},
		{"eleven", strings.TrimSuffix(abandon, " about"), "11 recovery words"},
		{"not a word", strings.Replace(abandon, "about", "bitcoins", 1), `recovery word 12, "bitcoins"`},
		{"checksum", strings.Replace(abandon, "about", "abandon", 1), "checksum"},
		{"order", "about " + strings.TrimSuffix(abandon, " about"), "checksum"},
	} {
		if _, err := fromWords(c.words); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// TestAccountVectors are the examples of BIP84 and BIP86.
func TestAccountVectors(t *testing.T) {
	p, err := consensus.Chain("main")
	if err != nil {
		t.Fatal(err)
	}
	seed, err := seedOf(abandon, "")
	if err != nil {
		t.Fatal(err)
	}
	master, err := keys.NewMaster(seed)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		of     AddressType
		change bool
		index  uint32
		want   string
	}{
		{Bech32, false, 0, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"},
		{Bech32, false, 1, "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"},
		{Bech32, true, 0, "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"},
		{Bech32m, false, 0, "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"},
		{Bech32m, false, 1, "bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh"},
		{Bech32m, true, 0, "bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7"},
	} {
		all, err := descriptor.Parse(accountText(master.Text(p), p.CoinType, v.of, v.change), p)
		if err != nil {
			t.Fatal(err)
		}
		scripts, err := scriptsOf(all[0], v.index)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := address.Encode(scripts[0], p); got != v.want {
			t.Errorf("address %v, change %v, %d is %s, want %s", v.of, v.change, v.index, got, v.want)
		}
	}
}
