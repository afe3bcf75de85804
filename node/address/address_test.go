package address

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/realdata"
)

func params(t testing.TB, name string) *consensus.Params {
	t.Helper()
	p, err := consensus.Chain(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestValidVectors runs Bitcoin Core's key_io_valid.json, but for its keys.
func TestValidVectors(t *testing.T) {
	var vectors [][]json.RawMessage
	if err := json.Unmarshal(realdata.Read(t, "key_io_valid.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, v := range vectors {
		var text, payload string
		var meta struct {
			Chain     string `json:"chain"`
			IsPrivate bool   `json:"isPrivkey"`
			AnyCase   bool   `json:"tryCaseFlip"`
		}
		for i, into := range []any{&text, &payload, &meta} {
			if err := json.Unmarshal(v[i], into); err != nil {
				t.Fatal(err)
			}
		}
		if meta.IsPrivate {
			continue
		}
		ran++
		p := params(t, meta.Chain)
		want, _ := hex.DecodeString(payload)
		got, err := Decode(text, p)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s on %s is %x, %v; want %x", text, p.Name, got, err, want)
		}
		if again, ok := Encode(want, p); !ok || again != text {
			t.Errorf("%x on %s is written %q, want %q", want, p.Name, again, text)
		}
		if meta.AnyCase {
			if got, err := Decode(strings.ToUpper(text), p); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s in capitals: %v", text, err)
			}
		}
	}
	if ran < 40 {
		t.Errorf("only %d vectors ran", ran)
	}
}

// TestInvalidVectors runs Bitcoin Core's key_io_invalid.json.
func TestInvalidVectors(t *testing.T) {
	var vectors [][]string
	if err := json.Unmarshal(realdata.Read(t, "key_io_invalid.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		for _, chain := range []string{"main", "testnet4", "signet", "regtest"} {
			if s, err := Decode(v[0], params(t, chain)); err == nil {
				t.Errorf("%q is read on %s as %x", v[0], chain, s)
			}
		}
	}
}

func TestScriptsWithoutAddress(t *testing.T) {
	p := params(t, "regtest")
	for _, s := range [][]byte{nil, {0x51}, {0x6a}, {0x00, 0x02, 1, 2}, bytes.Repeat([]byte{0x51}, 50)} {
		if text, ok := Encode(s, p); ok {
			t.Errorf("%x has the address %s", s, text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
	f.Add("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2")
	p := params(f, "regtest")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Decode(text, p)
		if err != nil {
			return
		}
		again, ok := Encode(s, p)
		if !ok || !strings.EqualFold(again, text) {
			t.Errorf("%q is %x, which is written %q", text, s, again)
		}
	})
}
