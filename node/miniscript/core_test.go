package miniscript

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // a hash of scripts

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/secp"
	"github.com/quernnet/quern/consensus/wire"
)

// vector is a call of Test in Bitcoin Core's src/test/miniscript_tests.cpp.
type vector struct {
	Text       string
	Script     string // "?": not told
	Tapscript  string // "=": the same
	Mode       int
	Ops        *int
	Stack      *int // items
	Witness    *int // bytes
	TapWitness *int
	Peak       *int
}

// Modes of a vector.
const (
	modeValid = 1 << iota
	modeNonMalleable
	modeNeedsSig
	modeMix
	modeNotP2WSH
	modeNotTapscript
)

func core(t testing.TB) (list []vector) {
	t.Helper()
	raw, err := os.ReadFile("testdata/core.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// book numbers keys in the order in which they come.
type book struct {
	ctx  Context
	keys [][]byte // 33 bytes
}

func (b *book) add(pub []byte) (int, bool) {
	b.keys = append(b.keys, pub)
	return len(b.keys) - 1, true
}

func (b *book) parser() Keys {
	return Keys{
		Parse: func(text string) (int, bool) {
			pub, err := hex.DecodeString(text)
			if err != nil || len(pub) != 33 || pub[0]&^1 != 2 {
				return 0, false
			}
			return b.add(pub)
		},
		Identity: func(i int) string { return string(b.raw(i)) },
	}
}

// raw is a key as scripts have it.
func (b *book) raw(i int) []byte {
	if b.ctx == Tapscript {
		return b.keys[i][1:]
	}
	return b.keys[i]
}

func (b *book) text(i int) string { return hex.EncodeToString(b.keys[i]) }

// decoder knows the keys that another book holds.
func (b *book) decoder(from *book) KnownKeys {
	return KnownKeys{
		Key: func(raw []byte) (int, bool) {
			switch {
			case b.ctx == Tapscript && len(raw) == 32:
				return b.add(append([]byte{2}, raw...))
			case b.ctx == P2WSH && len(raw) == 33 && raw[0]&^1 == 2:
				return b.add(raw)
			}
			return 0, false
		},
		Hash: func(hash [20]byte) (int, bool) {
			for i, key := range from.keys {
				if bytes.Equal(address.Hash160(from.raw(i)), hash[:]) {
					return b.add(key)
				}
			}
			return 0, false
		},
		Identity: func(i int) string { return string(b.raw(i)) },
	}
}

func TestCoreVectors(t *testing.T) {
	for _, v := range append(core(t), large()...) {
		testVector(t, v, P2WSH, v.Script, v.Witness, modeNotP2WSH)
		s := v.Tapscript
		if s == "=" {
			s = v.Script
		}
		testVector(t, v, Tapscript, s, v.TapWitness, modeNotTapscript)
	}
}

// large makes the vectors that Core's test computes.
func large() (list []vector) {
	key := func(i int) string {
		k, _ := btcec.PrivKeyFromBytes([]byte{byte(i + 1)})
		return hex.EncodeToString(k.PubKey().SerializeCompressed())
	}
	number := func(n int) *int { return &n }
	const mode = modeValid | modeNonMalleable | modeNeedsSig | modeNotP2WSH
	for _, n := range []int{99, 110, 200} {
		text := ""
		for i := range n - 1 {
			text += "and_b(pk(" + key(i) + "),a:"
		}
		text += "pk(" + key(n-1) + ")" + strings.Repeat(")", n-1)
		list = append(list, vector{Text: text, Script: "?", Tapscript: "?", Mode: mode, Ops: number(n + (n-1)*3), Stack: number(n), Peak: number(n + 1)})
	}
	for _, n := range []int{998, 999} {
		text := strings.Repeat("and_b(older(1),a:", n) + "pk(" + key(0) + ")" + strings.Repeat(")", n)
		list = append(list, vector{Text: text, Script: "?", Tapscript: "?", Mode: mode, Ops: number(4*n + 1), Stack: number(1), Peak: number(n + 2)})
	}
	return list
}

func testVector(t *testing.T, v vector, ctx Context, want string, witness *int, not int) {
	t.Helper()
	b := &book{ctx: ctx}
	n, ok := Parse(v.Text, ctx, b.parser())
	if v.Mode == 0 || v.Mode&not != 0 {
		if ok && n.Valid() {
			t.Errorf("%.200s is valid", v.Text)
		}
		return
	}
	if !ok || !n.ValidTopLevel() {
		t.Errorf("%.200s is not valid", v.Text)
		return
	}
	s := n.Script(b.raw)
	if n.ScriptSize() != len(s) || want != "?" && hex.EncodeToString(s) != want {
		t.Errorf("%.200s: %d bytes, expected %d\n got %x\nwant %s", v.Text, len(s), n.ScriptSize(), s, want)
	}
	if n.NonMalleable() != (v.Mode&modeNonMalleable != 0) || n.NeedsSignature() != (v.Mode&modeNeedsSig != 0) || n.LocksApart() != (v.Mode&modeMix == 0) {
		t.Errorf("%.200s has the type %s", v.Text, n.Type())
	}
	compareLimit(t, v.Text+": operations", v.Ops, n.Ops)
	compareLimit(t, v.Text+": items", v.Stack, n.StackItems)
	compareLimit(t, v.Text+": bytes", witness, n.WitnessSize)
	compareLimit(t, v.Text+": peak", v.Peak, n.StackPeak)
	roundTrip(t, n, b)
	testSatisfy(t, n, b, s)
}

func compareLimit(t *testing.T, what string, want *int, get func() (int, bool)) {
	t.Helper()
	if got, ok := get(); want != nil && (!ok || got != *want) {
		t.Errorf("%.200s: %d, want %d", what, got, *want)
	}
}

// roundTrip writes and reads text, and decodes the script.
func roundTrip(t *testing.T, n *Node, b *book) {
	t.Helper()
	text := n.Text(b.text)
	again := &book{ctx: b.ctx}
	m, ok := Parse(text, b.ctx, again.parser())
	if !ok || m.Text(again.text) != text || m.Type() != n.Type() {
		t.Errorf("%.300s is not read back", text)
	}
	if !n.ValidTopLevel() {
		return
	}
	s := n.Script(b.raw)
	decoded := &book{ctx: b.ctx}
	m, ok = Decode(s, b.ctx, decoded.decoder(b))
	if !ok || !bytes.Equal(m.Script(decoded.raw), s) {
		t.Errorf("%.300s: script %x is not decoded", text, s)
	}
}

// believer takes all signatures for right.
type believer struct{}

func (believer) Verify(claims []secp.Claim, ok []bool) error {
	for i := range ok {
		ok[i] = true
	}
	return nil
}

func (believer) Tweaked([]byte, *[32]byte, []byte, bool) (bool, error) { return true, nil }

// signature is a well-formed one of 72 bytes with its hash type, which a believer takes.
var signature = func() []byte {
	der := append([]byte{0x30, 0x45, 0x02, 0x21, 0x00}, bytes.Repeat([]byte{0xff}, 31)...)
	der = append(append(der, 0x01), 0x02, 0x20)
	return append(append(der, bytes.Repeat([]byte{0x11}, 32)...), 1)
}()

// testSatisfy satisfies an expression with random parts of what it asks for, and
// lets the interpreter judge.
func testSatisfy(t *testing.T, n *Node, b *book, s []byte) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(len(s))))
	found := false
	for _, locks := range []struct{ sequence, time uint32 }{{0xffff, 499_999_999}, {0x40ffff, 499_999_999}, {0xffff, 0xfffffffe}, {0x40ffff, 0xfffffffe}} {
		for all := range 4 {
			have := func() bool { return all == 0 || rng.IntN(3) > 0 }
			items, ok := n.Satisfy(Signer{
				Sign: func(int) ([]byte, bool) {
					if b.ctx == Tapscript {
						return bytes.Repeat([]byte{1}, 65), have()
					}
					return signature, have()
				},
				Key:      b.raw,
				Preimage: func(f Fragment, hash []byte) ([]byte, bool) { p := preimage(f, hash); return p, p != nil && have() },
				Older: func(k uint32) bool {
					return k&lockTypeFlag == locks.sequence&lockTypeFlag && k&0xffff <= locks.sequence&0xffff
				},
				After: func(k uint32) bool { return (k < lockThreshold) == (locks.time < lockThreshold) && k <= locks.time },
			})
			if ok {
				found = true
				judge(t, n, b, s, items, locks.sequence, locks.time)
			}
		}
	}
	guessed := true // all that hashes ask for
	n.Each(func(n *Node) { guessed = guessed && (n.Data == nil || preimage(n.Fragment, n.Data) != nil) })
	if _, satisfiable := n.StackItems(); n.Sane() && satisfiable && guessed && !found {
		t.Errorf("%.300s was not satisfied", n.Text(b.text))
	}
}

