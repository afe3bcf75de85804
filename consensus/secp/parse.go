package secp

// parseKey reads a public key of SEC 1: compressed, uncompressed, or hybrid,
// whose first byte says again whether y is odd.
func (p *affine) parseKey(b []byte) bool {
	short, ok := p.readKey(b)
	if !ok || !short {
		return ok
	}
	x := p.x
	return p.lift(&x, oddKey(b))
}

// readKey does all of that but to find the y of a compressed key, of which it
// says that it is one.
func (p *affine) readKey(b []byte) (short, ok bool) {
	switch {
	case len(b) == 33 && (b[0] == 2 || b[0] == 3):
		return true, p.x.setBytes(b[1:])
	case len(b) == 65 && (b[0] == 4 || b[0] == 6 || b[0] == 7):
		return false, p.x.setBytes(b[1:33]) && p.y.setBytes(b[33:]) &&
			(b[0] == 4 || p.y.isOdd() == oddKey(b)) && p.onCurve()
	}
	return false, false
}

// oddKey is what the first byte of a compressed or hybrid key says about y.
func oddKey(b []byte) bool { return b[0]&1 == 1 }

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
