package keys

import (
	"errors"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus"
)

const (
	privateSize = 32
	maxText     = 128 // base58 of what is here is shorter, and decoding a long text is slow
)

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
	if len(text) > maxText {
		return Private{}, errors.New("it is too long for a private key")
	}
	raw, version, err := base58.CheckDecode(text)
	switch {
	case err != nil:
		return Private{}, err
	case version != p.PrivateKey:
		return Private{}, errors.New("it is a key of another chain, or no private key")
	case len(raw) == privateSize:
	case len(raw) == privateSize+1 && raw[privateSize] == 1:
	default:
		return Private{}, errors.New("it has not the size of a private key")
	}
	k, ok := NewPrivate(raw[:privateSize], len(raw) == privateSize)
	if !ok {
		return Private{}, errors.New("no private key has this number")
	}
	return k, nil
}
