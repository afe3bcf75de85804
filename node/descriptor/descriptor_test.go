package descriptor

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus"
)

func params(t testing.TB, name string) *consensus.Params {
	t.Helper()
	p, err := consensus.Chain(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// BIP380's and Bitcoin Core's vectors of the checksum.
func TestChecksum(t *testing.T) {
	for text, want := range map[string]string{
		"raw(deadbeef)": "89f8spxm",
		"raw(51)":       "8lvh9jxk",
		"addr(mkmZxiEcEd8ZqjQWVZuC6so5dFMKEFpN2j)": "02wpgw69",
	} {
		if got, ok := Checksum(text); !ok || got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	if _, ok := Checksum("raw(é)"); ok {
		t.Error("a character outside the set passed")
	}
}

// BIP380's invalid checksums.
func TestChecksumErrors(t *testing.T) {
	p := params(t, "regtest")
	for _, text := range []string{
		"raw(deadbeef)#", "raw(deadbeef)#89f8spxmx", "raw(deadbeef)#89f8spx", "raw(dedbeef)#89f8spxm", "raw(deadbeef)##9f8spxm", "raw(Ü)#00000000",
	} {
		if _, err := Parse(text, p); err == nil {
			t.Errorf("%s passed", text)
		}
	}
	if _, err := Parse("raw(deadbeef)#89f8spxm", p); err != nil {
		t.Error(err)
	}
}

// What is known of a script alone.
func TestInfer(t *testing.T) {
	p := params(t, "main")
	for script, want := range map[string]string{
		"2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac":     "pk(03a34b99",
		"512103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd51ae": "multi(1,03a34b99",
		"76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac":                         "addr(1",
		"512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11":       "rawtr(77aab6e0",
		"5120ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff":       "addr(bc1p",
		"6a0142": "raw(6a0142)",
		"":       "raw()",
	} {
		s, err := hex.DecodeString(script)
		if err != nil {
			t.Fatal(err)
		}
		if got := Infer(s, p); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", script, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"raw(51)#8lvh9jxk", "sh(wpkh([00000000/1'/2]xpub/1/*'))", "combo(", "pk([", "tr(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)"} {
		f.Add(seed)
	}
	p := params(f, "regtest")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse(text, p)
		if err != nil {
			return
		}
		for _, d := range list {
			roundTrip(t, d)
		}
	})
}

// roundTrip writes a descriptor, and what it stands for, and reads both back.
func roundTrip(t *testing.T, d *Descriptor) {
	again, err := Parse(d.String(), d.known.params)
	if err != nil || len(again) != 1 || again[0].String() != d.String() {
		t.Fatalf("%s is not read back: %v", d, err)
	}
	e, err := d.Expand(0)
	if err != nil {
		return
	}
	if len(e.Scripts) == 0 && d.HasScripts() {
		t.Fatalf("%s stands for nothing", d)
	}
	for _, s := range e.Scripts {
		inferred := InferWith(s, &e.Ring, d.known.params)
		if x, err := inferred.Expand(0); err != nil || string(x.Scripts[0]) != string(s) {
			t.Fatalf("%s has the script %x, which is described as %s: %v", d, s, inferred, err)
		}
	}
}
