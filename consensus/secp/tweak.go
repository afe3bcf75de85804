package secp

import "bytes"

// Tweaked says whether the point with X coordinate output (32 bytes) and a Y
// that is odd as told is key (32 bytes, an X coordinate, Y even) plus tweak
// times the generator (BIP341). A tweak beyond the group's order makes it false.
func Tweaked(key []byte, tweak *[32]byte, output []byte, odd bool) bool {
	var p affine
	var t scalar
	if !p.parseXOnly(key) || !t.setBytes(tweak[:]) {
		return false
	}
	one := scalar{1}
	sum := combine(&p, &one, &t)
	if sum.inf {
		return false
	}
	q := sum.affine()
	x := q.x.bytes()
	return bytes.Equal(x[:], output) && q.y.isOdd() == odd
}

// IsXOnly says whether 32 bytes are the X coordinate of a point (BIP340's lift_x).
func IsXOnly(key []byte) bool {
	var p affine
	return p.parseXOnly(key)
}
