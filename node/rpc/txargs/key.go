package txargs

import (
	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/signing"
)

// ReadKey reads a private key in base58 of p's chain.
func ReadKey(text string, p *consensus.Params) (*signing.Key, bool) {
	const size = btcec.PrivKeyBytesLen
	if len(text) > 60 { // decoding takes time that grows with the square of the length
		return nil, false
	}
	raw, version, err := base58.CheckDecode(text)
	if err != nil || version != p.PrivateKey {
		return nil, false
	}
	compressed := len(raw) == size+1 && raw[size] == 1
	if !compressed && len(raw) != size {
		return nil, false
	}
	var n btcec.ModNScalar
	if n.SetByteSlice(raw[:size]) || n.IsZero() {
		return nil, false
	}
	return signing.NewKey(btcec.PrivKeyFromScalar(&n), compressed), true
}
