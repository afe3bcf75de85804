package keys

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/address"
)

// extendedSize is what an extended key takes: version, depth, parent, number,
// chain code, key (BIP32's serialization).
const extendedSize = 4 + 1 + 4 + 4 + 32 + 33

// Extended is an extended key (BIP32), public or private. A value, safe to copy.
type Extended struct {
	Depth     byte
	Parent    Fingerprint // zero for a master key
	Child     uint32      // its number among its parent's children
	ChainCode [32]byte
	pub       *btcec.PublicKey
	priv      *btcec.PrivateKey // nil in a public one
}

// errNoChild is what one index in 2^127 has instead of a key, or a depth of 255.
var errNoChild = errors.New("there is no such child key")

// NewMaster is the master key of a seed; BIP32 asks for 16 to 64 bytes.
func NewMaster(seed []byte) (Extended, error) {
	left, right := split([]byte("Bitcoin seed"), seed)
	k, ok := NewPrivate(left, false)
	if !ok {
		return Extended{}, errors.New("this seed has no master key")
	}
	return Extended{ChainCode: [32]byte(right), pub: k.Key.PubKey(), priv: k.Key}, nil
}

// NewExtended is a public master-like key: depth, parent and number are zero.
func NewExtended(pub *btcec.PublicKey, chainCode [32]byte) Extended {
	return Extended{ChainCode: chainCode, pub: pub}
}

func split(key, data []byte) (left, right []byte) {
	h := hmac.New(sha512.New, key)
	h.Write(data)
	sum := h.Sum(nil)
	return sum[:32], sum[32:]
}

// Pub is the public key, 33 bytes.
func (x Extended) Pub() []byte { return x.pub.SerializeCompressed() }

// Private is the private key, if x has one.
func (x Extended) Private() (Private, bool) { return Private{Key: x.priv}, x.priv != nil }

// Public is x without its private key.
func (x Extended) Public() Extended {
	x.priv = nil
	return x
}

// WithPrivate gives a public x its private key, which the caller knows to fit.
func (x Extended) WithPrivate(k Private) Extended {
	x.priv = k.Key
	return x
}

// Derive is the child of a number; Hardened ones need the private key.
func (x Extended) Derive(number uint32) (Extended, error) {
	pub := x.Pub()
	data := pub
	if number >= Hardened {
		if x.priv == nil {
			return Extended{}, errors.New("a hardened child needs the private key")
		}
		data = append([]byte{0}, x.priv.Serialize()...)
	}
	left, right := split(x.ChainCode[:], binary.BigEndian.AppendUint32(slices.Clip(data), number))
	var tweak btcec.ModNScalar
	if tweak.SetByteSlice(left) || x.Depth == 255 {
		return Extended{}, errNoChild
	}
	child := Extended{Depth: x.Depth + 1, Parent: FingerprintOf(pub), Child: number, ChainCode: [32]byte(right)}
	if x.priv != nil {
		if tweak.Add(&x.priv.Key); tweak.IsZero() {
			return Extended{}, errNoChild
		}
		child.priv = btcec.PrivKeyFromScalar(&tweak)
		child.pub = child.priv.PubKey()
		return child, nil
	}
	var ok bool
	if child.pub, ok = addBase(x.pub, &tweak); !ok {
		return Extended{}, errNoChild
	}
	return child, nil
}

// addBase is pub + tweak·G; not ok when that is infinity.
func addBase(pub *btcec.PublicKey, tweak *btcec.ModNScalar) (*btcec.PublicKey, bool) {
	var p, t, sum btcec.JacobianPoint
	pub.AsJacobian(&p)
	btcec.ScalarBaseMultNonConst(tweak, &t)
	btcec.AddNonConst(&p, &t, &sum)
	if sum.Z.IsZero() || (sum.X.IsZero() && sum.Y.IsZero()) {
		return nil, false
	}
	sum.ToAffine()
	return btcec.NewPublicKey(&sum.X, &sum.Y), true
}

// DerivePath derives step after step.
func (x Extended) DerivePath(path []uint32) (_ Extended, err error) {
	for _, step := range path {
		if x, err = x.Derive(step); err != nil {
			return Extended{}, err
		}
	}
	return x, nil
}

// Text is the key in base58, xpub or xprv (tpub or tprv on test chains).
func (x Extended) Text(p *consensus.Params) string {
	b := make([]byte, 0, extendedSize+4)
	if x.priv != nil {
		b = append(b, p.HDPrivate[:]...)
	} else {
		b = append(b, p.HDPublic[:]...)
	}
	b = append(append(b, x.Depth), x.Parent[:]...)
	b = binary.BigEndian.AppendUint32(b, x.Child)
	b = append(b, x.ChainCode[:]...)
	if x.priv != nil {
		b = append(append(b, 0), x.priv.Serialize()...)
	} else {
		b = append(b, x.Pub()...)
	}
	return base58.Encode(append(b, chainhash.DoubleHashB(b)[:4]...))
}

// ParseExtended reads an extended key of p's chains, public or private.
func ParseExtended(text string, p *consensus.Params) (Extended, error) {
	b, ok := address.DecodeBase58Check(text, extendedSize)
	if !ok || len(b) != extendedSize {
		return Extended{}, errors.New("it is not an extended key with its checksum")
	}
	x := Extended{Depth: b[4], Parent: Fingerprint(b[5:9]), Child: binary.BigEndian.Uint32(b[9:13]), ChainCode: [32]byte(b[13:45])}
	if x.Depth == 0 && (x.Child != 0 || x.Parent != Fingerprint{}) {
		return Extended{}, errors.New("a master key has no parent")
	}
	return x.withKey([4]byte(b[:4]), b[45:], p)
}

// withKey reads the key itself, whose kind the version tells.
func (x Extended) withKey(version [4]byte, raw []byte, p *consensus.Params) (_ Extended, err error) {
	switch version {
	case p.HDPublic:
		x.pub, err = btcec.ParsePubKey(raw)
		return x, err
	case p.HDPrivate:
		k, ok := NewPrivate(raw[1:], false)
		if raw[0] != 0 || !ok {
			return Extended{}, errors.New("no private key has this number")
		}
		x.priv, x.pub = k.Key, k.Key.PubKey()
		return x, nil
	}
	return Extended{}, errors.New("it is a key of another chain")
}
