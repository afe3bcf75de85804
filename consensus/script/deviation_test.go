package script

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"github.com/quernnet/quern/consensus/wire"
)

var testKey, _ = btcec.PrivKeyFromBytes([]byte{1})

// join concatenates parts of scripts.
func join(parts ...[]byte) []byte {
	var s []byte
	for _, p := range parts {
		s = append(s, p...)
	}
	return s
}

// sign signs code as input 0 of any spending of prev, hash type ALL. A legacy
// signature covers neither signature script nor value.
func sign(prev, code []byte) []byte {
	sum := new(hasher).legacyHash(spending(nil, prev, nil, 0), 0, code, hashAll)
	return append(ecdsa.Sign(testKey, sum[:]).Serialize(), hashAll)
}

func push(b []byte) []byte { return AppendPush(nil, b) }

func spendCheck(sig, prev []byte, f Flags) Check {
	return Check{Spend: NewSpend(spending(sig, prev, nil, 0), []wire.Out{{Script: prev}}, f)}
}

// TestShortSignatureDeletion shows where btcd's engine splits from Core. A
// CHECKMULTISIG deletes its signatures from what they sign, an empty or
// one-byte one too; the engine leaves the pushes of these. The topmost
// signature is then good for one of the two and not for the other, so that one
// of the two comes to the next signature, which is no DER (BIP66).
func TestShortSignatureDeletion(t *testing.T) {
	key := push(testKey.PubKey().SerializeCompressed())
	tail := join([]byte{opDrop, op1 + 2}, key, key, key, []byte{op1 + 2, opCheckMultisig, opNot})
	noDER := push([]byte{1, 2})
	for _, short := range [][]byte{{}, {0x05}, {0x10}} {
		prev := join(push(short), tail)
		for _, test := range []struct {
			name   string
			code   []byte
			want   string
			engine bool
		}{
			{"signed with the short push", prev, "OK", false},
			{"signed without it", tail, "SIG_DER", true},
		} {
			sig := join([]byte{op0}, push(short), noDER, push(sign(prev, test.code)))
			c := spendCheck(sig, prev, Mandatory)
			if c.engineAccepts() != test.engine {
				t.Errorf("%x, %s: the engine has changed its mind; the guard may go", short, test.name)
			}
			if got := verdict(t, c); got != test.want {
				t.Errorf("%x, %s: %s, want %s", short, test.name, got, test.want)
			}
		}
	}
}

// TestLooseSignature shows that before BIP66 signatures were read more loosely
// than the engine does.
func TestLooseSignature(t *testing.T) {
	prev := append(push(testKey.PubKey().SerializeCompressed()), opCheckSig)
	good := sign(prev, prev)
	body := good[2 : len(good)-1]
	for name, sig := range map[string][]byte{
		"long form of the length": join([]byte{0x30, 0x81, byte(len(body))}, body, []byte{hashAll}),
		"wrong length":            join([]byte{0x30, 0}, body, []byte{hashAll}),
		"bytes after S":           join([]byte{0x30, byte(len(body))}, body, []byte{1, 2, 3, hashAll}),
		"long form of R's length": join([]byte{0x30, 0, 0x02, 0x82, 0}, body[1:], []byte{hashAll}),
	} {
		if got := verdict(t, spendCheck(push(sig), prev, P2SH)); got != "OK" {
			t.Errorf("%s: %s without DERSIG", name, got)
		}
		if got := verdict(t, spendCheck(push(sig), prev, Mandatory)); got != "SIG_DER" {
			t.Errorf("%s: %s with DERSIG, want SIG_DER", name, got)
		}
	}
}

