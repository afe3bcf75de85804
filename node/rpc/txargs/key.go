package txargs

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/signing"
)

// ReadKey reads a private key in base58 of p's chain.
func ReadKey(text string, p *consensus.Params) (*signing.Key, bool) {
	k, err := keys.ParseWIF(text, p)
	if err != nil {
		return nil, false
	}
	return signing.NewKey(k.Key, !k.Uncompressed), true
}
