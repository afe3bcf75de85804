package gcs

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/siphash"
	"github.com/quernnet/quern/consensus/wire"
)

// opReturn begins the scripts of outputs that a basic filter leaves out.
const opReturn = 0x6a

// KeyOf is the key of a block's filter: the first half of its id (BIP158).
func KeyOf(block wire.Hash) siphash.Key { return siphash.NewKey([16]byte(block[:16])) }

// Basic is a block's basic filter (BIP158): of the scripts that its outputs pay
// to, but data carriers', and of those of the coins that it spends.
func Basic(b *wire.Block, spent []consensus.Coin) Filter {
	scripts := make([][]byte, 0, 2*len(b.Txs)+len(spent))
	for _, t := range b.Txs {
		for i := range t.Outs {
			if s := t.Outs[i].Script; len(s) > 0 && s[0] != opReturn {
				scripts = append(scripts, s)
			}
		}
	}
	for i := range spent {
		if s := spent[i].Script; len(s) > 0 {
			scripts = append(scripts, s)
		}
	}
	return Build(KeyOf(b.ID()), scripts)
}

// Header is the filter's place in the chain of filter headers (BIP157). Before
// genesis's it is zero.
func (f Filter) Header(prev wire.Hash) wire.Hash {
	var b [2 * wire.HashSize]byte
	id := wire.DoubleSHA256(f)
	copy(b[:], id[:])
	copy(b[wire.HashSize:], prev[:])
	return wire.DoubleSHA256(b[:])
}
