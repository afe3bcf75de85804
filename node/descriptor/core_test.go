package descriptor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/signing"
)

// Flags of a vector, as Core's test has them.
const (
	flagRange = 1 << iota
	flagHardened
	flagUnsolvable
	_
	_
	_
	flagXOnly
	flagMissing // not all private keys are there
)

// vector is a call of Core's Check.
type vector struct {
	Private    string     `json:"prv"`
	Public     string     `json:"pub"`
	Normalized string     `json:"norm"`
	Flags      int        `json:"flags"`
	Scripts    [][]string `json:"scripts"`
	Type       string     `json:"type"`
	ID         string     `json:"id"` // SHA256 of the compatible text, bytes reversed
	Paths      [][]uint32 `json:"paths"`
}

type vectors struct {
	Check      []vector `json:"check"`
	Unparsable []struct {
		Private string `json:"prv"`
		Public  string `json:"pub"`
		Error   string `json:"error"`
	} `json:"unparsable"`
	Multipath []struct {
		Private  string       `json:"prv"`
		Public   string       `json:"pub"`
		Privates []string     `json:"prvs"`
		Publics  []string     `json:"pubs"`
		Norms    []string     `json:"norms"`
		Flags    []int        `json:"flags"`
		Scripts  [][][]string `json:"scripts"`
		Type     string       `json:"type"`
	} `json:"multipath"`
	Infer []struct {
		Script  string      `json:"script"`
		Desc    string      `json:"desc"`
		Scripts []string    `json:"scripts"`
		Keys    [][2]string `json:"keys"`
	} `json:"infer"`
}