// judge runs a script with what satisfies it.
func judge(t *testing.T, n *Node, b *book, s []byte, items [][]byte, sequence, locktime uint32) {
	t.Helper()
	size := 0
	for _, it := range items {
		size += 1 + len(it)
	}
	most, _ := n.StackItems()
	bytesMost, _ := n.WitnessSize()
	if len(items) > most || size > bytesMost {
		t.Errorf("%.300s: %d items of %d bytes, at most %d of %d were expected", n.Text(b.text), len(items), size, most, bytesMost)
	}
	witness := append(slices.Clone(items), s)
	program := sha256.Sum256(s)
	out := append([]byte{0, 32}, program[:]...)
	if b.ctx == Tapscript {
		key := b.keys0()
		out = append([]byte{0x51, 32}, key...)
		witness = append(witness, append([]byte{0xc0}, key...))
	}
	tx := &wire.Tx{Version: 2, Ins: []wire.In{{Sequence: sequence, Witness: witness}}, Outs: []wire.Out{{}}, LockTime: locktime}
	check := script.NewSpend(tx, []wire.Out{{Script: out}}, script.Standard).Checks()[0]
	if err := script.NewBatch(believer{}).Interpret(check); err != nil && n.ValidSatisfactions() {
		t.Errorf("%.300s with %x: %v", n.Text(b.text), items, err)
	}
}

