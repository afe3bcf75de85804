package psbt

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/quernnet/quern/node/signing"
)

// Xpub is an extended public key with its origin. Key is BIP32's encoding:
// version, depth, parent's fingerprint, number, chain code, public key.
type Xpub struct {
	Key    [xpubSize]byte
	Origin signing.Origin
}

func (x *Xpub) chainCode() []byte { return x.Key[13:45] }
func (x *Xpub) pubKey() []byte    { return x.Key[45:] }

// compareXpubs is Core's order: by origin, and one origin's by key.
func compareXpubs(a, b Xpub) int {
	return cmp.Or(
		bytes.Compare(a.Origin.Fingerprint[:], b.Origin.Fingerprint[:]),
		cmp.Compare(len(a.Origin.Path), len(b.Origin.Path)),
		slices.Compare(a.Origin.Path, b.Origin.Path),
		bytes.Compare(a.pubKey(), b.pubKey()),
		bytes.Compare(a.chainCode(), b.chainCode()),
	)
}

func (p *Packet) addXpub(x Xpub) {
	if at, ok := slices.BinarySearchFunc(p.Xpubs, x, compareXpubs); !ok {
		p.Xpubs = slices.Insert(p.Xpubs, at, x)
	}
}

// xpub reads an extended public key's field.
func (r *reader) xpub(key []byte) (x Xpub) {
	if !r.keySize("Global XPUB", key, xpubSize+1) {
		return x
	}
	copy(x.Key[:], key[1:])
	// The first key of all has no parent.
	rootless := x.Key[4] == 0 && !bytes.Equal(x.Key[5:13], make([]byte, 8))
	if rootless || !signing.PubKey(x.pubKey()).Valid() {
		r.fail(failure("Invalid pubkey"))
		return x
	}
	x.Origin = r.origin(r.size())
	return x
}
