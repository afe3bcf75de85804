package psbt

import (
	"strings"

	"github.com/quernnet/quern/node/signing"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

// Fields that several maps have.

// origin reads a fingerprint and a path of length bytes together.
func (r *reader) origin(length int) (o signing.Origin) {
	if r.err != nil {
		return o
	}
	if length%4 != 0 || length == 0 {
		r.fail(failure("Invalid length for HD key path"))
		return o
	}
	copy(o.Fingerprint[:], r.take(4))
	for i := 4; i < length && r.err == nil; i += 4 {
		o.Path = append(o.Path, r.uint32())
	}
	return o
}

// keyOrigin reads where the public key in a field's key comes from.
func (r *reader) keyOrigin(key []byte, into *map[signing.PubKey]signing.Origin) {
	if len(key) != 33+1 && len(key) != 65+1 {
		r.fail(failure("Size of key was not the expected size for the type BIP32 keypath"))
		return
	}
	k := signing.PubKey(key[1:])
	if !k.Valid() {
		r.fail(failure("Invalid pubkey"))
		return
	}
	o := r.origin(r.size())
	put(into, k, o)
}

// tapOrigin reads where a taproot key comes from, and the leaves it stands in.
func (r *reader) tapOrigin(side string, key []byte, into *map[signing.XOnly]signing.TapOrigin) {
	if !r.keySize(side+" Taproot BIP32 Keypath", key, 33) {
		return
	}
	length := r.size()
	before := len(r.b)
	o := signing.TapOrigin{Leaves: make(map[[32]byte]bool)}
	for n := r.size(); n > 0 && r.err == nil; n-- {
		o.Leaves[r.hash()] = true
	}
	hashes := before - len(r.b)
	if r.err == nil && hashes > length {
		r.fail(failure("%s Taproot BIP32 keypath has an invalid length", side))
	}
	o.Origin = r.origin(length - hashes)
	put(into, signing.XOnly(key[1:]), o)
}

// participants reads which keys an aggregate key is made of (BIP373).
func (r *reader) participants(side string, key []byte, into *map[signing.PubKey][]signing.PubKey) {
	if !r.keySize(side+" MuSig2 Participants Pubkeys", key, 33+1) {
		return
	}
	aggregate := signing.PubKey(key[1:])
	if !aggregate.Valid() {
		r.fail(failure("%s musig2 aggregate pubkey is invalid", side))
		return
	}
	v := r.bytes()
	var keys []signing.PubKey
	for ; len(v) >= 33; v = v[33:] {
		k := signing.PubKey(v[:33])
		if !k.Valid() {
			r.fail(failure("%s musig2 participant pubkey is invalid", side))
			return
		}
		keys = append(keys, k)
	}
	if len(v) > 0 {
		r.fail(failure("%s musig2 participants pubkeys value size is not a multiple of 33", side))
		return
	}
	put(into, aggregate, keys)
}

// proprietary reads a field of somebody else's.
func (r *reader) proprietary(key []byte, into *map[string]Proprietary) {
	inner := reader{b: key[1:]}
	p := Proprietary{Identifier: inner.bytes()}
	p.Subtype = uint64(inner.size())
	r.fail(inner.err)
	p.Value = r.bytes()
	put(into, string(key), p)
}

func (r *reader) unknown(key []byte, into *map[string][]byte) {
	put(into, string(key), r.bytes())
}

// put sets m[k] unless it is set.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	if _, ok := (*m)[k]; !ok {
		(*m)[k] = v
	}
}
