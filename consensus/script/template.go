package script

// Sizes of what witness programs hold, in bytes.
const (
	keyHashSize    = 20
	scriptHashSize = 32
	taprootKeySize = 32
)

// Sizes of ECDSA public keys, in bytes.
const (
	compressedSize   = 33
	uncompressedSize = 65
)

// Type is an output script's template, by the name that Core's RPC gives it.
type Type string

// The templates Core's Solver tells apart.
const (
	TypeNonstandard         Type = "nonstandard"
	TypePubKey              Type = "pubkey"
	TypePubKeyHash          Type = "pubkeyhash"
	TypeScriptHash          Type = "scripthash"
	TypeMultisig            Type = "multisig"
	TypeNullData            Type = "nulldata"
	TypeAnchor              Type = "anchor"
	TypeWitnessV0KeyHash    Type = "witness_v0_keyhash"
	TypeWitnessV0ScriptHash Type = "witness_v0_scripthash"
	TypeWitnessV1Taproot    Type = "witness_v1_taproot"
	TypeWitnessUnknown      Type = "witness_unknown"
)

// Classify names an output script's template (Core's Solver).
func Classify(s []byte) Type {
	if IsP2SH(s) {
		return TypeScriptHash
	}
	if version, program, ok := WitnessProgram(s); ok {
		return classifyProgram(version, program)
	}
	if len(s) > 0 && s[0] == opReturn && IsPushOnly(s[1:]) {
		return TypeNullData
	}
	if _, ok := PubKey(s); ok {
		return TypePubKey
	}
	if _, ok := PubKeyHash(s); ok {
		return TypePubKeyHash
	}
	if _, _, ok := Multisig(s); ok {
		return TypeMultisig
	}
	return TypeNonstandard
}

func classifyProgram(version int, program []byte) Type {
	switch {
	case version == 0 && len(program) == keyHashSize:
		return TypeWitnessV0KeyHash
	case version == 0 && len(program) == scriptHashSize:
		return TypeWitnessV0ScriptHash
	case version == 0:
		return TypeNonstandard
	case version == 1 && len(program) == taprootKeySize:
		return TypeWitnessV1Taproot
	case isAnchor(version, program):
		return TypeAnchor
	}
	return TypeWitnessUnknown
}

// isAnchor knows pay-to-anchor, which anyone may spend with an empty witness.
func isAnchor(version int, program []byte) bool {
	return version == 1 && string(program) == "\x4e\x73"
}

// IsP2SH says whether s pays to a script hash (BIP16). The hash is s[2:22].
func IsP2SH(s []byte) bool {
	return len(s) == 23 && s[0] == opHash160 && s[1] == keyHashSize && s[22] == opEqual
}

// WitnessProgram takes a witness program apart (BIP141): version 0 to 16, the
// program's 2 to 40 bytes.
func WitnessProgram(s []byte) (version int, program []byte, ok bool) {
	if len(s) < 4 || len(s) > 42 || int(s[1])+2 != len(s) {
		return 0, nil, false
	}
	switch {
	case s[0] == op0:
		return 0, s[2:], true
	case s[0] >= op1 && s[0] <= op16:
		return int(s[0]) - (op1 - 1), s[2:], true
	}
	return 0, nil, false
}

// PubKey is the key of a pay-to-pubkey script, compressed or not; the key's
// first byte fits its length, whether it is on the curve nobody asked.
func PubKey(s []byte) (key []byte, ok bool) {
	n := len(s) - 2
	if n != compressedSize && n != uncompressedSize || int(s[0]) != n || s[n+1] != opCheckSig {
		return nil, false
	}
	return s[1 : n+1], keySized(s[1 : n+1])
}

// PubKeyHash is the hash of a pay-to-pubkey-hash script.
func PubKeyHash(s []byte) (hash []byte, ok bool) {
	if len(s) == 25 && s[0] == opDup && s[1] == opHash160 && s[2] == keyHashSize &&
		s[23] == opEqualVerify && s[24] == opCheckSig {
		return s[3:23], true
	}
	return nil, false
}

// Multisig takes a bare CHECKMULTISIG script apart: how many signatures it
// asks for, and its keys, of which there are 1 to 20.
func Multisig(s []byte) (required int, keys [][]byte, ok bool) {
	if len(s) == 0 || s[len(s)-1] != opCheckMultisig {
		return 0, nil, false
	}
	c := cursor{script: s}
	op, data, ok := c.next()
	if required, ok = smallNumber(op, data, ok, 1); !ok {
		return 0, nil, false
	}
	for {
		op, data, ok = c.next()
		if !ok || !keySized(data) {
			break
		}
		keys = append(keys, data)
	}
	n, ok := smallNumber(op, data, ok, required)
	if !ok || n != len(keys) || c.pos+1 != len(s) {
		return 0, nil, false
	}
	return required, keys, true
}

// smallNumber reads a number from least to 20 off an operation, as an opcode or
// a minimal push.
func smallNumber(op byte, data []byte, ok bool, least int) (int, bool) {
	n := number(0)
	switch {
	case !ok:
		return 0, false
	case op >= op1 && op <= op16:
		n = number(op) - (op1 - 1)
	case op <= opPushData4 && minimalPush(op, data):
		var err *Error
		if n, err = parseNumber(data, true, numberSize); err != nil {
			return 0, false
		}
	default:
		return 0, false
	}
	return int(n), n >= number(least) && n <= maxMultisig
}

// keySized says whether a public key's length fits its first byte (Core's
// CPubKey::ValidSize).
func keySized(key []byte) bool {
	if len(key) == 0 {
		return false
	}
	switch key[0] {
	case 2, 3:
		return len(key) == compressedSize
	case 4, 6, 7:
		return len(key) == uncompressedSize
	}
	return false
}