// TestCorners names rules in which implementations have differed.
func TestCorners(t *testing.T) {
	good := testKey.PubKey().SerializeCompressed()
	offCurve := append([]byte{2}, make([]byte, 32)...) // no point has x = 0
	hybrid := testKey.PubKey().SerializeUncompressed()
	hybrid[0] = 6 + hybrid[64]&1
	wrongHybrid := append([]byte{hybrid[0] ^ 1}, hybrid[1:]...)
	checkSigOf := func(key []byte) []byte { return append(push(key), opCheckSig) }
	zeroProgram := append([]byte{op0, keyHashSize}, make([]byte, keyHashSize)...)

	for _, test := range []struct {
		name      string
		sig, prev []byte
		flags     Flags
		want      string
	}{
		{"hybrid key", push(sign(checkSigOf(hybrid), checkSigOf(hybrid))), checkSigOf(hybrid), Mandatory, "OK"},
		{"hybrid key of the wrong parity", push(sign(checkSigOf(wrongHybrid), checkSigOf(wrongHybrid))), checkSigOf(wrongHybrid), Mandatory, "EVAL_FALSE"},
		{"hybrid key by policy", push(sign(checkSigOf(hybrid), checkSigOf(hybrid))), checkSigOf(hybrid), Mandatory | StrictEnc, "PUBKEYTYPE"},
		{"NULLFAIL though the key does not parse", push(sign(good, good)), append(checkSigOf(offCurve), opNot), Mandatory | NullFail, "NULLFAIL"},
		{"no NULLFAIL for blocks", push(sign(good, good)), append(checkSigOf(offCurve), opNot), Mandatory, "OK"},
		{"STRICTENC reads the key of an empty signature", []byte{op0, op0},
			join([]byte{op1, 1, 9, op1, opCheckMultisig, opNot}), Mandatory | StrictEnc, "PUBKEYTYPE"},
		{"encoding before hash type", []byte{2, 1, 9}, checkSigOf(good), Mandatory | StrictEnc, "SIG_DER"},
		{"NOP2 is no upgradable NOP", []byte{op1}, []byte{opCheckLockTime}, P2SH | DiscourageUpgradableNops, "OK"},
		{"NOP1 is", []byte{op1}, []byte{opNop1}, P2SH | DiscourageUpgradableNops, "DISCOURAGE_UPGRADABLE_NOPS"},
		{"an empty signature is found as OP_0", []byte{op0}, join([]byte{op0, opDrop}, checkSigOf(good), []byte{opNot}),
			Mandatory | ConstScriptCode, "SIG_FINDANDDELETE"},
		{"an all-zero program is false", nil, zeroProgram, Mandatory, "EVAL_FALSE"},
		{"malformed push after OP_RETURN", []byte{op1}, []byte{opReturn, 5}, Mandatory, "OP_RETURN"},
		{"malformed push", []byte{op1}, []byte{opNop, opPushData2, 5}, Mandatory, "BAD_OPCODE"},
		{"both empty", nil, nil, Mandatory, "EVAL_FALSE"},
		{"altstack does not last", []byte{op1, op1, opToAltStack}, []byte{opFromAltStack}, Mandatory, "INVALID_ALTSTACK_OPERATION"},
		{"IF does not last", []byte{op1, op1, opIf}, []byte{opEndIf}, Mandatory, "UNBALANCED_CONDITIONAL"},
	} {
		if got := verdict(t, spendCheck(test.sig, test.prev, test.flags)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestFindAndDelete: only the very push goes, not one that starts with it
// (CVE-2024-38365) or that writes the same bytes in another way.
func TestFindAndDelete(t *testing.T) {
	sig := make([]byte, 71)
	op := push(sig)
	for _, test := range []struct {
		name       string
		code, want []byte
		found      bool
	}{
		{"alone", op, nil, true},
		{"twice, once after another push", join(op, []byte{op1}, op, []byte{opCheckSig}), []byte{op1, opCheckSig}, true},
		{"a longer push", push(append(sig[:71:71], 0)), push(append(sig[:71:71], 0)), false},
		{"another way to push", join([]byte{opPushData1, 71}, sig), join([]byte{opPushData1, 71}, sig), false},
		{"inside a push", push(op), push(op), false},
		{"before a malformed push", join(op, []byte{opNop, 9, 1}), []byte{opNop, 9, 1}, true},
	} {
		got, found := findAndDelete(test.code, op)
		if found != test.found || !bytes.Equal(got, test.want) {
			t.Errorf("%s: got %x, %v", test.name, got, found)
		}
	}
}

// TestSequenceVersion: the version that switches relative lock times on is
// unsigned (CVE-2024-34478).
func TestSequenceVersion(t *testing.T) {
	prev := []byte{op1, opCheckSequence}
	for version, want := range map[int32]string{0: "UNSATISFIED_LOCKTIME", 1: "UNSATISFIED_LOCKTIME", 2: "OK", -1: "OK", -1 << 31: "OK"} {
		tx := &wire.Tx{Version: version, Ins: []wire.In{{Sequence: 1}}, Outs: []wire.Out{{}}}
		c := Check{Spend: NewSpend(tx.Seal(), []wire.Out{{Script: prev}}, Mandatory)}
		if got := verdict(t, c); got != want {
			t.Errorf("version %d: %s, want %s", version, got, want)
		}
	}
}

// TestEngineAgrees runs random scripts, bare and in every wrapping, by the
// engine and by the interpreter; verdict compares them.
func TestEngineAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 277647))
	outcomes := map[string]int{}
	for range 3_000 {
		sig, script := randomScript(rng, 4, true), randomScript(rng, 12, false)
		var stack [][]byte
		for range rng.IntN(4) {
			stack = append(stack, randomItem(rng))
		}
		control, output := singleLeaf(script)
		program := wire.DoubleSHA256(nil)
		copy(program[:], sha(script))
		nested := append([]byte{op0, scriptHashSize}, program[:]...)
		for name, c := range map[string]scriptCase{
			"bare":      {sig: sig, prev: script},
			"P2SH":      {sig: append(sig, push(script)...), prev: p2sh(script)},
			"P2WSH":     {prev: nested, witness: append(stack[:len(stack):len(stack)], script)},
			"nested":    {sig: push(nested), prev: p2sh(nested), witness: append(stack[:len(stack):len(stack)], script)},
			"tapscript": {prev: append([]byte{op1, taprootKeySize}, output...), witness: append(stack[:len(stack):len(stack)], script, control)},
		} {
			got := c.verdict(t, Mandatory)
			outcomes[name+" "+got]++
			if t.Failed() {
				t.Fatalf("%s: %s | %s, witness %x: %s", name, Disasm(c.sig), Disasm(script), c.witness, got)
			}
		}
	}
	for _, name := range []string{"bare", "P2SH", "P2WSH", "nested", "tapscript"} {
		if outcomes[name+" OK"] == 0 {
			t.Errorf("no random %s script passes, so the test shows little: %v", name, outcomes)
		}
	}
	t.Log(outcomes)
}

