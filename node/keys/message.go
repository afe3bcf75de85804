package keys

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"github.com/quernnet/quern/consensus/wire"
)

// messageMagic starts what is signed, so that no transaction can be signed by
// accident.
const messageMagic = "Bitcoin Signed Message:\n"

// compactSize is the size of a signature from which the key can be recovered.
const compactSize = 65

func messageHash(text string) []byte {
	b := wire.AppendVarint(nil, uint64(len(messageMagic)))
	b = wire.AppendVarint(append(b, messageMagic...), uint64(len(text)))
	first := sha256.Sum256(append(b, text...))
	second := sha256.Sum256(first[:])
	return second[:]
}

// SignMessage signs a text, in base64, as Core's signmessage.
func (k Private) SignMessage(text string) string {
	return base64.StdEncoding.EncodeToString(ecdsa.SignCompact(k.Key, messageHash(text), !k.Uncompressed))
}

// MessageSigner is the public key that signed a text, 33 or 65 bytes. encoded
// says whether the signature is base64 at all, ok whether a key is in it.
func MessageSigner(text, signature string) (pub []byte, encoded, ok bool) {
	if strings.ContainsAny(signature, "\r\n") { // which Go's decoder would skip
		return nil, false, false
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return nil, false, false
	}
	if len(sig) != compactSize {
		return nil, true, false
	}
	sig[0] = 27 + (sig[0]-27)&7 // of the first byte Core looks at three bits
	key, compressed, err := ecdsa.RecoverCompact(sig, messageHash(text))
	switch {
	case err != nil:
		return nil, true, false
	case compressed:
		return key.SerializeCompressed(), true, true
	}
	return key.SerializeUncompressed(), true, true
}
