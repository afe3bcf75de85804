package secp

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// schnorrHold says whether all signatures in b are true, by one sum for all
// (BIP340, "Batch Verification"): with coefficients a,
//
//	sum a R + sum a e P - (sum a s) G
//
// is infinity if they are. If one is not, it is infinity for one in 2^128
// choices of that one's coefficient, whatever the others are. The coefficients come out of a hash of
// all the signatures, their keys and what they sign (e is a hash of those), so
// that whoever makes a signature to fit them changes them.
func (b *Batch) schnorrHold() bool {
	b.sum.reset()
	coefficients := b.coefficients()
	var total scalar
	for i := range b.schnorr {
		p := &b.schnorr[i]
		a := short{v: [2]uint64{1}}
		if i > 0 {
			a.v = [2]uint64{coefficients.Uint64(), coefficients.Uint64()}
		}
		b.sum.add(&p.r, a)
		wide := scalar{a.v[0], a.v[1]}
		var t scalar
		t.mul(&wide, &p.sig.s)
		total.add(&total, &t)
		t.mul(&wide, &p.sig.e)
		k1, k2 := t.split()
		b.sum.add(&p.sig.p, k1)
		rotated := affine{y: p.sig.p.y}
		rotated.x.mul(&p.sig.p.x, &beta)
		b.sum.add(&rotated, k2)
	}
	total.neg(&total)
	lo, hi := total.halves()
	gen := generators()
	b.sum.add(&gen[0][0], lo)
	b.sum.add(&gen[1][0], hi)
	p := b.sum.total()
	return p.inf
}

func (b *Batch) coefficients() *rand.ChaCha8 {
	h := sha256.New()
	h.Write([]byte("quern/consensus/secp: coefficients of a batch"))
	var buf [64]byte
	for i := range b.schnorr {
		sig := &b.schnorr[i].sig
		for j := range 4 {
			binary.BigEndian.PutUint64(buf[8*j:], sig.e[j])
			binary.BigEndian.PutUint64(buf[32+8*j:], sig.s[j])
		}
		h.Write(buf[:])
	}
	return rand.NewChaCha8([32]byte(h.Sum(nil)))
}