func sha(b []byte) []byte {
	m := machine{stack: [][]byte{b}}
	m.hash(opSha256)
	return m.top(0)
}

func p2sh(script []byte) []byte {
	hash := hash160(script)
	return append(append([]byte{opHash160, keyHashSize}, hash[:]...), opEqual)
}

// randomItem is a stack item that some opcode makes something of.
func randomItem(rng *rand.Rand) []byte {
	items := [][]byte{
		nil, {1}, {2}, {3}, {0x80}, {0x81}, {0}, {1, 0}, {0xff, 0xff, 0xff, 0x7f}, {0, 0, 0, 0x80, 0}, {1, 2, 3, 4, 5, 6},
		make([]byte, 32), make([]byte, 64), make([]byte, 65), make([]byte, 520), make([]byte, 521),
		testKey.PubKey().SerializeCompressed(), testKey.PubKey().SerializeUncompressed(), schnorr.SerializePubKey(testKey.PubKey()),
		sign(nil, []byte{opCheckSig}),
	}
	return items[rng.IntN(len(items))]
}

// randomScript is up to most operations, likelier than not to be legal.
func randomScript(rng *rand.Rand, most int, pushOnly bool) []byte {
	var s []byte
	for range rng.IntN(most + 1) {
		switch n := rng.IntN(10); {
		case n < 3:
			s = append(s, push(randomItem(rng))...)
		case n < 5 || pushOnly:
			s = append(s, byte(op1-1+rng.IntN(6)))
			if s[len(s)-1] == opReserved && rng.IntN(4) > 0 {
				s[len(s)-1] = op0
			}
		case n < 9:
			s = append(s, byte(opNop+rng.IntN(opCheckSigAdd-opNop+1)))
		default:
			s = append(s, byte(rng.IntN(256)))
		}
	}
	return s
}
