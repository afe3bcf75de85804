package address

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/quernnet/quern/consensus/realdata"
)

// The valid texts of BIP173 and BIP350.
func TestValidBech32(t *testing.T) {
	for text, want := range map[string]encoding{
		"A12UEL5L": bech32,
		"a12uel5l": bech32,
		"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs": bech32,
		"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw":                                              bech32,
		"11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j": bech32,
		"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w":                               bech32,
		"?1ezyfcl": bech32,
		"A1LQFN3A": bech32m,
		"a1lqfn3a": bech32m,
		"an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6": bech32m,
		"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx":                                              bech32m,
		"11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8": bech32m,
		"split1checkupstagehandshakeupstreamerranterredcaperredlc445v":                               bech32m,
		"?1v759aa": bech32m,
	} {
		p, err := dissect(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, ok := p.encoding(); !ok || got != want {
			t.Errorf("%s has the checksum %x", text, got)
		}
		again := encodeBech32(want, p.hrp, p.values[:len(p.values)-bech32Check])
		if !strings.EqualFold(again, text) {
			t.Errorf("%s is written %s", text, again)
		}
	}
}

// The invalid texts of BIP173 and BIP350, with what Bitcoin Core says of them
// (src/test/bech32_tests.cpp).
func TestInvalidBech32(t *testing.T) {
	for _, c := range []struct {
		text, reason string
		locations    []int
	}{
		{" 1nwldj5", "Invalid character or mixed case", []int{0}},
		{"\x7f" + "1axkwrx", "Invalid character or mixed case", []int{0}},
		{"\x80" + "1eym55h", "Invalid character or mixed case", []int{0}},
		{"an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx", "Bech32 string too long", []int{90}},
		{"pzry9x0s0muk", "Missing separator", nil},
		{"1pzry9x0s0muk", "Invalid separator position", []int{0}},
		{"x1b4n0q5v", "Invalid Base 32 character", []int{2}},
		{"li1dgmt3", "Invalid separator position", []int{2}},
		{"de1lg7wt\xff", "Invalid character or mixed case", []int{8}},
		{"A1G7SGD8", "Invalid checksum", nil},
		{"10a06t8", "Invalid separator position", []int{0}},
		{"1qzzfhee", "Invalid separator position", []int{0}},
		{"a12UEL5L", "Invalid character or mixed case", []int{3, 4, 5, 7}},
		{"A12uEL5L", "Invalid character or mixed case", []int{3}},
		{"abcdef1qpzrz9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "Invalid Bech32 checksum", []int{11}},
		{"test1zg69w7y6hn0aqy352euf40x77qddq3dc", "Invalid Bech32 checksum", []int{9, 16}},
		{" 1xj0phk", "Invalid character or mixed case", []int{0}},
		{"\x7f" + "1g6xzxy", "Invalid character or mixed case", []int{0}},
		{"\x80" + "1vctc34", "Invalid character or mixed case", []int{0}},
		{"an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4", "Bech32 string too long", []int{90}},
		{"qyrz8wqd2c9m", "Missing separator", nil},
		{"1qyrz8wqd2c9m", "Invalid separator position", []int{0}},
		{"y1b0jsk6g", "Invalid Base 32 character", []int{2}},
		{"lt1igcx5c0", "Invalid Base 32 character", []int{3}},
		{"in1muywd", "Invalid separator position", []int{2}},
		{"mm1crxm3i", "Invalid Base 32 character", []int{8}},
		{"au1s5cgom", "Invalid Base 32 character", []int{7}},
		{"M1VUXWEZ", "Invalid checksum", nil},
		{"16plkw9", "Invalid separator position", []int{0}},
		{"1p2gdwpf", "Invalid separator position", []int{0}},
		{"abcdef1l7aum6echk45nj2s0wdvt2fg8x9yrzpqzd3ryx", "Invalid Bech32m checksum", []int{21}},
		{"test1zg69v7y60n00qy352euf40x77qcusag6", "Invalid Bech32m checksum", []int{13, 32}},
	} {
		p, err := dissect(c.text)
		if err == nil {
			err = locate(c.text, p)
		}
		if err.Reason != c.reason || !slices.Equal(err.Locations, c.locations) {
			t.Errorf("%q: %s at %v, want %s at %v", c.text, err.Reason, err.Locations, c.reason, c.locations)
		}
	}
}

// One or two wrong letters are found wherever they are.
func TestLocate(t *testing.T) {
	const text = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
	p := params(t, "regtest")
	for i := 5; i < len(text); i++ {
		for j := i; j < len(text); j++ {
			b := []byte(text)
			b[i] = bech32Set[(strings.IndexByte(bech32Set, b[i])+7)%32]
			want := []int{i}
			if i != j {
				b[j] = bech32Set[(strings.IndexByte(bech32Set, b[j])+3)%32]
				want = append(want, j)
			}
			_, err := Decode(string(b), p)
			if e := (*Error)(nil); !errors.As(err, &e) || !slices.Equal(e.Locations, want) {
				t.Fatalf("%s: %v, wrong are %v", b, err, want)
			}
		}
	}
}

// Bitcoin Core's base58_encode_decode.json.
func TestBase58Vectors(t *testing.T) {
	var vectors [][2]string
	if err := json.Unmarshal(realdata.Read(t, "base58_encode_decode.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		want, err := hex.DecodeString(v[0])
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := decode58(v[1], 256); !ok || !bytes.Equal(got, want) {
			t.Errorf("%s is %x, want %x", v[1], got, want)
		}
		if got := base58.Encode(want); got != v[1] {
			t.Errorf("%x is %s, want %s", want, got, v[1])
		}
		if _, ok := decode58(v[1], len(want)-1); ok {
			t.Errorf("%s is more than %d bytes, and was read", v[1], len(want)-1)
		}
	}
	for text, want := range map[string]bool{" \t\n\v\f\r skip \r\f\v\n\t a": false, " \t\n\v\f\r skip \r\f\v\n\t ": true, "good": true, "bad0IOl": false, "good\x00bad": false} {
		if _, ok := decode58(text, 100); ok != want {
			t.Errorf("%q: %t", text, ok)
		}
	}
}
