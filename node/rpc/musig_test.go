package rpc

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/quernnet/quern/node/psbt"
)

// nums is the key whose private key nobody knows (BIP341).
const nums = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"

// musigCase is a descriptor of which each wallet has the private key of its own
// participant, $0 to $9. These are those of Core's wallet_musig.py.
type musigCase struct {
	name, pattern string
	sighash       string
	leaf          bool // a script signs
	absent        int  // this wallet does not sign; -1: all do
	alone         bool // only the first wallet has the descriptor; others have a participant's key
}

var musigCases = []musigCase{
	{"rawtr of ranged keys", "rawtr(musig($0/<0;1>/*,$1/<1;2>/*,$2/<2;3>/*))", "", false, -1, false},
	{"another hash type", "rawtr(musig($0/<0;1>/*,$1/<1;2>/*,$2/<2;3>/*))", "ALL|ANYONECANPAY", false, -1, false},
	{"one path", "tr(musig($0/0/*,$1/1/*,$2/2/*))", "", false, -1, false},
	{"tr of ranged keys", "tr(musig($0/<0;1>/*,$1/<1;2>/*,$2/<2;3>/*))", "", false, -1, false},
	{"three paths", "tr(musig($0/<0;1;2>/*,$1/<1;2;3>/*,$2/<2;3;4>/*))", "", false, -1, false},
	{"rawtr of a derived key", "rawtr(musig($0,$1,$2)/<0;1>/*)", "", false, -1, false},
	{"tr of a derived key", "tr(musig($0,$1,$2)/<0;1>/*)", "", false, -1, false},
	{"rawtr that one wallet has", "rawtr(musig($0/<0;1>/*,$1/<0;1>/*,$2/<0;1>/*))", "", false, -1, true},
	{"tr that one wallet has", "tr(musig($0/<0;1>/*,$1/<0;1>/*,$2/<0;1>/*))", "", false, -1, true},
	{"a leaf of ranged keys", "tr($H,pk(musig($0/<0;1>/*,$1/<1;2>/*,$2/<2;3>/*)))", "", true, -1, false},
	{"a leaf of a derived key", "tr($H,pk(musig($0,$1,$2)/<0;1>/*))", "", true, -1, false},
	{"two leaves", "tr($H,{pk(musig($0,$1,$2)/<0;1>/*),pk(musig($3,$4,$5)/0/*)})", "", true, -1, false},
	{"two leaves that share keys", "tr($H,{pk(musig($0,$1,$2)/<0;1>/*),pk(musig($1,$2)/0/*)})", "", true, -1, false},
	{"key and leaves", "tr(musig($0,$1,$2)/<3;4>/*,{pk(musig($0,$1)/<5;6>/*),pk(musig($1,$2)/7/*)})", "", false, -1, false},
	{"key and leaves, one absent", "tr(musig($0,$1,$2)/<3;4>/*,{pk(musig($0,$1)/<5;6>/*),pk(musig($1,$2)/7/*)})", "", true, 0, false},
	{"miniscript pk", "tr($H,and_v(v:pk(musig($0,$1,$2)/<0;1>/*),after(1)))", "", true, -1, false},
	{"miniscript pk_k", "tr($H,and_v(vc:pk_k(musig($0,$1,$2)/<0;1>/*),after(1)))", "", true, -1, false},
	{"miniscript pkh", "tr($H,and_v(v:pkh(musig($0,$1,$2)/<0;1>/*),after(1)))", "", true, -1, false},
	{"miniscript pk_h", "tr($H,and_v(vc:pk_h(musig($0,$1,$2)/<0;1>/*),after(1)))", "", true, -1, false},
	{"miniscript in two leaves", "tr($H,{and_v(v:pk(musig($0,$2)/0/*),after(1)),and_v(v:pk(musig($1,$2)/0/*),after(1))})", "", true, -1, false},
}

// change says whether the descriptor gives change addresses, too.
func (m musigCase) change() bool { return twoPaths.MatchString(m.pattern) }

var twoPaths = regexp.MustCompile(`<\d+;\d+>`)

func newCosigning(t *testing.T) *cosigning {
	return &cosigning{fixture: newFixture(t, 140), t: t}
}

