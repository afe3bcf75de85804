package secp

// parseLax reads an ECDSA signature without its hash type as loosely as the
// network did before BIP66: lengths of lengths, negative or padded integers
// and trailing bytes pass (Core's ecdsa_signature_parse_der_lax). The integers
// are big-endian, without leading zeros, of any size.
func parseLax(b []byte) (r, s []byte, ok bool) {
	if len(b) < 2 || b[0] != 0x30 {
		return nil, nil, false
	}
	n := int(b[1])
	b = b[2:]
	if n&0x80 != 0 {
		if n -= 0x80; n > len(b) {
			return nil, nil, false
		}
		b = b[n:]
	}
	if r, b, ok = laxInt(b); !ok {
		return nil, nil, false
	}
	if s, _, ok = laxInt(b); !ok {
		return nil, nil, false
	}
	return r, s, true
}

// laxInt takes one integer, without its leading zeros, off the front of b.
func laxInt(b []byte) (v, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != 0x02 {
		return nil, nil, false
	}
	n := int(b[1])
	b = b[2:]
	if n&0x80 != 0 {
		width := n - 0x80
		if width > len(b) {
			return nil, nil, false
		}
		long := trimZeros(b[:width])
		b = b[width:]
		if len(long) >= 4 {
			return nil, nil, false
		}
		n = 0
		for _, d := range long {
			n = n<<8 | int(d)
		}
	}
	if n > len(b) {
		return nil, nil, false
	}
	return trimZeros(b[:n]), b[n:], true
}

func trimZeros(b []byte) []byte {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// LowS says whether the S of an ECDSA signature, read as Claim.Sig is, is at
// most half the group's order. Of a signature with an integer beyond the order
// nobody asks: it passes (Core's CheckLowS).
func LowS(sig []byte) bool {
	rb, sb, ok := parseLax(sig)
	if !ok {
		return false
	}
	var r, s scalar
	if !r.setSlice(rb) || !s.setSlice(sb) {
		return true
	}
	return !s.isHigh()
}
