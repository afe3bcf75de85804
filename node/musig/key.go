package musig

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr/musig2"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// Pub is a compressed public key. Whether it is one is found out where it is used.
type Pub [33]byte

// String is the key in hex.
func (p Pub) String() string { return hex.EncodeToString(p[:]) }

// X is the key's X coordinate (BIP340).
func (p Pub) X() []byte { return p[1:] }

// Tweak is what is added to an aggregate key: to the key itself, as BIP32 does, or to
// the one of its X coordinate with an even Y, as BIP341 does.
type Tweak = musig2.KeyTweakDesc

// TapTweak is the tweak of a taproot output with that internal key, and the root of
// its tree, nil for none (BIP341).
func TapTweak(internal Pub, root []byte) Tweak {
	return Tweak{Tweak: *chainhash.TaggedHash(chainhash.TagTapTweak, internal.X(), root), IsXOnly: true}
}

// Key is an aggregate key with its tweaks. Immutable.
type Key struct {
	Sum     Pub // of the participants' keys, without tweaks
	Tweaked Pub // what signatures are by

	parts  []Pub
	pubs   []*btcec.PublicKey // parts, read
	tweaks []Tweak
	list   chainhash.Hash   // of all participants
	second Pub              // the first key that differs from the first, zero for none
	sign   btcec.ModNScalar // 1 or -1: what secrets are multiplied by
	add    btcec.ModNScalar // what the tweaks add to the secret
}

var (
	errInfinity = errors.New("the keys add up to nothing")
	errTweak    = errors.New("the tweak is too large, or takes everything away")
)

// Aggregate adds the participants' keys up, in their order (BIP327's KeyAgg).
func Aggregate(parts []Pub) (*Key, error) {
	if len(parts) == 0 {
		return nil, errInfinity
	}
	k := &Key{parts: slices.Clone(parts), pubs: make([]*btcec.PublicKey, len(parts))}
	all := make([]byte, 0, len(parts)*len(Pub{}))
	for i, p := range parts {
		var err error
		if k.pubs[i], err = btcec.ParsePubKey(p[:]); err != nil {
			return nil, fmt.Errorf("participant %v: %w", p, err)
		}
		if all = append(all, p[:]...); k.second == (Pub{}) && p != parts[0] {
			k.second = p
		}
	}
	k.list = *chainhash.TaggedHash(musig2.KeyAggTagList, all)
	sum, _, _, err := musig2.AggregateKeys(k.pubs, false)
	if err != nil {
		return nil, fmt.Errorf("aggregate key: %w", err)
	}
	if !sum.FinalKey.IsOnCurve() {
		return nil, errInfinity
	}
	k.Sum = Pub(sum.FinalKey.SerializeCompressed())
	k.Tweaked = k.Sum
	k.sign.SetInt(1)
	return k, nil
}

// Tweak is k with more tweaks, in their order (BIP327's ApplyTweak). Its work does not
// grow with the participants: one key may have many below it.
func (k *Key) Tweak(tweaks ...Tweak) (*Key, error) {
	out := *k
	out.tweaks = slices.Concat(k.tweaks, tweaks)
	for _, t := range tweaks {
		base := out.Tweaked
		if t.IsXOnly && odd(base) {
			base[0] = 2
			out.sign.Negate()
			out.add.Negate()
		}
		var err error
		if out.Tweaked, err = addTweak(base, t.Tweak); err != nil {
			return nil, err
		}
		var add btcec.ModNScalar
		add.SetBytes(&t.Tweak)
		out.add.Add(&add)
	}
	return &out, nil
}

// weights are what secrets are multiplied by, and what is added, so that the signature is
// by the key with the even Y.
func (k *Key) weights() (sign, add btcec.ModNScalar) {
	sign, add = k.sign, k.add
	if odd(k.Tweaked) {
		sign.Negate()
		add.Negate()
	}
	return sign, add
}

// Participants lists the keys it is made of, in their order.
func (k *Key) Participants() []Pub { return slices.Clone(k.parts) }

func odd(p Pub) bool { return p[0] == 3 }

// coefficient is what a participant's key is multiplied by (BIP327's KeyAggCoeff).
func (k *Key) coefficient(by Pub) *btcec.ModNScalar {
	if by == k.second {
		return new(btcec.ModNScalar).SetInt(1)
	}
	return scalar(chainhash.TaggedHash(musig2.KeyAggTagCoeff, k.list[:], by[:]))
}

func scalar(h *chainhash.Hash) *btcec.ModNScalar {
	s := new(btcec.ModNScalar)
	s.SetByteSlice(h[:])
	return s
}

// ChainCode is what aggregate keys are derived with (BIP328).
var ChainCode = func() (c [32]byte) {
	_, _ = hex.Decode(c[:], []byte("868087ca02a6f974c4598924c36b57762d32cb45717167e300622c7167e38965"))
	return c
}()

var errPath = errors.New("there is no such key below an aggregate key")

const (
	maxSteps = 255 // below a master key (BIP32)
	hardened = 1 << 31
)

// Derive is the key that a path of BIP32 leads to from an aggregate key, and the
// tweaks that the steps come to (BIP328). There are no hardened steps.
func Derive(sum Pub, path []uint32) (Pub, []Tweak, error) {
	if len(path) > maxSteps {
		return Pub{}, nil, errPath
	}
	code, tweaks := ChainCode[:], make([]Tweak, 0, len(path))
	for _, step := range path {
		if step >= hardened {
			return Pub{}, nil, errPath
		}
		h := hmac.New(sha512.New, code)
		h.Write(binary.BigEndian.AppendUint32(slices.Clip(sum[:]), step))
		left := h.Sum(nil)
		tweak := Tweak{Tweak: [32]byte(left[:32])}
		child, err := addTweak(sum, tweak.Tweak)
		if err != nil {
			return Pub{}, nil, err
		}
		sum, code, tweaks = child, left[32:], append(tweaks, tweak)
	}
	return sum, tweaks, nil
}

// addTweak is the key with tweak times the base point added.
func addTweak(key Pub, tweak [32]byte) (Pub, error) {
	pub, err := btcec.ParsePubKey(key[:])
	if err != nil {
		return Pub{}, fmt.Errorf("aggregate key: %w", err)
	}
	var t btcec.ModNScalar
	var p, tg, sum btcec.JacobianPoint
	if t.SetBytes(&tweak) != 0 {
		return Pub{}, errTweak
	}
	pub.AsJacobian(&p)
	btcec.ScalarBaseMultNonConst(&t, &tg)
	btcec.AddNonConst(&p, &tg, &sum)
	out, ok := compress(&sum)
	if !ok {
		return Pub{}, errTweak
	}
	return out, nil
}

// compress writes a point; not ok at infinity. It makes the point affine.
func compress(p *btcec.JacobianPoint) (Pub, bool) {
	if infinite(p) {
		return Pub{}, false
	}
	p.ToAffine()
	return Pub(btcec.NewPublicKey(&p.X, &p.Y).SerializeCompressed()), true
}

func infinite(p *btcec.JacobianPoint) bool { return p.Z.IsZero() || p.X.IsZero() && p.Y.IsZero() }
