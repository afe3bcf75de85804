package secp

import (
	"crypto/sha256"
)

var challengeTag = sha256.Sum256([]byte("BIP0340/challenge"))

// verifySchnorr is BIP340's verification, of messages of any length:
// s G - e P must have the x coordinate r and an even y.
func verifySchnorr(key, sig, msg []byte) bool {
	var c schnorrSig
	return c.parse(key, sig, msg) && c.holds()
}

// schnorrSig is a signature that is well-formed, with its key.
type schnorrSig struct {
	r    field // an x coordinate, perhaps of no point
	s, e scalar
	p    affine
}

func (c *schnorrSig) parse(key, sig, msg []byte) bool {
	if !c.read(key, sig, msg) {
		return false
	}
	x := c.p.x
	return c.p.lift(&x, false)
}

// read does all of that but to find the key's y.
func (c *schnorrSig) read(key, sig, msg []byte) bool {
	if len(sig) != 64 || len(key) != 32 || !c.r.setBytes(sig[:32]) || !c.s.setBytes(sig[32:]) || !c.p.x.setBytes(key) {
		return false
	}
	challenge(&c.e, sig[:32], key, msg)
	return true
}

// challenge sets e to the tagged hash of its three parts, modulo n.
func challenge(e *scalar, r, key, msg []byte) {
	var buf [160]byte
	b := append(buf[:0], challengeTag[:]...)
	b = append(b, challengeTag[:]...)
	b = append(b, r...)
	b = append(b, key...)
	b = append(b, msg...)
	sum := sha256.Sum256(b)
	e.setBytes(sum[:])
}

func (c *schnorrSig) holds() bool {
	var e scalar
	e.neg(&c.e)
	p := combine(&c.p, &e, &c.s)
	if p.inf || !p.hasX(&c.r) {
		return false
	}
	a := p.affine()
	return !a.y.isOdd()
}
