package descriptor

import (
	"encoding/hex"
	"errors"
	"slices"
	"sync"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/signing"
)

// ErrPrivate says that scripts cannot be derived without private keys, as there
// are hardened steps.
var ErrPrivate = errors.New("Cannot derive script without private keys")

// form is a way to write a descriptor.
type form int

const (
	public     form = iota
	private         // with private keys, where they are known
	normalized      // with extended keys of the last hardened step
	compatible      // with ' for hardened steps, as the first versions wrote
)

// key is a key expression (BIP380). It is immutable but for what it caches,
// which sync guards.
type key interface {
	// derive is the public key at an index, 33 or 65 bytes; it tells out about it.
	derive(index uint32, out *signing.Keyring) ([]byte, error)
	// private tells out the private keys at an index, where they are known.
	private(index uint32, out *signing.Keyring)
	// text writes the expression. Not ok: no private key is known (private), or
	// the last hardened step cannot be taken (normalized).
	text(f form) (_ string, ok bool)
	ranged() bool
	extended() bool // whether further steps may follow (BIP32)
	selfExpands() bool
	size() int // of the public key in scripts before Taproot, in bytes
	roots(pubs *[][]byte, extended *[]keys.Extended)
}

// known is what all keys of a descriptor share: the chain, and the private keys
// that its text held. It is complete when parsing ends.
type known struct {
	params   *consensus.Params
	privates map[signing.KeyID]keys.Private // by the public key's hash
}

// constant is a key without derivation.
type constant struct {
	*known
	pub   []byte
	xonly bool // written with 32 bytes
}

func (k *constant) derive(_ uint32, out *signing.Keyring) ([]byte, error) {
	addKey(out, k.pub, signing.Origin{Fingerprint: keys.FingerprintOf(k.pub)})
	return k.pub, nil
}

func (k *constant) secret() (keys.Private, bool) {
	s, ok := k.privates[keys.Hash160(k.pub)]
	if !ok && k.xonly {
		odd := append([]byte{3}, k.pub[1:]...)
		s, ok = k.privates[keys.Hash160(odd)]
	}
	return s, ok
}

func (k *constant) private(_ uint32, out *signing.Keyring) {
	if s, ok := k.secret(); ok {
		addPrivate(out, s)
	}
}

func (k *constant) text(f form) (string, bool) {
	if f == private {
		if s, ok := k.secret(); ok {
			return s.WIF(k.params), true
		}
	}
	pub := k.pub
	if k.xonly {
		pub = pub[1:]
	}
	return hex.EncodeToString(pub), f != private
}

func (k *constant) ranged() bool      { return false }
func (k *constant) extended() bool    { return false }
func (k *constant) selfExpands() bool { return true }
func (k *constant) size() int         { return len(k.pub) }

func (k *constant) roots(pubs *[][]byte, _ *[]keys.Extended) { *pubs = append(*pubs, k.pub) }

// located is a key whose origin the descriptor tells. Like Core it puts that
// before what is known of the key: of two of one key in one function the path
// has the origin's steps twice.
type located struct {
	key
	origin     signing.Origin
	apostrophe bool
}

func (k *located) derive(index uint32, out *signing.Keyring) ([]byte, error) {
	pub, err := k.key.derive(index, out)
	if err != nil {
		return nil, err
	}
	id := signing.KeyID(keys.Hash160(pub))
	from := out.Origins[id]
	from.Origin = signing.Origin{Fingerprint: k.origin.Fingerprint, Path: slices.Concat(k.origin.Path, from.Origin.Path)}
	out.Origins[id] = from
	return pub, nil
}

func (k *located) text(f form) (string, bool) {
	inner, ok := k.key.text(f)
	switch {
	case f == normalized && !ok:
		return "", false
	case f == normalized && inner[0] == '[': // continue the path that the inner key tells
		return "[" + keys.OriginText(k.origin.Fingerprint, k.origin.Path, false) + inner[9:], true
	}
	apostrophe := f == compatible || f != normalized && k.apostrophe
	return "[" + keys.OriginText(k.origin.Fingerprint, k.origin.Path, apostrophe) + "]" + inner, ok
}

// star says what an extended key ends in: an index, hardened or not, or nothing.
type star int

const (
	noStar star = iota
	plainStar
	hardStar
)

