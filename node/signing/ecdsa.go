package signing

import (
	"encoding/binary"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
)

// signECDSA signs as Core's CKey::Sign: with RFC 6979's nonce, again with a
// counter as extra entropy until R is below 2^255, so that the DER encoding has at
// most 71 bytes with its hash type.
func signECDSA(k *btcec.PrivateKey, sum [32]byte) []byte {
	var extra []byte
	for counter := uint32(1); ; counter++ {
		if r, s, ok := tryECDSA(k, sum, extra); ok && !topBit(&r) {
			return ecdsa.NewSignature(&r, &s).Serialize()
		}
		extra = make([]byte, 32)
		binary.LittleEndian.PutUint32(extra, counter)
	}
}

func topBit(r *btcec.ModNScalar) bool {
	b := r.Bytes()
	return b[0]&0x80 != 0
}

// tryECDSA signs with one nonce (SEC 1, 4.1.3); S is made low.
func tryECDSA(k *btcec.PrivateKey, sum [32]byte, extra []byte) (r, s btcec.ModNScalar, ok bool) {
	secret := k.Key.Bytes()
	defer clear(secret[:])
	nonce := btcec.NonceRFC6979(secret[:], sum[:], extra, nil, 0)
	defer nonce.Zero()
	var point btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(nonce, &point)
	point.ToAffine()
	x := point.X.Bytes()
	r.SetBytes(x)
	if r.IsZero() {
		return r, s, false
	}
	var e btcec.ModNScalar
	e.SetBytes(&sum)
	s.Mul2(&k.Key, &r).Add(&e)
	inverse := new(btcec.ModNScalar).InverseValNonConst(nonce)
	s.Mul(inverse)
	inverse.Zero()
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	return r, s, !s.IsZero()
}
