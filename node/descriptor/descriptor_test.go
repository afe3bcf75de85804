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

// What Core's vectors leave out, each with Core's words, of which there may be none.
func TestErrors(t *testing.T) {
	const (
		key  = "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
		xpub = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B"
	)
	p := params(t, "regtest")
	for text, want := range map[string]string{
		"":                                "'' is not a valid descriptor function",
		"raw()":                           "Raw script is not hex",
		"raw(51)#":                        "Expected 8 character checksum, not 0 characters",
		"raw(51)##":                       "Multiple '#' symbols",
		"raw(51)#8lvh9jxx":                "Provided checksum '8lvh9jxx' does not match computed checksum '8lvh9jxk'",
		"raw(Ü)":                          "Invalid characters in payload",
		"pk(" + key + "),":                "",
		"sh(pk(" + key + "),1)":           "",
		"pk( " + key + ")":                "pk(): Key ' " + key + "' is invalid due to whitespace",
		"pk([0123456]" + key + ")":        "pk(): Fingerprint is not 4 bytes (7 characters instead of 8 characters)",
		"pk([0123456g]" + key + ")":       "pk(): Fingerprint '0123456g' is not hex",
		"pk(]" + key + ")":                "pk(): Key origin start '[ character expected but not found, got ']' instead",
		"pk([01234567/<0;1>]" + key + ")": "pk(): Key path value '<0;1>' specifies multipath in a section where multipath is not allowed",
		"pk(" + xpub + "/<0;1>/<2;3>)":    "pk(): Multiple multipath key path specifiers found",
		"pk(" + xpub + "/<0>)":            "pk(): Multipath key path specifiers must have at least two items",
		"pk(" + xpub + "/<0;0>)":          "pk(): Duplicated key path value 0 in multipath specifier",
		"pk(" + xpub + "/4294967296)":     "pk(): Key path value '4294967296' is not a valid uint32",
		"pk(" + xpub + "/2147483648)":     "pk(): Key path value 2147483648 is out of range",
		"unused(" + xpub + "/*)":          "unused(): key cannot be ranged",
		"unused(" + key + "," + key + ")": "unused(): only one key expected",
		"wsh(unused(" + key + "))":        "Can only have unused at top level",
		"wsh(older(1))":                   "older(1) is not sane: witnesses without signature exist",
		"sh(older(1))":                    "Miniscript expressions can only be used in wsh or tr.",
		"wsh(and_v(v:pk(" + xpub + "/1h),pk(" + xpub + "/2h)))": "and_v(v:pk(" + xpub + "/1h),pk(" + xpub + "/2h)) is not sane: contains duplicate public keys",
	} {
		if _, err := Parse(text, p); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
	if _, err := ParseSealed("raw(51)", p); err == nil || err.Error() != "Missing checksum" {
		t.Errorf("a missing checksum: %v", err)
	}
}

// Relative locks that are larger than they can be.
func TestWarnings(t *testing.T) {
	const key = "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
	for lock, want := range map[string]string{
		"65535":   "",
		"65536":   "height-based relative locktime: older(65536) > 65535 blocks is unsafe",
		"4259839": "",
		"4259840": "time-based relative locktime: older(4259840) > (65535 * 512) seconds is unsafe",
	} {
		list, err := Parse("wsh(and_v(v:pk("+key+"),older("+lock+")))", params(t, "regtest"))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(list[0].Warnings(), ";"); got != want {
			t.Errorf("older(%s): %s", lock, got)
		}
	}
}