// keys0 is the x coordinate of some key.
func (b *book) keys0() []byte {
	k, _ := btcec.PrivKeyFromBytes([]byte{1})
	return k.PubKey().SerializeCompressed()[1:]
}

// preimage finds the preimage of a hash of Core's test: 31 zeros and a number.
func preimage(f Fragment, hash []byte) []byte {
	for i := range 256 {
		p := make([]byte, 32)
		p[31] = byte(i)
		if bytes.Equal(digest(f, p), hash) {
			return p
		}
	}
	return nil
}

func digest(f Fragment, p []byte) []byte {
	first := sha256.Sum256(p)
	switch f {
	case SHA256:
		return first[:]
	case Hash256:
		second := sha256.Sum256(first[:])
		return second[:]
	case Hash160:
		return address.Hash160(p)
	}
	h := ripemd160.New()
	h.Write(p)
	return h.Sum(nil)
}

// What Core's test checks besides its vectors.
func TestInsane(t *testing.T) {
	const a, k = "03d30199d74fb5a22d47b6e054e2f378cedacffcb89904a61d75d0dbd407143e65", "03fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a1460297556"
	for _, text := range []string{
		"and_v(v:pk(%[1]s),pk(%[1]s))",
		"or_b(c:pk_k(%[1]s),ac:pk_h(%[1]s))",
		"or_i(and_b(pk(%[1]s),s:pk(%[2]s)),and_b(older(1),s:pk(%[1]s)))",
		"thresh(2,pkh(%[1]s),s:pk(%[2]s),a:and_b(dv:older(1),s:pk(%[1]s)))",
	} {
		b := &book{ctx: P2WSH}
		n, ok := Parse(fmt.Sprintf(text, a, k), P2WSH, b.parser())
		if !ok || n.Sane() || n.DistinctKeys() {
			t.Errorf("%s is sane", text)
		}
	}
	b := &book{ctx: P2WSH}
	n, ok := Parse("or_i(and_b(after(1),a:after(1000000000)),pk("+a+"))", P2WSH, b.parser())
	if !ok || !n.Valid() || n.Sane() || n.Insane().Text(b.text) != "and_b(after(1),a:after(1000000000))" {
		t.Error("the insane part is not found")
	}
	for _, text := range []string{"after(-1)", "after(+1)", "thresh(-1,pk(" + a + "))", "multi(+1," + a + ")", "", "0x", "pk(", "vv:1", "thresh(1)", "multi(1)"} {
		if _, ok := Parse(text, P2WSH, b.parser()); ok {
			t.Errorf("%s was read", text)
		}
	}
}