// derived is an extended key, the path below it and perhaps an index.
type derived struct {
	*known
	root       keys.Extended // public
	path       []uint32
	star       star
	apostrophe bool

	parent func() (keys.Extended, error) // the key that the star derives from, cached
}

func newDerived(kn *known, root keys.Extended, path []uint32, s star, apostrophe bool) *derived {
	k := &derived{known: kn, root: root.Public(), path: path, star: s, apostrophe: apostrophe}
	k.parent = sync.OnceValues(func() (keys.Extended, error) {
		if !k.hardened() {
			return k.root.DerivePath(k.path)
		}
		x, _, err := k.secret()
		return x, err
	})
	return k
}

func (k *derived) hardened() bool {
	return k.star == hardStar || k.lastHardened() >= 0
}

// lastHardened is the index of the last hardened step of the path, or -1.
func (k *derived) lastHardened() int {
	for i := len(k.path) - 1; i >= 0; i-- {
		if k.path[i] >= keys.Hardened {
			return i
		}
	}
	return -1
}

// withSecret is the root with its private key.
func (k *derived) withSecret() (keys.Extended, bool) {
	s, ok := k.privates[keys.Hash160(k.root.Pub())]
	if !ok {
		return keys.Extended{}, false
	}
	return k.root.WithPrivate(s), true
}

// secret derives the private key that path leads to, and the one of its last
// hardened step.
func (k *derived) secret() (x, hard keys.Extended, err error) {
	x, ok := k.withSecret()
	if !ok {
		return x, hard, ErrPrivate
	}
	for _, step := range k.path {
		if x, err = x.Derive(step); err != nil {
			return x, hard, err
		}
		if step >= keys.Hardened {
			hard = x
		}
	}
	return x, hard, nil
}

func (k *derived) derive(index uint32, out *signing.Keyring) ([]byte, error) {
	x, err := k.parent()
	if err != nil {
		return nil, err
	}
	path := k.path
	switch k.star {
	case plainStar:
		path = append(path[:len(path):len(path)], index)
		x, err = x.Public().Derive(index)
	case hardStar:
		path = append(path[:len(path):len(path)], index|keys.Hardened)
		x, err = x.Derive(index | keys.Hardened)
	}
	if err != nil {
		return nil, err
	}
	pub := x.Pub()
	addKey(out, pub, signing.Origin{Fingerprint: keys.FingerprintOf(k.root.Pub()), Path: path})
	return pub, nil
}

func (k *derived) private(index uint32, out *signing.Keyring) {
	x, _, err := k.secret()
	switch {
	case err != nil:
		return
	case k.star == plainStar:
		x, err = x.Derive(index)
	case k.star == hardStar:
		x, err = x.Derive(index | keys.Hardened)
	}
	if s, ok := x.Private(); ok && err == nil {
		addPrivate(out, s)
	}
}

func (k *derived) text(f form) (string, bool) {
	apostrophe := f == compatible || f != normalized && k.apostrophe
	switch f {
	case private:
		if x, ok := k.withSecret(); ok {
			return x.Text(k.params) + keys.PathText(k.path, apostrophe) + k.starText(apostrophe), true
		}
	case normalized:
		if i := k.lastHardened(); k.star != hardStar && i >= 0 {
			return k.normalText(i)
		}
	}
	return k.root.Text(k.params) + keys.PathText(k.path, apostrophe) + k.starText(apostrophe), f != private
}

// normalText has the steps to the last hardened one, at i, in the origin.
func (k *derived) normalText(i int) (string, bool) {
	_, hard, err := k.secret()
	if err != nil {
		return "", false
	}
	return "[" + keys.OriginText(keys.FingerprintOf(k.root.Pub()), k.path[:i+1], false) + "]" + hard.Public().Text(k.params) +
		keys.PathText(k.path[i+1:], false) + k.starText(false), true
}

func (k *derived) starText(apostrophe bool) string {
	switch {
	case k.star == noStar:
		return ""
	case k.star == plainStar:
		return "/*"
	case apostrophe:
		return "/*'"
	}
	return "/*h"
}

func (k *derived) ranged() bool      { return k.star != noStar }
func (k *derived) extended() bool    { return true }
func (k *derived) selfExpands() bool { return !k.hardened() }
func (k *derived) size() int         { return 33 }

func (k *derived) roots(_ *[][]byte, extended *[]keys.Extended) {
	*extended = append(*extended, k.root)
}
