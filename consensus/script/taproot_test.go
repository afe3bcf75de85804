package script

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/quernnet/quern/consensus/wire"
)

// tapSpend is a taproot input to be signed, the second of two; the leaf is
// spent if it is not nil.
type tapSpend struct {
	leaf    []byte
	version byte
	outs    int
	annex   []byte
	codeSep uint32
}

func newTapSpend(leaf []byte) tapSpend {
	return tapSpend{leaf: leaf, version: leafTapscript, outs: 2, codeSep: noCodeSep}
}

// check spends the output with the stack that stack makes of a signer.
func (s tapSpend) check(t *testing.T, f Flags, stack func(sign func(hashType byte) []byte) [][]byte) Check {
	t.Helper()
	program, control := schnorr.SerializePubKey(testKey.PubKey()), []byte(nil)
	if s.leaf != nil {
		root := leafHash(s.version, s.leaf)
		output := txscript.ComputeTaprootOutputKey(testKey.PubKey(), root[:])
		program = schnorr.SerializePubKey(output)
		control = append([]byte{s.version | output.SerializeCompressed()[0]&1}, schnorr.SerializePubKey(testKey.PubKey())...)
	}
	prev := append([]byte{op1, taprootKeySize}, program...)
	tx := &wire.Tx{Version: 2, LockTime: 7, Outs: make([]wire.Out, s.outs), Ins: []wire.In{
		{Prev: wire.Outpoint{Index: 1}, Sequence: 5}, {Prev: wire.Outpoint{Index: 2}, Sequence: 6},
	}}
	for i := range tx.Outs {
		tx.Outs[i] = wire.Out{Value: int64(10 + i), Script: []byte{op1}}
	}
	coins := []wire.Out{{Value: 20, Script: []byte{op1}}, {Value: 30, Script: prev}}
	spend := NewSpend(tx, coins, f)
	signer := func(hashType byte) []byte {
		ctx := &tapContext{script: s.leaf != nil, codeSep: s.codeSep}
		if s.annex != nil {
			_, ctx.annex = cutAnnex([][]byte{nil, s.annex})
		}
		if ctx.script {
			ctx.leaf = leafHash(s.version, s.leaf)
		}
		sum, _ := new(hasher).taprootHash(spend, 1, hashType, ctx)
		sig, err := schnorr.Sign(testKey, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		if hashType == hashDefault {
			return sig.Serialize()
		}
		return append(sig.Serialize(), hashType)
	}
	witness := stack(signer)
	if s.leaf != nil {
		witness = append(witness, s.leaf, control)
	}
	if s.annex != nil {
		witness = append(witness, s.annex)
	}
	tx.Ins[1].Witness = witness
	tx.Seal()
	return Check{Spend: NewSpend(tx, coins, f), In: 1}
}

func oneSig(hashType byte) func(func(byte) []byte) [][]byte {
	return func(sign func(byte) []byte) [][]byte { return [][]byte{sign(hashType)} }
}

func items(v ...[]byte) func(func(byte) []byte) [][]byte {
	return func(func(byte) []byte) [][]byte { return v }
}

// TestTaprootHashTypes signs by key and by leaf, under each hash type, with an
// annex and without. The engine computes its own hashes and must agree.
func TestTaprootHashTypes(t *testing.T) {
	key := schnorr.SerializePubKey(testKey.PubKey())
	plain := join(push(key), []byte{opCheckSig})
	late := newTapSpend(join([]byte{op1, opDrop, opCodeSeparator}, plain))
	late.codeSep = 2
	for name, s := range map[string]tapSpend{"key": newTapSpend(nil), "leaf": newTapSpend(plain), "leaf after a separator": late} {
		for _, annex := range [][]byte{nil, {annexTag}, {annexTag, 1, 2}} {
			s.annex = annex
			for _, hashType := range []byte{0, 1, 2, 3, 0x81, 0x82, 0x83} {
				for outs, want := range map[int]string{2: "OK", 1: "SCHNORR_SIG_HASHTYPE"} {
					if s.outs = outs; hashType&3 != hashSingle {
						want = "OK" // only SINGLE needs an output to match
					}
					if got := verdict(t, s.check(t, Mandatory, oneSig(hashType))); got != want {
						t.Errorf("%s, annex %x, hash type %#x, %d outputs: %s, want %s", name, annex, hashType, outs, got, want)
					}
				}
			}
		}
	}
}

// TestTaprootRules breaks one rule of BIP341 and BIP342 at a time.
func TestTaprootRules(t *testing.T) {
	key := schnorr.SerializePubKey(testKey.PubKey())
	offCurve := bytes.Repeat([]byte{0xff}, taprootKeySize)
	checkSigOf := func(key []byte) []byte { return append(push(key), opCheckSig) }
	byKey, byLeaf := newTapSpend(nil), newTapSpend(checkSigOf(key))
	leaf := func(script ...byte) tapSpend { return newTapSpend(script) }
	future := leaf(opReturn)
	future.version = 0xc2
	futureSuccess := leaf(op2Mul)
	futureSuccess.version = 0xc2
	extra := func(b ...byte) func(func(byte) []byte) [][]byte {
		return func(sign func(byte) []byte) [][]byte { return [][]byte{append(sign(hashDefault), b...)} }
	}
	// Each check of the one signature uses up 50 weight units. A script that
	// writes the key each time is long enough to pay for them, one that copies
	// it is not.
	greedy := leaf(join(bytes.Repeat(join([]byte{opDup}, push(key), []byte{opCheckSigVerify}), 9), []byte{opDrop, op1})...)
	lavish := leaf(join(push(key), []byte{opSwap}, bytes.Repeat([]byte{op2Dup, opSwap, opCheckSigVerify}, 9), []byte{op2Drop, op1})...)
	none := None
	for i, test := range []struct {
		name  string
		s     tapSpend
		stack func(func(byte) []byte) [][]byte
		more  Flags
		want  string
	}{
		{"empty witness", byKey, items(), none, "WITNESS_PROGRAM_WITNESS_EMPTY"},
		{"empty signature by key", byKey, items(nil), none, "SCHNORR_SIG_SIZE"},
		{"66 bytes", byKey, extra(1, 1), none, "SCHNORR_SIG_SIZE"},
		{"hash type 0 written out", byKey, extra(0), none, "SCHNORR_SIG_HASHTYPE"},
		{"hash type 4", byKey, extra(4), none, "SCHNORR_SIG_HASHTYPE"},
		{"hash type 0x80", byKey, extra(0x80), none, "SCHNORR_SIG_HASHTYPE"},
		{"another hash type than signed", byKey, extra(1), none, "SCHNORR_SIG"},
		{"zeros", byKey, items(make([]byte, 64)), none, "SCHNORR_SIG"},
		{"r beyond the field", byKey, items(bytes.Repeat([]byte{0xff}, 64)), none, "SCHNORR_SIG"},
		{"control block too short", byKey, items(nil, []byte{op1}, make([]byte, 32)), none, "TAPROOT_WRONG_CONTROL_SIZE"},
		{"control block of 34 bytes", byKey, items(nil, []byte{op1}, make([]byte, 34)), none, "TAPROOT_WRONG_CONTROL_SIZE"},
		{"control block too long", byKey, items([]byte{op1}, make([]byte, 33+129*32)), none, "TAPROOT_WRONG_CONTROL_SIZE"},
		{"another tree", byKey, items([]byte{op1}, append([]byte{leafTapscript}, key...)), none, "WITNESS_PROGRAM_MISMATCH"},
		{"internal key off the curve", byKey, items([]byte{op1}, append([]byte{leafTapscript}, offCurve...)), none, "WITNESS_PROGRAM_MISMATCH"},
		{"unknown leaf version", future, items(), none, "OK"},
		{"unknown leaf version by policy", future, items(), DiscourageUpgradableTaproot, "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION"},
		{"OP_SUCCESS of an unknown leaf version", futureSuccess, items(), DiscourageOpSuccess, "OK"},
		{"OP_SUCCESS", leaf(opReturn, op2Mul, 9), items(make([]byte, 521)), none, "OK"},
		{"OP_SUCCESS by policy", leaf(op2Mul), items(), DiscourageOpSuccess, "DISCOURAGE_OP_SUCCESS"},
		{"malformed before OP_SUCCESS", leaf(9, op2Mul), items(), none, "BAD_OPCODE"},
		{"item of 521 bytes", leaf(opDrop, op1), items(make([]byte, 521)), none, "PUSH_SIZE"},
		{"1,000 items", leaf(join(bytes.Repeat([]byte{op2Drop}, 500), []byte{op1})...), items(make([][]byte, 1000)...), none, "OK"},
		{"1,001 items", leaf(opDrop), items(make([][]byte, 1001)...), none, "STACK_SIZE"},
		{"more than 201 operations", leaf(join([]byte{op1}, bytes.Repeat([]byte{opNop}, 11_000))...), items(), none, "OK"},
		{"two items left", leaf(op1, op1), items(), none, "CLEANSTACK"},
		{"nothing but false", leaf(op0), items(), none, "EVAL_FALSE"},
		{"IF of 2", leaf(op1+1, opIf, opEndIf, op1), items(), none, "TAPSCRIPT_MINIMALIF"},
		{"CHECKMULTISIG", leaf(op0, op0, op0, opCheckMultisig), items(), none, "TAPSCRIPT_CHECKMULTISIG"},
		{"empty key", leaf(op0, opCheckSig), items(nil), none, "TAPSCRIPT_EMPTY_PUBKEY"},
		{"empty signature", byLeaf, items(nil), none, "EVAL_FALSE"},
		{"empty signature, key off the curve", leaf(join(checkSigOf(offCurve), []byte{opNot})...), items(nil), none, "OK"},
		{"signature, key off the curve", leaf(checkSigOf(offCurve)...), oneSig(0), none, "SCHNORR_SIG"},
		{"bad signature", byLeaf, items(make([]byte, 64)), none, "SCHNORR_SIG"},
		{"unknown key type", leaf(checkSigOf([]byte{1, 2, 3})...), items([]byte{9}), none, "OK"},
		{"unknown key type by policy", leaf(checkSigOf([]byte{1, 2, 3})...), items([]byte{9}), DiscourageUpgradablePubKeyType, "DISCOURAGE_UPGRADABLE_PUBKEYTYPE"},
		{"unknown key type by policy, no signature", leaf(join(checkSigOf([]byte{1, 2, 3}), []byte{opNot})...), items(nil),
			DiscourageUpgradablePubKeyType, "DISCOURAGE_UPGRADABLE_PUBKEYTYPE"},
		{"CHECKSIGADD", leaf(join([]byte{op1}, push(key), []byte{opCheckSigAdd, op1 + 1, opEqual})...), oneSig(0), none, "OK"},
		{"CHECKSIGADD of nothing", leaf(join([]byte{op1}, push(key), []byte{opCheckSigAdd, op1, opEqual})...), items(nil), none, "OK"},
		{"CHECKSIGADD to five bytes", leaf(join(push(make([]byte, 5)), push(key), []byte{opCheckSigAdd})...), oneSig(0), none, "SCRIPTNUM"},
		{"one signature checked nine times, paid by the script's length", greedy, oneSig(0), none, "OK"},
		{"and unpaid", lavish, oneSig(0), none, "TAPSCRIPT_VALIDATION_WEIGHT"},
	} {
		t.Run(fmt.Sprint(i, " ", test.name), func(t *testing.T) {
			c := test.s.check(t, Mandatory|test.more, test.stack)
			if got := verdict(t, c); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestTaprootInactive: without its flag, or inside P2SH, version 1 is anyone's.
func TestTaprootInactive(t *testing.T) {
	program := append([]byte{op1, taprootKeySize}, schnorr.SerializePubKey(testKey.PubKey())...)
	for _, c := range []scriptCase{
		{prev: program, flags: Mandatory &^ Taproot, want: "OK"},
		{prev: program, flags: Mandatory, want: "WITNESS_PROGRAM_WITNESS_EMPTY"},
		{sig: push(program), prev: p2sh(program), flags: Mandatory, want: "OK"},
		{sig: push(program), prev: p2sh(program), flags: Standard, want: "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM"},
		{prev: []byte{op1, 2, 0x4e, 0x73}, flags: Standard, want: "OK"},
		{sig: push([]byte{op1, 2, 0x4e, 0x73}), prev: p2sh([]byte{op1, 2, 0x4e, 0x73}), flags: Standard, want: "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM"},
	} {
		if got := c.verdict(t, c.flags); got != c.want {
			t.Errorf("%s | %s under %v: %s, want %s", Disasm(c.sig), Disasm(c.prev), c.flags, got, c.want)
		}
	}
}
