package secp

// parseKey reads a public key of SEC 1: compressed, uncompressed, or hybrid,
// whose first byte says again whether y is odd.
func (p *affine) parseKey(b []byte) bool {
	switch {
	case len(b) == 33 && (b[0] == 2 || b[0] == 3):
		var x field
		return x.setBytes(b[1:]) && p.lift(&x, b[0] == 3)
	case len(b) == 65 && (b[0] == 4 || b[0] == 6 || b[0] == 7):
		if !p.x.setBytes(b[1:33]) || !p.y.setBytes(b[33:]) {
			return false
		}
		if b[0] != 4 && p.y.isOdd() != (b[0] == 7) {
			return false
		}
		return p.onCurve()
	}
	return false
}

// parseXOnly reads a public key of BIP340: an x, whose y is even.
func (p *affine) parseXOnly(b []byte) bool {
	var x field
	return len(b) == 32 && x.setBytes(b) && p.lift(&x, false)
}

// ecdsaSig is a signature that is well-formed: r and s are in [1, n).
type ecdsaSig struct{ r, s scalar }

// parse reads a signature without its hash type.
func (sig *ecdsaSig) parse(b []byte) bool {
	r, s, ok := parseLax(b)
	return ok && sig.r.setSlice(r) && sig.s.setSlice(s) && !sig.r.isZero() && !sig.s.isZero()
}
