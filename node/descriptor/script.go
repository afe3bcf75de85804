package descriptor

import (
	"encoding/hex"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"

	addr "github.com/quernnet/quern/node/address"
)

const opCheckSig = 0xac

// serialize is a key as a script of the given shape holds it.
func serialize(shape string, pub *btcec.PublicKey, uncompressed bool) []byte {
	switch {
	case shape == "tr" || shape == "rawtr":
		return schnorr.SerializePubKey(pub)
	case uncompressed:
		return pub.SerializeUncompressed()
	}
	return pub.SerializeCompressed()
}

// scriptOf is the output script of a shape and a key.
func scriptOf(shape string, pub *btcec.PublicKey, uncompressed bool) []byte {
	raw := serialize(shape, pub, uncompressed)
	switch shape {
	case "pk":
		return append(append([]byte{byte(len(raw))}, raw...), opCheckSig)
	case "pkh":
		return addr.PayToKeyHash(address.Hash160(raw))
	case "wpkh":
		return addr.PayToWitness(0, address.Hash160(raw))
	case "sh(wpkh)":
		return addr.PayToScriptHash(address.Hash160(addr.PayToWitness(0, address.Hash160(raw))))
	case "tr": // BIP386: no script tree
		return addr.PayToWitness(1, schnorr.SerializePubKey(txscript.ComputeTaprootKeyNoScript(pub)))
	default: // rawtr
		return addr.PayToWitness(1, raw)
	}
}

// describe writes the descriptor of one script, with the key's origin.
func describe(shape string, pub *btcec.PublicKey, origin string, uncompressed bool) string {
	text := shape + "([" + origin + "]" + hex.EncodeToString(serialize(shape, pub, uncompressed)) + ")"
	if strings.HasSuffix(shape, ")") {
		text = strings.TrimSuffix(shape, ")") + "([" + origin + "]" + hex.EncodeToString(serialize(shape, pub, uncompressed)) + "))"
	}
	return sealed(text)
}
