// Package address writes output scripts as addresses and reads them back:
// base58check (P2PKH, P2SH), bech32 (BIP173) and bech32m (BIP350).
//
// It knows encodings. Which keys stand behind an address, it refuses to know.
package address

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
)

// Opcodes that address scripts are made of.
const (
	opDup         = 0x76
	opHash160     = 0xa9
	opEqual       = 0x87
	opEqualVerify = 0x88
	opCheckSig    = 0xac
	op1           = 0x51
)

const hashSize = 20 // of HASH160

// Encode returns the address of an output script, false for a script that has
// none.
func Encode(s []byte, p *consensus.Params) (string, bool) {
	switch {
	case len(s) == 25 && s[0] == opDup && s[1] == opHash160 && s[2] == hashSize && s[23] == opEqualVerify && s[24] == opCheckSig:
		return base58.CheckEncode(s[3:23], p.PubKeyHash), true
	case script.IsP2SH(s):
		return base58.CheckEncode(s[2:22], p.ScriptHash), true
	}
	version, program, ok := script.WitnessProgram(s)
	if !ok || version == 0 && len(program) != 20 && len(program) != 32 {
		return "", false
	}
	return encodeWitness(version, program, p.HRP), true
}

func encodeWitness(version int, program []byte, hrp string) string {
	values := append([]byte{byte(version)}, splitBits(program)...)
	if version == 0 {
		return encodeBech32(bech32, hrp, values)
	}
	return encodeBech32(bech32m, hrp, values)
}

// Error is why a text is no address.
type Error struct {
	Text      string
	Reason    string // in Core's words
	Locations []int  // characters that are likely wrong, from 0

	advice string // for people, where Core's words say little
}

func (e *Error) Error() string {
	return fmt.Sprintf("address %.100q: %s%s", e.Text, e.Reason, e.advice)
}

// Decode returns the output script that an address of p's chain stands for. The
// error is an *Error.
func Decode(text string, p *consensus.Params) ([]byte, error) {
	decode := decodeBase58
	if len(text) >= len(p.HRP) && strings.EqualFold(text[:len(p.HRP)], p.HRP) {
		decode = decodeWitness
	}
	s, e := decode(text, p)
	if e != nil {
		e.Text = text
		return nil, e
	}
	return s, nil
}

func decodeBase58(text string, p *consensus.Params) ([]byte, *Error) {
	raw, ok := DecodeBase58Check(text, 1+hashSize)
	if !ok {
		if _, ok := decode58(text, 100); ok {
			return nil, &Error{Reason: "Invalid checksum or length of Base58 address (P2PKH or P2SH)"}
		}
		return nil, &Error{Reason: "Invalid or unsupported Segwit (Bech32) or Base58 encoding."}
	}
	known := len(raw) > 0 && (raw[0] == p.PubKeyHash || raw[0] == p.ScriptHash)
	switch {
	case !known:
		return nil, &Error{
			Reason: "Invalid or unsupported Base58-encoded address.",
			advice: fmt.Sprintf(" It seems to be of another chain than this node's, %s.", p.Name),
		}
	case len(raw) != 1+hashSize:
		return nil, &Error{Reason: "Invalid length for Base58 address (P2PKH or P2SH)"}
	case raw[0] == p.PubKeyHash:
		return PayToKeyHash(raw[1:]), nil
	}
	return PayToScriptHash(raw[1:]), nil
}

func decodeWitness(text string, p *consensus.Params) ([]byte, *Error) {
	d, e := dissect(text)
	if e != nil {
		return nil, e
	}
	enc, ok := d.encoding()
	if !ok {
		return nil, locate(text, d)
	}
	values := d.values[:len(d.values)-bech32Check]
	switch {
	case len(values) == 0:
		return nil, &Error{Reason: "Empty Bech32 data section"}
	case d.hrp != p.HRP:
		return nil, &Error{Reason: fmt.Sprintf("Invalid or unsupported prefix for Segwit (Bech32) address (expected %s, got %s).", p.HRP, d.hrp)}
	}
	version := int(values[0])
	switch {
	case version == 0 && enc != bech32:
		return nil, &Error{Reason: "Version 0 witness address must use Bech32 checksum"}
	case version > 0 && enc != bech32m:
		return nil, &Error{Reason: "Version 1+ witness address must use Bech32m checksum"}
	}
	program, ok := joinBits(values[1:])
	if !ok {
		return nil, &Error{Reason: "Invalid padding in Bech32 data section"}
	}
	return checkProgram(version, program)
}

// checkProgram is the script of a witness program that addresses may have.
func checkProgram(version int, program []byte) ([]byte, *Error) {
	unit := "bytes"
	if len(program) == 1 {
		unit = "byte"
	}
	switch n := len(program); {
	case version == 0 && n != 20 && n != 32:
		return nil, &Error{Reason: fmt.Sprintf("Invalid Bech32 v0 address program size (%d %s), per BIP141", n, unit)}
	case version > 16:
		return nil, &Error{Reason: "Invalid Bech32 address witness version"}
	case n < 2 || n > 40:
		return nil, &Error{Reason: fmt.Sprintf("Invalid Bech32 address program size (%d %s)", n, unit)}
	}
	return PayToWitness(version, program), nil
}

// PayToKeyHash is the P2PKH script of a HASH160.
func PayToKeyHash(hash []byte) []byte {
	s := append([]byte{opDup, opHash160, hashSize}, hash...)
	return append(s, opEqualVerify, opCheckSig)
}

// PayToScriptHash is the P2SH script of a HASH160 (BIP16).
func PayToScriptHash(hash []byte) []byte {
	return append(append([]byte{opHash160, hashSize}, hash...), opEqual)
}

// PayToWitness is the script of a witness program of 2 to 40 bytes (BIP141).
func PayToWitness(version int, program []byte) []byte {
	op := byte(0)
	if version > 0 {
		op = byte(op1 - 1 + version)
	}
	return append([]byte{op, byte(len(program))}, program...)
}

// PayToWitnessScript is the P2WSH script of a witness script (BIP141).
func PayToWitnessScript(s []byte) []byte {
	h := sha256.Sum256(s)
	return PayToWitness(0, h[:])
}