// TestMuSigWallets has several wallets spend what they own together.
func TestMuSigWallets(t *testing.T) {
	c := newCosigning(t)
	for _, m := range musigCases {
		t.Run(m.name, func(t *testing.T) {
			c.t = t
			c.begin(m)
			c.spendTogether(m)
		})
	}
}

func (c *cosigning) spendTogether(m musigCase) {
	text := c.fund(m)
	d := c.decode(text)
	c.described(m, d.Inputs[0])
	if m.change() {
		c.described(m, d.Outputs[1])
	}
	nonces, partials := m.expected()
	one, two := c.round(m, text), c.round(m, text)
	c.fresh(c.decode(one).Inputs[0].Nonces, c.decode(two).Inputs[0].Nonces, nonces)
	one, two = c.round(m, one), c.round(m, two)
	c.fresh(c.decode(one).Inputs[0].Parts, c.decode(two).Inputs[0].Parts, partials)
	var out processed
	if c.on("", "finalizepsbt", &out, one, false); !out.Complete || out.Warnings != nil {
		c.t.Fatalf("%+v", out)
	}
	final := c.decode(out.PSBT).Inputs[0]
	if (len(final.Final) > 1) != m.leaf || len(final.Participants)+len(final.Nonces)+len(final.Parts) > 0 {
		c.t.Errorf("final input %+v", final)
	}
	if c.on("", "finalizepsbt", &out, two); !out.Complete {
		c.t.Fatal("the second session is not complete")
	}
	c.on("", "sendrawtransaction", nil, out.Hex)
}

// TestMuSigIncomplete: without all nonces there are no partial signatures, without all of
// those no signature, and what is there stays.
func TestMuSigIncomplete(t *testing.T) {
	c := newCosigning(t)
	m := musigCase{pattern: musigCases[3].pattern, absent: -1}
	c.begin(m)
	text := c.fund(m)
	lacking := m
	lacking.absent = 2
	few := c.round(lacking, c.round(lacking, text))
	if in := c.decode(few).Inputs[0]; len(in.Nonces) != 2 || len(in.Parts) != 0 {
		t.Errorf("two wallets of three: %+v", in)
	}
	for name, text := range map[string]string{"nonces": c.round(m, text), "two of three": c.round(lacking, c.round(m, text))} {
		var out processed
		if c.on("", "finalizepsbt", &out, text); out.Complete || out.PSBT != text || out.Warnings != nil {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

// TestMuSigTroubles: the wallets say who sent a wrong partial signature, and that a secret
// nonce is gone, which unloading a wallet does.
func TestMuSigTroubles(t *testing.T) {
	c := newCosigning(t)
	m := musigCase{pattern: musigCases[6].pattern, absent: -1}
	c.begin(m)
	text := c.fund(m)
	nonces := c.round(m, text)
	bad, by := spoil(t, c.round(m, nonces))
	var out processed
	for _, w := range append([]string{""}, c.wallets...) {
		method := "walletprocesspsbt"
		if w == "" {
			method = "finalizepsbt"
		}
		c.on(w, method, &out, bad)
		if out.Complete || len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0], "partial signature of participant "+by) {
			t.Errorf("%s of %q: %+v", method, w, out)
		}
	}
	var found struct{ Error string }
	if c.on("", "analyzepsbt", &found, bad); !strings.Contains(found.Error, by) {
		t.Errorf("analyzepsbt: %+v", found)
	}
	nonces = c.round(m, text)
	c.on("", "unloadwallet", nil, c.wallets[1])
	c.on("", "loadwallet", nil, c.wallets[1])
	c.on(c.wallets[1], "walletprocesspsbt", &out, nonces)
	if len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0], "is gone") || len(c.decode(out.PSBT).Inputs[0].Parts) != 0 {
		t.Errorf("after a restart: %+v", out)
	}
}

// spoil changes one partial signature of a packet, and says whose it was.
func spoil(t *testing.T, text string) (bad, by string) {
	t.Helper()
	p, err := psbt.DecodeBase64(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, shares := range p.Ins[0].PartialSigs {
		for key, sig := range shares {
			sig[5]++
			shares[key] = sig
			return p.Base64(), fmt.Sprintf("%x", string(key))
		}
	}
	t.Fatal("no partial signature")
	return "", ""
}