// Scripts that are no Miniscript: a push that is not the shortest, CHECKSIG VERIFY.
func TestNotDecoded(t *testing.T) {
	for _, text := range []string{
		"0000210232780000feff00ffffffffffff21ff005f00ae21ae00000000060602060406564c2102320000060900fe00005f00ae21ae00100000060606060606000000000000000000000000000000000000000000000000000000000000000000",
		"2103a0434d9e47f3c86235477c7b1ae6ae5d3442d49b1943c2b752a68e2a47e247c7ac6951",
		"ac519c", "ac204c", "6ac6ba529c",
	} {
		s, _ := hex.DecodeString(text)
		for _, ctx := range []Context{P2WSH, Tapscript} {
			b := &book{ctx: ctx}
			if _, ok := Decode(s, ctx, b.decoder(b)); ok {
				t.Errorf("%s was decoded", text)
			}
		}
	}
}

// A tree as deep as a script may be long costs no stack.
func TestDeep(t *testing.T) {
	const depth = 200_000
	b := &book{ctx: Tapscript}
	n, ok := Parse(strings.Repeat("n", depth)+":1", Tapscript, b.parser())
	if !ok || !n.Valid() || n.ScriptSize() != depth+1 {
		t.Fatal("a deep expression is not read")
	}
	roundTrip(t, n, b)
	if _, ok := n.Satisfy(Signer{}); ok {
		t.Error("it was satisfied without signature")
	}
}

// FuzzText reads expressions, and writes them and their scripts.
func FuzzText(f *testing.F) {
	for _, v := range core(f) {
		f.Add(v.Text, false)
		f.Add(v.Text, true)
	}
	f.Fuzz(func(t *testing.T, text string, tap bool) {
		b := &book{}
		if tap {
			b.ctx = Tapscript
		}
		if n, ok := Parse(text, b.ctx, b.parser()); ok {
			roundTrip(t, n, b)
			if n.ValidTopLevel() {
				testSatisfy(t, n, b, n.Script(b.raw))
			}
		}
	})
}

// FuzzScript decodes scripts, and writes what it finds again.
func FuzzScript(f *testing.F) {
	for _, v := range core(f) {
		for _, s := range []string{v.Script, v.Tapscript} {
			if raw, err := hex.DecodeString(s); err == nil {
				f.Add(raw, s == v.Tapscript)
			}
		}
	}
	f.Fuzz(func(t *testing.T, s []byte, tap bool) {
		b := &book{}
		if tap {
			b.ctx = Tapscript
		}
		known := b.decoder(b)
		known.Hash = func([20]byte) (int, bool) { return 0, false }
		if n, ok := Decode(s, b.ctx, known); ok {
			if !bytes.Equal(n.Script(b.raw), s) {
				t.Fatalf("%x is decoded as %s, which is another script", s, n.Text(b.text))
			}
			roundTrip(t, n, b)
		}
	})
}
