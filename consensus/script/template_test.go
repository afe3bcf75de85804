package script

import (
	"bytes"
	"strings"
	"testing"
)

func TestFlagNames(t *testing.T) {
	for i, name := range flagNames {
		f, err := parseFlags(name)
		if err != nil || f != 1<<i || f.String() != name {
			t.Errorf("%s: read as %v (%v)", name, f, err)
		}
	}
	for text, want := range map[string]Flags{"": None, "NONE": None, "WITNESS,P2SH": P2SH | Witness} {
		if f, err := parseFlags(text); f != want || err != nil {
			t.Errorf("%q: read as %v (%v), want %v", text, f, err, want)
		}
	}
	if got := (P2SH | Witness).String(); got != "P2SH,WITNESS" {
		t.Errorf("got %s", got)
	}
	if got := (P2SH | 1<<31).String(); got != "P2SH,0x80000000" {
		t.Errorf("got %s", got)
	}
	if _, err := parseFlags("P2SH,BIP16"); err == nil || !strings.Contains(err.Error(), "BIP16") {
		t.Errorf("BIP16 is no flag, yet: %v", err)
	}
}

func TestClassify(t *testing.T) {
	key := testKey.PubKey().SerializeCompressed()
	long := testKey.PubKey().SerializeUncompressed()
	hash, wide := make([]byte, 20), make([]byte, 32)
	for _, test := range []struct {
		name   string
		script []byte
		want   Type
	}{
		{"P2PK", append(push(key), opCheckSig), TypePubKey},
		{"P2PK, uncompressed", append(push(long), opCheckSig), TypePubKey},
		{"P2PK, length and first byte differ", append(push(append([]byte{4}, key[1:]...)), opCheckSig), TypeNonstandard},
		{"P2PKH", payToKeyHash(hash), TypePubKeyHash},
		{"P2SH", p2sh(nil), TypeScriptHash},
		{"1 of 2", join([]byte{op1}, push(key), push(long), []byte{op1 + 1, opCheckMultisig}), TypeMultisig},
		{"20 of 20, numbers pushed", join([]byte{1, 20}, bytes.Repeat(push(key), 20), []byte{1, 20, opCheckMultisig}), TypeMultisig},
		{"number pushed that has an opcode", join([]byte{1, 1}, push(key), []byte{op1, opCheckMultisig}), TypeNonstandard},
		{"0 of 1", join([]byte{op0}, push(key), []byte{op1, opCheckMultisig}), TypeNonstandard},
		{"2 of 1", join([]byte{op1 + 1}, push(key), []byte{op1, opCheckMultisig}), TypeNonstandard},
		{"key number is wrong", join([]byte{op1}, push(key), []byte{op1 + 1, opCheckMultisig}), TypeNonstandard},
		{"more after the multisig", join([]byte{op1}, push(key), []byte{op1, opCheckMultisig, opCheckMultisig}), TypeNonstandard},
		{"OP_RETURN", []byte{opReturn}, TypeNullData},
		{"OP_RETURN and data", join([]byte{opReturn}, push(wide)), TypeNullData},
		{"OP_RETURN and OP_RESERVED", []byte{opReturn, opReserved}, TypeNullData},
		{"OP_RETURN and an operation", []byte{opReturn, opNop}, TypeNonstandard},
		{"OP_RETURN and half a push", []byte{opReturn, 2, 1}, TypeNonstandard},
		{"P2WPKH", append([]byte{op0, 20}, hash...), TypeWitnessV0KeyHash},
		{"P2WSH", append([]byte{op0, 32}, wide...), TypeWitnessV0ScriptHash},
		{"version 0, another size", append([]byte{op0, 21, 0}, hash...), TypeNonstandard},
		{"P2TR", append([]byte{op1, 32}, wide...), TypeWitnessV1Taproot},
		{"P2A", []byte{op1, 2, 0x4e, 0x73}, TypeAnchor},
		{"version 1, another size", append([]byte{op1, 20}, hash...), TypeWitnessUnknown},
		{"version 16", append([]byte{op16, 32}, wide...), TypeWitnessUnknown},
		{"program too short", []byte{op1, 1, 0}, TypeNonstandard},
		{"program too long", append([]byte{op1, 41}, make([]byte, 41)...), TypeNonstandard},
		{"empty", nil, TypeNonstandard},
	} {
		if got := Classify(test.script); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestDisasm holds against Core's ScriptToAsmStr.
func TestDisasm(t *testing.T) {
	sig := sign(nil, []byte{opCheckSig})
	single := append(sig[:len(sig)-1:len(sig)-1], hashSingle|anyoneCanPay)
	odd := append(sig[:len(sig)-1:len(sig)-1], 0x20)
	asHex := func(b []byte) string { return Disasm(push(b)) }
	body := asHex(sig)[:2*len(sig)-2]
	for _, test := range []struct{ name, got, want string }{
		{"empty", Disasm(nil), ""},
		{"numbers", Disasm([]byte{op0, op1Negate, op16, 1, 0x81, 1, 0x80, 2, 0, 1, 4, 0xff, 0xff, 0xff, 0xff}), "0 -1 16 -1 0 256 -2147483647"},
		{"five bytes", Disasm([]byte{5, 1, 2, 3, 4, 5}), "0102030405"},
		{"P2PKH", Disasm(payToKeyHash(make([]byte, 20))), "OP_DUP OP_HASH160 " + strings.Repeat("00", 20) + " OP_EQUALVERIFY OP_CHECKSIG"},
		{"lock times", Disasm([]byte{opCheckLockTime, opCheckSequence, opNop1, opReserved}), "OP_CHECKLOCKTIMEVERIFY OP_CHECKSEQUENCEVERIFY OP_NOP1 OP_RESERVED"},
		{"unknown", Disasm([]byte{opCheckSigAdd, 0xbb, 0xff}), "OP_CHECKSIGADD OP_UNKNOWN OP_INVALIDOPCODE"},
		{"malformed", Disasm([]byte{op1, 5, 1}), "1 [error]"},
		{"malformed alone", Disasm([]byte{5, 1}), "[error]"},
		{"signature in an output", Disasm(push(sig)), body + "01"},
		{"signature", DisasmSig(push(sig)), body + "[ALL]"},
		{"signature, another type", DisasmSig(push(single)), body + "[SINGLE|ANYONECANPAY]"},
		{"signature, undefined type", DisasmSig(push(odd)), body + "20"},
		{"signature after OP_RETURN", DisasmSig(join([]byte{opReturn}, push(sig))), "OP_RETURN " + body + "01"},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s, want %s", test.name, test.got, test.want)
		}
	}
}

// TestSigops holds against Core's GetSigOpCount and its sigopcount_tests.
func TestSigops(t *testing.T) {
	key := push(testKey.PubKey().SerializeCompressed())
	multisig := join([]byte{op1}, key, key, []byte{op1 + 1, opCheckMultisig})
	more := join(multisig, []byte{opIf, opCheckSig, opEndIf})
	for _, test := range []struct {
		name            string
		script          []byte
		rough, accurate int
	}{
		{"empty", nil, 0, 0},
		{"1 of 2", multisig, 20, 2},
		{"and a CHECKSIG not reached", more, 21, 3},
		{"16 keys", []byte{op16, opCheckMultisigVerify}, 20, 16},
		{"number pushed", []byte{1, 3, opCheckMultisig}, 20, 20},
		{"no number", []byte{opCheckMultisig, op0, opCheckMultisig}, 40, 40},
		{"up to a malformed push", []byte{opCheckSig, 2, opCheckSig}, 1, 1},
		{"inside a push", []byte{1, opCheckSig}, 0, 0},
		{"CHECKSIGADD", []byte{opCheckSigAdd}, 0, 0},
	} {
		if got := Sigops(test.script, false); got != test.rough {
			t.Errorf("%s: %d, want %d", test.name, got, test.rough)
		}
		if got := Sigops(test.script, true); got != test.accurate {
			t.Errorf("%s: %d accurately, want %d", test.name, got, test.accurate)
		}
	}
}

func TestInputSigopCost(t *testing.T) {
	script := []byte{op1 + 1, opCheckMultisig}
	keyProgram := append([]byte{op0, 20}, make([]byte, 20)...)
	scriptProgram := append([]byte{op0, 32}, sha(script)...)
	taproot := append([]byte{op1, 32}, make([]byte, 32)...)
	for _, test := range []struct {
		name      string
		sig, prev []byte
		witness   [][]byte
		flags     Flags
		want      int
	}{
		{"P2SH", push(script), p2sh(script), nil, Mandatory, 8},
		{"P2SH before BIP16", push(script), p2sh(script), nil, None, 0},
		{"P2SH, script not only pushes", join([]byte{opNop}, push(script)), p2sh(script), nil, Mandatory, 0},
		{"P2SH, number last", []byte{op1}, p2sh(script), nil, Mandatory, 0},
		{"P2SH, empty", nil, p2sh(script), nil, Mandatory, 0},
		{"bare", nil, script, nil, Mandatory, 0},
		{"P2WPKH", nil, keyProgram, nil, Mandatory, 1},
		{"P2WPKH before BIP141", nil, keyProgram, nil, P2SH, 0},
		{"P2WSH", nil, scriptProgram, [][]byte{nil, script}, Mandatory, 2},
		{"P2WSH, no witness", nil, scriptProgram, nil, Mandatory, 0},
		{"nested P2WPKH", push(keyProgram), p2sh(keyProgram), nil, Mandatory, 1},
		{"nested P2WSH", push(scriptProgram), p2sh(scriptProgram), [][]byte{script}, Mandatory, 2},
		{"taproot", nil, taproot, [][]byte{{opCheckSig}}, Mandatory, 0},
	} {
		if got := InputSigopCost(test.sig, test.witness, test.prev, test.flags); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestUnspendable(t *testing.T) {
	for _, test := range []struct {
		name   string
		script []byte
		want   bool
	}{
		{"empty", nil, false},
		{"OP_RETURN", []byte{opReturn}, true},
		{"OP_RETURN later", []byte{opNop, opReturn}, false},
		{"10,000 bytes", make([]byte, 10_000), false},
		{"10,001 bytes", make([]byte, 10_001), true},
		{"malformed", []byte{opPushData4}, false},
	} {
		if got := IsUnspendable(test.script); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestRedeemScript(t *testing.T) {
	for _, test := range []struct {
		name      string
		sig, want []byte
		ok        bool
	}{
		{"empty", nil, nil, true},
		{"last of two", []byte{1, 7, 2, 8, 9}, []byte{8, 9}, true},
		{"a number last", []byte{1, 7, op16}, nil, true},
		{"an operation", []byte{1, 7, opNop}, nil, false},
		{"malformed", []byte{1, 7, 2, 8}, nil, false},
	} {
		got, ok := redeemScript(test.sig)
		if ok != test.ok || !bytes.Equal(got, test.want) {
			t.Errorf("%s: %x, %v", test.name, got, ok)
		}
		if IsPushOnly(test.sig) != test.ok {
			t.Errorf("%s: push only: %v", test.name, !test.ok)
		}
	}
}
