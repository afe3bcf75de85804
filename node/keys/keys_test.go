package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/node/address"
)

func params(t testing.TB, name string) *consensus.Params {
	t.Helper()
	p, err := consensus.Chain(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The test vectors of BIP32.
func TestBIP32(t *testing.T) {
	var v struct {
		Vectors []struct {
			Seed string
			Keys []struct {
				Public, Private string
				Child           uint32 // of the key that comes next
			}
		}
		Invalid []string
	}
	raw, err := os.ReadFile("testdata/bip32.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	p := params(t, "main")
	for _, vector := range v.Vectors {
		seed, _ := hex.DecodeString(vector.Seed)
		x, err := NewMaster(seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range vector.Keys {
			sameKey(t, x, k.Private, p)
			sameKey(t, x.Public(), k.Public, p)
			child, err := x.Derive(k.Child)
			if err != nil {
				t.Fatal(err)
			}
			public, err := x.Public().Derive(k.Child)
			if (err == nil) != (k.Child < Hardened) || err == nil && public.Text(p) != child.Public().Text(p) {
				t.Errorf("child %d of %s: %v", k.Child, k.Public, err)
			}
			x = child
		}
	}
	for _, text := range v.Invalid {
		if _, err := ParseExtended(text, p); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}

// sameKey compares an extended key with its text, both ways.
func sameKey(t *testing.T, x Extended, text string, p *consensus.Params) {
	t.Helper()
	if got := x.Text(p); got != text {
		t.Errorf("got %s, want %s", got, text)
	}
	again, err := ParseExtended(text, p)
	if err != nil || again.Text(p) != text {
		t.Errorf("%s is not read back: %v", text, err)
	}
}

// A key of depth 255 has no children.
func TestDeepest(t *testing.T) {
	x, err := NewMaster([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	if x, err = x.DerivePath(make([]uint32, 255)); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Derive(0); err == nil {
		t.Error("a key of depth 256 was derived")
	}
}

// The examples of BIP84 and BIP86: the words "abandon … about", their seed, and
// addresses.
func TestAccounts(t *testing.T) {
	seed, _ := hex.DecodeString("5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4")
	master, err := NewMaster(seed)
	if err != nil {
		t.Fatal(err)
	}
	p := params(t, "main")
	for _, c := range []struct {
		purpose     uint32
		change, i   uint32
		key, script string // the public key, or its address
	}{
		{84, 0, 0, "0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c", "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"},
		{84, 0, 1, "03e775fd51f0dfb8cd865d9ff1cca2a158cf651fe997fdc9fee9c1d3b5e995ea77", "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"},
		{84, 1, 0, "03025324888e429ab8e3dbaf1f7802648b9cd01e9b418485c5fa4c1b9b5700e1a6", "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"},
		{86, 0, 0, "03cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115", ""},
		{86, 0, 1, "0283dfe85a3151d2517290da461fe2815591ef69f2b18a2ce63f01697a8b313145", ""},
	} {
		x, err := master.DerivePath([]uint32{c.purpose + Hardened, Hardened, Hardened, c.change, c.i})
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(x.Pub()); got[2:] != c.key[2:] || c.purpose == 84 && got != c.key {
			t.Errorf("%d/%d of purpose %d is %s, want %s", c.change, c.i, c.purpose, got, c.key)
		}
		h := Hash160(x.Pub())
		if got, _ := address.Encode(address.PayToWitness(0, h[:]), p); c.script != "" && got != c.script {
			t.Errorf("%d/%d is paid at %s, want %s", c.change, c.i, got, c.script)
		}
	}
}

// The private keys of Bitcoin Core's key_io_valid.json.
func TestValidKeys(t *testing.T) {
	var vectors [][]json.RawMessage
	if err := json.Unmarshal(realdata.Read(t, "key_io_valid.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, v := range vectors {
		var text, payload string
		var meta struct {
			Chain                   string
			IsPrivkey, IsCompressed bool
		}
		for i, into := range []any{&text, &payload, &meta} {
			if err := json.Unmarshal(v[i], into); err != nil {
				t.Fatal(err)
			}
		}
		chain := meta.Chain
		if chain == "test" { // testnet3's encodings are testnet4's
			chain = "testnet4"
		}
		p := params(t, chain)
		k, err := ParseWIF(text, p)
		if !meta.IsPrivkey {
			if err == nil {
				t.Errorf("the address %s is a private key", text)
			}
			continue
		}
		ran++
		want, _ := hex.DecodeString(payload)
		if err != nil || k.Uncompressed == meta.IsCompressed || !bytes.Equal(k.Key.Serialize(), want) || k.WIF(p) != text {
			t.Errorf("%s on %s: %v", text, meta.Chain, err)
		}
		if _, err := address.Decode(text, p); err == nil {
			t.Errorf("the private key %s is an address", text)
		}
	}
	if ran < 10 {
		t.Errorf("only %d vectors ran", ran)
	}
}

// Bitcoin Core's key_io_invalid.json, on every chain.
func TestInvalidKeys(t *testing.T) {
	var vectors [][]string
	if err := json.Unmarshal(realdata.Read(t, "key_io_invalid.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		for _, chain := range []string{"main", "testnet4", "signet", "regtest"} {
			if _, err := ParseWIF(v[0], params(t, chain)); err == nil {
				t.Errorf("%q is a key on %s", v[0], chain)
			}
		}
	}
}

// Numbers that are no private keys.
func TestNoPrivate(t *testing.T) {
	order, _ := hex.DecodeString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	for _, raw := range [][]byte{nil, make([]byte, 31), make([]byte, 32), order} {
		if _, ok := NewPrivate(raw, false); ok {
			t.Errorf("%x is a private key", raw)
		}
	}
}

// A message signed by Bitcoin Core (test/functional/rpc_signmessagewithprivkey.py).
func TestMessage(t *testing.T) {
	p := params(t, "regtest")
	k, err := ParseWIF("cUeKHd5orzT3mz8P9pxyREHfsWtVfgsfDjiZZBcjUBAaGk1BTj7N", p)
	if err != nil {
		t.Fatal(err)
	}
	const text, want = "This is just a test message", "INbVnW4e6PeRmsv2Qgu8NuopvrVjkcxob+sX8OcZG0SALhWybUjzMLPdAsXI46YZGb0KQTRii+wWIQzRpG/U+S0="
	if got := k.SignMessage(text); got != want {
		t.Errorf("signed as %s, want %s", got, want)
	}
	if pub, _, ok := MessageSigner(text, want); !ok || !bytes.Equal(pub, k.Pub()) {
		t.Errorf("%x signed, want %x", pub, k.Pub())
	}
	if pub, _, ok := MessageSigner("another", want); ok && bytes.Equal(pub, k.Pub()) {
		t.Error("the signature holds for another message")
	}
	for _, sig := range []string{"x", "AAA", "INbV\nnW4", want + "\n"} {
		if _, encoded, _ := MessageSigner(text, sig); encoded {
			t.Errorf("%q is base64", sig)
		}
	}
}
