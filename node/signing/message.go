package signing

import (
	"encoding/base64"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/quernnet/quern/consensus/wire"
)

// MessageHash is what is signed for a text, so that nothing else that is signed can be
// taken for one.
func MessageHash(text string) [32]byte {
	const magic = "Bitcoin Signed Message:\n"
	b := append(wire.AppendVarint(nil, uint64(len(magic))), magic...)
	return wire.DoubleSHA256(append(wire.AppendVarint(b, uint64(len(text))), text...))
}

// SignMessage signs a text; the signature, in base64, tells the public key.
func (k *Key) SignMessage(text string) string {
	sum := MessageHash(text)
	return base64.StdEncoding.EncodeToString(ecdsa.SignCompact(k.secret, sum[:], k.public.Compressed()))
}
