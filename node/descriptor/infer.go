package descriptor

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
)

// Infer describes an output script of which nothing else is known (Core's
// InferDescriptor), with checksum.
func Infer(s []byte, p *consensus.Params) string { return sealed(infer(s, p)) }

func infer(s []byte, p *consensus.Params) string {
	if key, ok := script.PubKey(s); ok && validKey(key) {
		return "pk(" + hex.EncodeToString(key) + ")"
	}
	if m, keys, ok := script.Multisig(s); ok && script.Classify(s) == script.TypeMultisig && validKeys(keys) {
		var list []string
		for _, key := range keys {
			list = append(list, hex.EncodeToString(key))
		}
		return fmt.Sprintf("multi(%d,%s)", m, strings.Join(list, ","))
	}
	if version, program, ok := script.WitnessProgram(s); ok && version == 1 && len(program) == 32 {
		if _, err := schnorr.ParsePubKey(program); err == nil {
			return "rawtr(" + hex.EncodeToString(program) + ")"
		}
	}
	if a, ok := address.Encode(s, p); ok {
		return "addr(" + a + ")"
	}
	return "raw(" + hex.EncodeToString(s) + ")"
}

// validKey says whether a key is on the curve and not of the hybrid form,
// which descriptors have no place for.
func validKey(key []byte) bool {
	_, err := btcec.ParsePubKey(key)
	return err == nil && key[0] <= 4
}

func validKeys(keys [][]byte) bool {
	for _, key := range keys {
		if !validKey(key) {
			return false
		}
	}
	return true
}
