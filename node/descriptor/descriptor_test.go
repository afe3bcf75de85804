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

// BIP381, BIP382, BIP384 and BIP386's vectors, and Bitcoin Core's
// (src/test/descriptor_tests.cpp).
func TestScripts(t *testing.T) {
	p := params(t, "main")
	const (
		xpub   = "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH"
		root   = "xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHNqPqm55Qn3LqFtT2emdEXVYsCzC2U"
		ranged = "xprvA2JDeKCSNNZky6uBCviVfJSKyQ1mDYahRjijr5idH2WwLsEd4Hsb2Tyh8RfQMuPh7f7RtyzTtdrbdqqsunu5Mm3wDvUAKRHSC34sJ7in334"
	)
	for _, c := range []struct {
		text    string
		index   uint32
		scripts string
	}{
		{"pk(03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0, "2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac"},
		{"pkh(03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0, "76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac"},
		{"pkh(5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss)", 0, "76a914b5bd079c4d57cc7fc28ecf8213a6b791625b818388ac"},
		{"wpkh(02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9)", 0, "00147dd65592d0ab2fe0d0257d571abf032cd9db93dc"},
		{"wpkh(L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1)", 0, "00149a1c78a507689f6f54b847ad1cef1e614ee23f1e"},
		{"sh(wpkh(03fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556))", 0, "a914cc6ffbc0bf31af759451068f90ba7a0272b6b33287"},
		{"combo(03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0,
			"2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac,76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac,00149a1c78a507689f6f54b847ad1cef1e614ee23f1e,a91484ab21b1b2fd065d4504ff693d832434b6108d7b87"},
		{"tr(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0, "512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11"},
		{"rawtr(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0, "5120a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"},
		{"raw(deadbeef)", 0, "deadbeef"},
		{"pkh([01234567/10/20]" + root + "/2147483647'/0)", 0, "76a914ebdc90806a9c4356c1c88e42216611e1cb4c1c1788ac"},
		{"wpkh([ffffffff/13']" + xpub + "/1/2/*)", 0, "0014326b2249e3a25d5dc60935f044ee835d090ba859"},
		{"wpkh([ffffffff/13']" + xpub + "/1/2/*)", 2, "00141fa798efd1cbf95cebf912c031b8a4a6e9fb9f27"},
		{"combo(" + ranged + "/*)", 0,
			"2102df12b7035bdac8e3bab862a3a83d06ea6b17b6753d52edecba9be46f5d09e076ac,76a914f90e3178ca25f2c808dc76624032d352fdbdfaf288ac,0014f90e3178ca25f2c808dc76624032d352fdbdfaf2,a91408f3ea8c68d4a7585bf9e8bda226723f70e445f087"},
		{"combo(5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss)", 0,
			"4104a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235ac,76a914b5bd079c4d57cc7fc28ecf8213a6b791625b818388ac"},
	} {
		d, err := Parse(c.text, p)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		outs, err := d.Expand(c.index)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var got []string
		for _, o := range outs {
			got = append(got, hex.EncodeToString(o.Script))
		}
		if strings.Join(got, ",") != c.scripts {
			t.Errorf("%s:\n got %s\nwant %s", c.text, strings.Join(got, ","), c.scripts)
		}
	}
}

// What is no descriptor, or needs what it does not have.
func TestRefused(t *testing.T) {
	p := params(t, "main")
	const root = "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB"
	for text, want := range map[string]string{
		"":             "is not a valid descriptor function",
		"pkh":          "is not a valid descriptor function",
		"wsh(pk(00))":  "is not a valid descriptor function",
		"sh(sh(00))":   "is not a valid descriptor function",
		"pkh(00)":      "pkh(): key '00' is not valid",
		"raw(0)":       "Raw script is not hex",
		"addr(nobody)": "Address is not valid",
		"wpkh(04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235)": "Uncompressed keys are not allowed",
		"tr(04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235)":   "Uncompressed keys are not allowed",
		"pkh(deadbeef/1/2h/3/4h]03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)":                                               "not valid",
		"pkh([dead/1]03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)":                                                          "[",
		"pkh([deadbeef/x]03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)":                                                      "Key path value 'x' is not a valid uint32",
		"pkh(" + root + "/2147483648)": "Key path value '2147483648' is not a valid uint32",
		"pkh(" + root + "/1aa)":        "Key path value '1aa' is not a valid uint32",
		"pkh(" + root + "/+1)":         "Key path value '+1' is not a valid uint32",
		"pkh(" + root + "/1h')":        "is not a valid uint32",
		"pkh(" + root + "/<0;1>)":      "multipath",
		"pkh(tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B)": "another chain",
	} {
		if _, err := Parse(text, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	d, err := Parse("pkh("+root+"/1h)", p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Expand(0); err == nil {
		t.Error("a hardened step was taken without the private key")
	}
}

// A described script names the key's origin, and what is described stands
// for the same script.
func TestDescribe(t *testing.T) {
	p := params(t, "main")
	for text, want := range map[string]string{
		"wpkh(03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)":                    "wpkh([9a1c78a5]03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)",
		"sh(wpkh([deadbeef/1'/2]03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd))": "sh(wpkh([deadbeef/1h/2]03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd))",
		"tr(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)":                        "tr([",
		"raw(51)": "raw(51)",
	} {
		d, err := Parse(text, p)
		if err != nil {
			t.Fatal(err)
		}
		outs, err := d.Expand(0)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(outs[0].Desc, p)
		if !strings.HasPrefix(outs[0].Desc, want) || err != nil {
			t.Errorf("%s: %s, %v", text, outs[0].Desc, err)
			continue
		}
		if same, err := again.Expand(0); err != nil || string(same[0].Script) != string(outs[0].Script) {
			t.Errorf("%s: %s is another script", text, outs[0].Desc)
		}
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
		d, err := Parse(text, p)
		if err != nil {
			return
		}
		outs, err := d.Expand(0)
		if err == nil && len(outs) == 0 {
			t.Fatalf("%q stands for nothing", text)
		}
	})
}
