// Package address writes output scripts as addresses and reads them back:
// base58check (P2PKH, P2SH), bech32 (BIP173) and bech32m (BIP350).
//
// It knows encodings. Which keys stand behind an address, it refuses to know.
package address

import (
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/address/v2/bech32"

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
	text, err := encodeWitness(version, program, p.HRP)
	return text, err == nil
}

func encodeWitness(version int, program []byte, hrp string) (string, error) {
	data, err := bech32.ConvertBits(program, 8, 5, true)
	if err != nil {
		return "", err
	}
	data = append([]byte{byte(version)}, data...)
	if version == 0 {
		return bech32.Encode(hrp, data)
	}
	return bech32.EncodeM(hrp, data)
}

// Decode returns the output script that an address of p's chain stands for.
func Decode(text string, p *consensus.Params) ([]byte, error) {
	if i := strings.LastIndexByte(text, '1'); i > 0 && strings.EqualFold(text[:i], p.HRP) {
		s, err := decodeWitness(text)
		if err != nil {
			return nil, fmt.Errorf("address %q: %w", text, err)
		}
		return s, nil
	}
	hash, version, err := base58.CheckDecode(text)
	switch {
	case errors.Is(err, base58.ErrChecksum):
		return nil, fmt.Errorf("address %.100q: its checksum does not match: a letter is wrong", text)
	case err != nil:
		return nil, fmt.Errorf("address %.100q is neither base58 nor a bech32 address that starts with %s1", text, p.HRP)
	case len(hash) != hashSize:
		return nil, fmt.Errorf("address %q holds %d bytes, want %d", text, len(hash), hashSize)
	case version == p.PubKeyHash:
		return PayToKeyHash(hash), nil
	case version == p.ScriptHash:
		return PayToScriptHash(hash), nil
	}
	return nil, fmt.Errorf("address %q is of another chain than %s", text, p.Name)
}

func decodeWitness(text string) ([]byte, error) {
	_, data, encoding, err := bech32.DecodeGeneric(text)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, errors.New("it is empty")
	}
	version := int(data[0])
	program, err := bech32.ConvertBits(data[1:], 5, 8, false)
	if err != nil {
		return nil, err
	}
	switch {
	case version > 16:
		return nil, fmt.Errorf("there is no witness version %d", version)
	case version == 0 && encoding != bech32.Version0, version > 0 && encoding != bech32.VersionM:
		return nil, errors.New("its checksum is of the wrong kind for its witness version")
	case len(program) < 2 || len(program) > 40, version == 0 && len(program) != 20 && len(program) != 32:
		return nil, fmt.Errorf("a witness program of version %d has no %d bytes", version, len(program))
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