// core reads Bitcoin Core's vectors (src/test/descriptor_tests.cpp).
func core(t testing.TB) (v vectors) {
	t.Helper()
	raw, err := os.ReadFile("testdata/core.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// withH writes hardened steps with h; the checksum, if there is one, is made anew.
func withH(text string) string {
	body, _, had := strings.Cut(strings.ReplaceAll(text, "'", "h"), "#")
	if had {
		return sealed(body)
	}
	return body
}

func parseOne(t *testing.T, text string, i int) *Descriptor {
	t.Helper()
	list, err := Parse(text, params(t, "main"))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return list[i]
}

func TestCoreDescriptors(t *testing.T) {
	for _, v := range core(t).Check {
		checkVector(t, v, v.Private, v.Public, 0)
		v.Private, v.Public = withH(v.Private), withH(v.Public)
		v.ID = "" // of the text with '
		checkVector(t, v, v.Private, v.Public, 0)
	}
}

func TestCoreMultipath(t *testing.T) {
	for _, m := range core(t).Multipath {
		for i := range m.Publics {
			v := vector{Private: m.Privates[i], Public: m.Publics[i], Normalized: m.Norms[i], Flags: m.Flags[min(i, len(m.Flags)-1)],
				Scripts: m.Scripts[i], Type: m.Type}
			checkVector(t, v, m.Private, m.Public, i)
		}
	}
}

// checkVector compares the i-th descriptor of a text with what Core says of it.
func checkVector(t *testing.T, v vector, private, public string, i int) {
	t.Helper()
	prv, pub := parseOne(t, private, i), parseOne(t, public, i)
	same := func(what, got, want string) {
		t.Helper()
		if !strings.Contains(want, "#") {
			got, _, _ = strings.Cut(got, "#")
		}
		if got != want {
			t.Errorf("%s, %s:\n got %s\nwant %s", public, what, got, want)
		}
	}
	same("public text", prv.String(), v.Public)
	same("public text", pub.String(), v.Public)
	if text, ok := prv.Private(); ok {
		same("private text", text, v.Private)
	} else {
		t.Errorf("%s has no private text", private)
	}
	if text, ok := pub.Private(); ok {
		t.Errorf("%s has the private text %s", public, text)
	}
	if text, ok := prv.Normalized(); ok {
		same("normalized", text, v.Normalized)
	} else {
		t.Errorf("%s cannot be normalized", private)
	}
	if v.ID != "" {
		id := sha256.Sum256([]byte(prv.Compatible()))
		slices.Reverse(id[:])
		same("id", hex.EncodeToString(id[:]), v.ID)
	}
	same("type", prv.OutputType(), v.Type)
	ranged, hardened, missing := v.Flags&flagRange != 0, v.Flags&flagHardened != 0, v.Flags&flagMissing != 0
	if pub.Ranged() != ranged || pub.SelfExpands() == hardened || prv.AllPrivate() == missing || !prv.HasPrivate() || pub.HasPrivate() {
		t.Errorf("%s: ranged %t, self-expanding %t, all private keys %t", public, pub.Ranged(), pub.SelfExpands(), prv.AllPrivate())
	}
	for index, want := range v.Scripts {
		compareScripts(t, v, prv, uint32(index), want)
		if !hardened {
			compareScripts(t, v, pub, uint32(index), want)
		} else if _, err := pub.Expand(0); err == nil {
			t.Errorf("%s was expanded without private keys", public)
		}
	}
}

// compareScripts expands, and infers from each script a descriptor of it.
func compareScripts(t *testing.T, v vector, d *Descriptor, index uint32, want []string) {
	t.Helper()
	e, err := d.Expand(index)
	if err != nil {
		t.Errorf("%s: %v", d, err)
		return
	}
	var got []string
	for _, s := range e.Scripts {
		got = append(got, hex.EncodeToString(s))
		inferred := InferWith(s, &e.Ring, d.known.params)
		again, err := inferred.Expand(0)
		if err != nil || len(again.Scripts) != 1 || string(again.Scripts[0]) != string(s) {
			t.Errorf("%s is described as %s, which is another script", d, inferred)
		}
		if solvable := v.Flags&flagUnsolvable == 0; inferred.Solvable() != solvable {
			t.Errorf("%s is described as %s", d, inferred)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s at %d:\n got %s\nwant %s", d, index, got, want)
	}
	if size, ok := d.ScriptSize(); d.Single() && d.HasScripts() && (!ok || size != len(e.Scripts[0])) {
		t.Errorf("%s: script of %d bytes, expected %d", d, len(e.Scripts[0]), size)
	}
	for _, from := range e.Ring.Origins {
		if v.Paths != nil && !slices.ContainsFunc(v.Paths, func(p []uint32) bool { return slices.Equal(p, from.Origin.Path) }) {
			t.Errorf("%s: a key comes by %v, which is none of %v", d, from.Origin.Path, v.Paths)
		}
	}
}

func TestCoreUnparsable(t *testing.T) {
	p := params(t, "main")
	for _, v := range core(t).Unparsable {
		if _, err := Parse(v.Private, p); err == nil && v.Private != "" {
			t.Errorf("%s was read", v.Private)
		}
		if _, err := Parse(v.Public, p); err == nil || err.Error() != v.Error {
			t.Errorf("%s:\n got %v\nwant %s", v.Public, err, v.Error)
		}
	}
}

func TestCoreInfer(t *testing.T) {
	p := params(t, "main")
	for _, v := range core(t).Infer {
		var r signing.Keyring
		for _, s := range v.Scripts {
			r.AddScript(unhex(t, s))
		}
		for _, k := range v.Keys {
			pub := unhex(t, k[0])
			put(&r.Public, keys.Hash160(pub), signing.PubKey(pub))
			if k[1] != "" {
				o, _, err := parseOrigin(k[1])
				if err != nil {
					t.Fatal(err)
				}
				addKey(&r, pub, o)
			}
		}
		if got := InferWith(unhex(t, v.Script), &r, p).String(); got != sealed(v.Desc) {
			t.Errorf("%s:\n got %s\nwant %s", v.Script, got, v.Desc)
		}
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A thousand indexes of a ranged extended key.
func BenchmarkExpand(b *testing.B) {
	const text = "wpkh([ffffffff/13']xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH/1/2/*)"
	list, err := Parse(text, params(b, "main"))
	if err != nil {
		b.Fatal(err)
	}
	index := uint32(0)
	for b.Loop() {
		if _, err := list[0].Expand(index); err != nil {
			b.Fatal(strconv.Itoa(int(index)), err)
		}
		index++
	}
}
