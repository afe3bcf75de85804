package descriptor

import (
	"github.com/quernnet/quern/consensus/script"
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

// Multisig is the script that asks for m signatures, of keys in their order.
func Multisig(m int, pubs [][]byte) []byte {
	s := script.AppendNumber(nil, int64(m))
	for _, pub := range pubs {
		s = script.AppendPush(s, pub)
	}
	return append(script.AppendNumber(s, int64(len(pubs))), opCheckMultisig)
}
