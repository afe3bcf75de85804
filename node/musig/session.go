package musig

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr/musig2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/quernnet/quern/consensus/secp"
)

// Nonce is a participant's public nonce: two compressed points.
type Nonce [66]byte

// Partial is a participant's partial signature: a number below the group's order,
// the most significant byte first.
type Partial [32]byte

// Wrong is the error of what a participant sent and cannot have meant.
type Wrong struct {
	By    Pub
	Nonce bool // the public nonce is wrong, else the partial signature
}

// Error implements error.
func (w *Wrong) Error() string {
	if w.Nonce {
		return fmt.Sprintf("the public nonce of participant %v is not two points", w.By)
	}
	return fmt.Sprintf("the partial signature of participant %v is wrong", w.By)
}

// ErrShares says that there is not one share of each participant.
var ErrShares = errors.New("not everybody's share is there, or somebody takes part twice")

var errSum = errors.New("right partial signatures make no right signature")

// Session is the signing of one message with one set of public nonces, one of each
// participant. Immutable.
type Session struct {
	key    *Key
	msg    [32]byte
	nonces map[Pub]Nonce
	sum    Nonce            // of all public nonces; either point may be infinity
	blind  btcec.ModNScalar // what second points are multiplied by
	r      btcec.JacobianPoint
	e      btcec.ModNScalar // BIP340's challenge
}

// Session begins to sign msg, which is a hash. The error is a *Wrong when somebody's
// nonce is not two points, and ErrShares when they are not one of each.
func (k *Key) Session(nonces map[Pub]Nonce, msg [32]byte) (*Session, error) {
	if len(nonces) != len(k.parts) {
		return nil, ErrShares
	}
	s := &Session{key: k, msg: msg, nonces: make(map[Pub]Nonce, len(k.parts))}
	list := make([][musig2.PubNonceSize]byte, len(k.parts))
	for i, p := range k.parts {
		n, ok := nonces[p]
		if !ok {
			return nil, ErrShares
		}
		if _, _, ok := n.points(); !ok {
			return nil, &Wrong{By: p, Nonce: true}
		}
		list[i], s.nonces[p] = n, n
	}
	if len(s.nonces) != len(k.parts) {
		return nil, ErrShares
	}
	sum, err := musig2.AggregateNonces(list)
	if err != nil {
		return nil, fmt.Errorf("public nonces: %w", err)
	}
	return s, s.process(sum)
}

// process finds the nonce of the whole signature, and its challenge (BIP327's
// GetSessionValues).
func (s *Session) process(sum Nonce) error {
	s.sum = sum
	x := s.key.Tweaked.X()
	s.blind.Set(scalar(chainhash.TaggedHash(musig2.NonceBlindTag, sum[:], x, s.msg[:])))
	var points [2]btcec.JacobianPoint
	for i := range points {
		var err error
		if points[i], err = btcec.ParseJacobian(sum[33*i : 33*(i+1)]); err != nil {
			return fmt.Errorf("sum of the public nonces: %w", err)
		}
	}
	btcec.ScalarMultNonConst(&s.blind, &points[1], &points[1])
	btcec.AddNonConst(&points[0], &points[1], &s.r)
	if infinite(&s.r) { // somebody cheats, and will be found
		btcec.GeneratorJacobian(&s.r)
	}
	s.r.ToAffine()
	rx := s.r.X.Bytes()
	s.e.Set(scalar(chainhash.TaggedHash(musig2.ChallengeHashTag, rx[:], x, s.msg[:])))
	return nil
}

// points reads a nonce that a participant sent: infinity is none.
func (n Nonce) points() (first, second btcec.JacobianPoint, ok bool) {
	for i, p := range []*btcec.JacobianPoint{&first, &second} {
		pub, err := btcec.ParsePubKey(n[33*i : 33*(i+1)])
		if err != nil {
			return first, second, false
		}
		pub.AsJacobian(p)
	}
	return first, second, true
}

// String is the nonce in hex.
func (n Nonce) String() string { return hex.EncodeToString(n[:]) }

// Verify says whether a partial signature is a participant's; the error is a *Wrong
// (BIP327's PartialSigVerify).
func (s *Session) Verify(by Pub, p Partial) error {
	var sig, weight btcec.ModNScalar
	n, known := s.nonces[by]
	first, second, ok := n.points()
	if !known || !ok || sig.SetBytes((*[32]byte)(&p)) != 0 {
		return &Wrong{By: by}
	}
	pub, err := btcec.ParsePubKey(by[:])
	if err != nil {
		return &Wrong{By: by}
	}
	var left, right, key btcec.JacobianPoint
	btcec.ScalarMultNonConst(&s.blind, &second, &second)
	btcec.AddNonConst(&first, &second, &right)
	if s.r.Y.IsOdd() {
		right.ToAffine()
		right.Y.Negate(1).Normalize()
	}
	sign, _ := s.key.weights()
	weight.Mul2(&s.e, s.key.coefficient(by)).Mul(&sign)
	pub.AsJacobian(&key)
	btcec.ScalarMultNonConst(&weight, &key, &key)
	btcec.AddNonConst(&right, &key, &right)
	btcec.ScalarBaseMultNonConst(&sig, &left)
	left.ToAffine()
	right.ToAffine()
	if !left.X.Equals(&right.X) || !left.Y.Equals(&right.Y) {
		return &Wrong{By: by}
	}
	return nil
}

// Combine adds the participants' partial signatures up to a signature of BIP340 (its
// PartialSigAgg), and verifies each of them, and the whole. The error joins a *Wrong
// for each that is wrong.
func (s *Session) Combine(parts map[Pub]Partial) (sig [64]byte, err error) {
	if len(parts) != len(s.key.parts) {
		return sig, ErrShares
	}
	var sum, p btcec.ModNScalar
	for _, by := range s.key.parts {
		part := parts[by]
		if e := s.Verify(by, part); e != nil {
			err = errors.Join(err, e)
			continue
		}
		p.SetBytes((*[32]byte)(&part))
		sum.Add(&p)
	}
	if err != nil {
		return sig, err
	}
	_, add := s.key.weights()
	sum.Add(add.Mul(&s.e))
	s.r.X.PutBytesUnchecked(sig[:32])
	sum.PutBytesUnchecked(sig[32:])
	claim := secp.Claim{Scheme: secp.Schnorr, Key: s.key.Tweaked.X(), Sig: sig[:], Sum: s.msg}
	if !claim.Verify() {
		return [64]byte{}, errSum
	}
	return sig, nil
}
