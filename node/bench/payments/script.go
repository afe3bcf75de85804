package payments

import (
	"crypto/sha256"

	"github.com/btcsuite/btcd/address/v2"
)

// Opcodes that scripts are made of.
const (
	op0             = 0x00
	op2             = 0x52
	op3             = 0x53
	op1             = 0x51
	opPushData1     = 0x4c
	opDup           = 0x76
	opEqual         = 0x87
	opEqualVerify   = 0x88
	opHash160       = 0xa9
	opCheckSig      = 0xac
	opCheckMultisig = 0xae
)

// lock is the output script that pays to keys by a kind.
func lock(k Kind, keys []public) []byte {
	switch k {
	case P2PKH:
		return payToKeyHash(address.Hash160(keys[0][:]))
	case P2SH:
		return payToScriptHash(twoOfThree(keys))
	case P2SHP2WPKH:
		return payToScriptHash(lock(P2WPKH, keys))
	case P2WPKH:
		return append([]byte{op0, 20}, address.Hash160(keys[0][:])...)
	case P2WSH:
		sum := sha256.Sum256(twoOfThree(keys))
		return append([]byte{op0, 32}, sum[:]...)
	default: // P2TR; a key without scripts need not be tweaked
		return append([]byte{op1, 32}, keys[0][1:]...)
	}
}

func payToKeyHash(hash []byte) []byte {
	s := append(make([]byte, 0, 25), opDup, opHash160, 20)
	return append(append(s, hash...), opEqualVerify, opCheckSig)
}

func payToScriptHash(script []byte) []byte {
	s := append(make([]byte, 0, 23), opHash160, 20)
	return append(append(s, address.Hash160(script)...), opEqual)
}

func twoOfThree(keys []public) []byte {
	s := append(make([]byte, 0, redeem), op2)
	for _, k := range keys[:3] {
		s = append(append(s, keyBytes), k[:]...)
	}
	return append(s, op3, opCheckMultisig)
}

// push appends a push of b, which has 1 to 255 bytes.
func push(s, b []byte) []byte {
	if len(b) >= opPushData1 {
		s = append(s, opPushData1)
	}
	return append(append(s, byte(len(b))), b...)
}
