package descriptor

import (
	"crypto/sha256"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/keys"
)

func hash160(b []byte) []byte {
	h := keys.Hash160(b)
	return h[:]
}

// xonly is the x coordinate of a compressed key.
func xonly(pub []byte) []byte { return pub[1:33] }

// payToKey is the P2PK script.
func payToKey(pub []byte) []byte { return append(script.AppendPush(nil, pub), opCheckSig) }

// payToWitnessScript is the P2WSH script (BIP141).
func payToWitnessScript(s []byte) []byte {
	h := sha256.Sum256(s)
	return address.PayToWitness(0, h[:])
}

// multisig is the script that asks for m signatures, of keys in their order.
func multisig(m int, pubs [][]byte) []byte {
	s := script.AppendNumber(nil, int64(m))
	for _, pub := range pubs {
		s = script.AppendPush(s, pub)
	}
	return append(script.AppendNumber(s, int64(len(pubs))), opCheckMultisig)
}
