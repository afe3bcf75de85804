package secp

import (
	"bytes"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
)

// Scheme is a kind of signature.
type Scheme uint8

// The schemes that Bitcoin's rules know.
const (
	ECDSA   Scheme = iota
	Schnorr        // BIP340
)

// Claim says that Key has signed Sum. The slices are not changed and must not
// change while they are looked at.
type Claim struct {
	Scheme Scheme
	Key    []byte   // ECDSA: 33 or 65 bytes (SEC 1, hybrid too); Schnorr: 32 bytes, an X coordinate
	Sig    []byte   // ECDSA: DER as loose as consensus allows, without the hash type; Schnorr: 64 bytes
	Sum    [32]byte // what was signed, big-endian
}

// Verify says whether the claim is true. A key or signature of a wrong form
// makes it false.
func (c *Claim) Verify() bool { return c.VerifyReference() }

// Batch verifies many claims in less time than one by one. It keeps memory
// between calls; the zero value is ready. Not for concurrent use.
type Batch struct{}

// Verify sets ok[i] to whether claims[i] is true. It returns whether all are.
func (b *Batch) Verify(claims []Claim, ok []bool) bool {
	all := true
	for i := range claims {
		ok[i] = claims[i].Verify()
		all = all && ok[i]
	}
	return all
}

// LowS says whether the S of an ECDSA signature, read as Claim.Sig is, is at
// most half the group's order. Of a signature with an integer beyond the order
// nobody asks: it passes (Core's CheckLowS).
func LowS(sig []byte) bool {
	rb, sb, ok := parseLax(sig)
	if !ok {
		return false
	}
	var r, s btcec.ModNScalar
	if len(rb) > 32 || len(sb) > 32 || r.SetByteSlice(rb) || s.SetByteSlice(sb) {
		return true
	}
	return !s.IsOverHalfOrder()
}

// Tweaked says whether the point with X coordinate output (32 bytes) and a Y
// that is odd as told is key (32 bytes, an X coordinate, Y even) plus tweak
// times the generator (BIP341). A tweak beyond the group's order makes it false.
func Tweaked(key []byte, tweak *[32]byte, output []byte, odd bool) bool {
	p, err := schnorr.ParsePubKey(key)
	if err != nil {
		return false
	}
	var t btcec.ModNScalar
	if t.SetByteSlice(tweak[:]) {
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
