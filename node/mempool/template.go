package mempool

import "github.com/quernnet/quern/consensus/script"

// template is a form of output script that policy knows (Core's TxoutType).
type template int

const (
	nonstandard template = iota
	payPubKey
	payPubKeyHash
	payScriptHash
	payMultisig
	nullData
	payWitnessKeyHash
	payWitnessScriptHash
	payTaproot
	payAnchor
	payWitnessUnknown
)

// Opcodes that the templates use.
const (
	op1Negate       = 0x4f
	op1             = 0x51
	op16            = 0x60
	opReturn        = 0x6a
	opDup           = 0x76
	opEqualVerify   = 0x88
	opHash160       = 0xa9
	opCheckSig      = 0xac
	opCheckMultisig = 0xae
)

// classify finds the template of an output script. A bare multisig counts as
// one only with at most 3 keys (Core's IsStandard).
func classify(s []byte) template {
	if script.IsP2SH(s) {
		return payScriptHash
	}
	if version, program, ok := script.WitnessProgram(s); ok {
		return classifyWitness(version, program)
	}
	switch {
	case len(s) > 0 && s[0] == opReturn && script.IsPushOnly(s[1:]):
		return nullData
	case isPubKey(s):
		return payPubKey
	case len(s) == 25 && s[0] == opDup && s[1] == opHash160 && s[2] == 20 && s[23] == opEqualVerify && s[24] == opCheckSig:
		return payPubKeyHash
	case isMultisig(s):
		return payMultisig
	}
	return nonstandard
}

func classifyWitness(version int, program []byte) template {
	switch {
	case version == 0 && len(program) == 20:
		return payWitnessKeyHash
	case version == 0 && len(program) == 32:
		return payWitnessScriptHash
	case version == 0:
		return nonstandard
	case version == 1 && len(program) == 32:
		return payTaproot
	case version == 1 && string(program) == "\x4e\x73":
		return payAnchor
	}
	return payWitnessUnknown
}

// isKeySized says whether a push has the length that its first byte gives a
// public key.
func isKeySized(k []byte) bool {
	if len(k) == 0 {
		return false
	}
	switch k[0] {
	case 2, 3:
		return len(k) == 33
	case 4, 6, 7:
		return len(k) == 65
	}
	return false
}

func isPubKey(s []byte) bool {
	if len(s) != 35 && len(s) != 67 {
		return false
	}
	return int(s[0]) == len(s)-2 && isKeySized(s[1:len(s)-1]) && s[len(s)-1] == opCheckSig
}

func isMultisig(s []byte) bool {
	if len(s) < 3 || s[len(s)-1] != opCheckMultisig {
		return false
	}
	required, keys := int(s[0])-op1+1, 0
	rest := s[1:]
	for {
		op, data, after, ok := script.NextOp(rest)
		if !ok {
			return false
		}
		if !isKeySized(data) {
			n := int(op) - op1 + 1
			return n == keys && n >= 1 && n <= 3 && required >= 1 && required <= n && len(after) == 1
		}
		keys, rest = keys+1, after
	}
}

// redeemScript is what a push-only input script leaves on top of the stack;
// ok is false when running it would fail or leave nothing.
func redeemScript(in []byte) (redeem []byte, ok bool) {
	for items := 0; len(in) > 0; items++ {
		op, data, rest, fine := script.NextOp(in)
		if !fine || op > op16 || op == op1-1 || len(data) > 520 || items == 1000 {
			return nil, false
		}
		switch {
		case op == op1Negate:
			data = []byte{0x81}
		case op >= op1:
			data = []byte{op - op1 + 1}
		}
		redeem, ok, in = data, true, rest
	}
	return redeem, ok
}
