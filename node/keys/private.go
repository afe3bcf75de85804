package keys

import (
	"errors"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/address"
)

const privateSize = 32

// Private is a private key and how its public key is written.
type Private struct {
	Key          *btcec.PrivateKey
	Uncompressed bool
}

// NewPrivate reads 32 big-endian bytes; not ok says that they are zero or not
// below the group's order.
func NewPrivate(raw []byte, uncompressed bool) (_ Private, ok bool) {
	var s btcec.ModNScalar
	if len(raw) != privateSize || s.SetByteSlice(raw) || s.IsZero() {
		return Private{}, false
	}
	return Private{btcec.PrivKeyFromScalar(&s), uncompressed}, true
}

// Pub is the public key, 33 or 65 bytes.
func (k Private) Pub() []byte {
	if k.Uncompressed {
		return k.Key.PubKey().SerializeUncompressed()
	}
	return k.Key.PubKey().SerializeCompressed()
}

// WIF writes a private key of p's chains.
func (k Private) WIF(p *consensus.Params) string {
	raw := k.Key.Serialize()
	if !k.Uncompressed {
		raw = append(raw, 1)
	}
	return base58.CheckEncode(raw, p.PrivateKey)
}

// ParseWIF reads a private key of p's chains.
func ParseWIF(text string, p *consensus.Params) (Private, error) {
	raw, ok := address.DecodeBase58Check(text, 1+privateSize+1)
	switch {
	case !ok:
		return Private{}, errors.New("it is not base58 with its checksum")
	case len(raw) == 0 || raw[0] != p.PrivateKey:
		return Private{}, errors.New("it is a key of another chain, or no private key")
	}
	raw = raw[1:]
	if len(raw) != privateSize && (len(raw) != privateSize+1 || raw[privateSize] != 1) {
		return Private{}, errors.New("it has not the size of a private key")
	}
	k, ok := NewPrivate(raw[:privateSize], len(raw) == privateSize)
	if !ok {
		return Private{}, errors.New("no private key has this number")
	}
	return k, nil
}
