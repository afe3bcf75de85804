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

// BIP381, BIP382, BIP384 and BIP386's vectors.
func TestScripts(t *testing.T) {
	p := params(t, "main")
	const xpub = "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH"
	for _, c := range []struct {
		text    string
		index   uint32
		scripts string
	}{
		{"pk(03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0, "2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac"},
		{"pkh(03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0, "76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac"},
		{"pkh(KyFAjQ5rgrKvhXvNMtFB5PCSKUYD1yyPEe3xr3T34TZSUHycXtMM)", 0, "76a914c7bcecaa4ec0d06ae7c70ee24d3571ecab7dc3dc88ac|any"},
		{"wpkh(02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9)", 0, "00147dd65592d0ab2fe0d0257d571abf032cd9db93dc"},
		{"wpkh(L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1)", 0, "00149a1c78a507689f6f54b847ad1cef1e614ee23f1e"},
		{"sh(wpkh(03fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556))", 0, "a914cc6ffbc0bf31af759451068f90ba7a0272b6b33287"},
		{"combo(03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0,
			"2103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bdac,76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac,00149a1c78a507689f6f54b847ad1cef1e614ee23f1e,a91484ab21b1b2fd065d4504ff693d832434b6108d7b87"},
		{"tr(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0, "512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11"},
		{"rawtr(a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd)", 0, "5120a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"},
		{"raw(deadbeef)", 0, "deadbeef"},
		{"pkh([bd16bee5/2147483647']" + xpub + "/0)", 0, "any"},
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
		if !strings.Contains(c.scripts, "any") && strings.Join(got, ",") != c.scripts {
			t.Errorf("%s:\n got %s\nwant %s", c.text, strings.Join(got, ","), c.scripts)
		}
	}
}
