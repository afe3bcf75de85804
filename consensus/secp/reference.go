package secp

import (
	"bytes"
	"crypto/sha256"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
)

// VerifyReference says what Verify says, by the arithmetic of btcec: slower,
// and made by others. The two never differ, unless one of them is wrong.
func (c *Claim) VerifyReference() bool {
	switch c.Scheme {
	case ECDSA:
		return c.referenceECDSA()
	case Schnorr:
		return referenceSchnorr(c.Key, c.Sig, c.Sum[:])
	}
	return false
}

func (c *Claim) referenceECDSA() bool {
	rb, sb, ok := parseLax(c.Sig)
	if !ok || len(rb) > 32 || len(sb) > 32 {
		return false
	}
	var r, s btcec.ModNScalar
	if r.SetByteSlice(rb) || s.SetByteSlice(sb) || r.IsZero() || s.IsZero() {
		return false
	}
	key, err := btcec.ParsePubKey(c.Key)
	return err == nil && ecdsa.NewSignature(&r, &s).Verify(c.Sum[:], key)
}

// referenceSchnorr does BIP340's steps with btcec's arithmetic: its own
// verification would reduce an s beyond the group's order.
func referenceSchnorr(key32, sig, msg []byte) bool {
	var r btcec.FieldVal
	var s, e btcec.ModNScalar
	if len(sig) != 64 || r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:]) {
		return false
	}
	key, err := schnorr.ParsePubKey(key32)
	if err != nil {
		return false
	}
	tag := sha256.Sum256([]byte("BIP0340/challenge"))
	h := sha256.New()
	for _, part := range [][]byte{tag[:], tag[:], sig[:32], key32, msg} {
		h.Write(part)
	}
	e.SetByteSlice(h.Sum(nil))
	e.Negate()
	var p, sg, ep, q btcec.JacobianPoint
	key.AsJacobian(&p)
	btcec.ScalarBaseMultNonConst(&s, &sg)
	btcec.ScalarMultNonConst(&e, &p, &ep)
	btcec.AddNonConst(&sg, &ep, &q)
	if q.X.IsZero() && q.Y.IsZero() || q.Z.IsZero() {
		return false
	}
	q.ToAffine()
	return !q.Y.IsOdd() && r.Equals(&q.X)
}

// TweakedReference says what Tweaked says, by the arithmetic of btcec.
func TweakedReference(key []byte, tweak *[32]byte, output []byte, odd bool) bool {
	p, err := schnorr.ParsePubKey(key)
	var t btcec.ModNScalar
	if err != nil || t.SetByteSlice(tweak[:]) {
		return false
	}
	var pj, tg, q btcec.JacobianPoint
	p.AsJacobian(&pj)
	btcec.ScalarBaseMultNonConst(&t, &tg)
	btcec.AddNonConst(&pj, &tg, &q)
	if q.X.IsZero() && q.Y.IsZero() || q.Z.IsZero() {
		return false
	}
	q.ToAffine()
	x := q.X.Bytes()
	return bytes.Equal(x[:], output) && q.Y.IsOdd() == odd
}
