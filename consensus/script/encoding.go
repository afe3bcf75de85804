package script

import "github.com/btcsuite/btcd/btcec/v2"

// Hash types: which parts of a transaction a signature signs.
const (
	hashDefault  = 0x00 // taproot: all, and no byte says so
	hashAll      = 0x01
	hashNone     = 0x02
	hashSingle   = 0x03
	anyoneCanPay = 0x80
	hashMask     = 0x1f
)

// checkSigEncoding holds an ECDSA signature, hash type included, against the
// flags on encodings. Empty passes: it is the compact way to fail a check.
func checkSigEncoding(sig []byte, f Flags) *Error {
	if len(sig) == 0 {
		return nil
	}
	if f&(DERSig|LowS|StrictEnc) != 0 && !isDER(sig) {
		return errSigDER
	}
	if f&LowS != 0 && !isLowS(sig) {
		return errSigHighS
	}
	if f&StrictEnc != 0 {
		if t := sig[len(sig)-1] &^ anyoneCanPay; t < hashAll || t > hashSingle {
			return errSigHashType
		}
	}
	return nil
}

// isDER says whether sig is
//
//	0x30 length 0x02 length(R) R 0x02 length(S) S hashtype
//
// with R and S positive and in their shortest form (BIP66).
func isDER(sig []byte) bool {
	n := len(sig)
	if n < 9 || n > 73 || sig[0] != 0x30 || int(sig[1]) != n-3 {
		return false
	}
	r := int(sig[3])
	if 5+r >= n {
		return false
	}
	s := int(sig[5+r])
	if r+s+7 != n {
		return false
	}
	return isDERInt(sig[2:], r) && isDERInt(sig[4+r:], s)
}

// isDERInt checks a DER integer of n bytes, header included in b.
func isDERInt(b []byte, n int) bool {
	if b[0] != 0x02 || n == 0 || b[2]&0x80 != 0 {
		return false
	}
	return n == 1 || b[2] != 0 || b[3]&0x80 != 0
}

// isLowS says whether the S of a DER signature is at most half the group's
// order; of a value beyond the order nobody asks (Core's CheckLowS).
func isLowS(sig []byte) bool {
	_, s, ok := parseLax(sig[:len(sig)-1])
	return ok && !s.IsOverHalfOrder()
}

// checkKeyEncoding holds an ECDSA public key against the flags on encodings.
func checkKeyEncoding(key []byte, f Flags, witness bool) *Error {
	compressed := len(key) == compressedSize && (key[0] == 2 || key[0] == 3)
	uncompressed := len(key) == uncompressedSize && key[0] == 4
	if f&StrictEnc != 0 && !compressed && !uncompressed {
		return errPubKeyType
	}
	if f&WitnessPubKeyType != 0 && witness && !compressed {
		return errWitnessPubKeyType
	}
	return nil
}

// parseLax reads an ECDSA signature without its hash type as loosely as the
// network did before BIP66: lengths of lengths, negative or padded integers
// and trailing bytes pass (Core's ecdsa_signature_parse_der_lax). An integer
// that is out of range makes both zero, which verifies nothing.
func parseLax(b []byte) (r, s btcec.ModNScalar, ok bool) {
	if len(b) < 2 || b[0] != 0x30 {
		return r, s, false
	}
	n := int(b[1])
	b = b[2:]
	if n&0x80 != 0 {
		if n -= 0x80; n > len(b) {
			return r, s, false
		}
		b = b[n:]
	}
	rb, b, ok := laxInt(b)
	if !ok {
		return r, s, false
	}
	sb, _, ok := laxInt(b)
	if !ok {
		return r, s, false
	}
	if !setScalar(&r, rb) || !setScalar(&s, sb) {
		r.Zero()
		s.Zero()
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
		long := b[:width]
		b = b[width:]
		for len(long) > 0 && long[0] == 0 {
			long = long[1:]
		}
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
	v, rest = b[:n], b[n:]
	for len(v) > 0 && v[0] == 0 {
		v = v[1:]
	}
	return v, rest, true
}

// setScalar says whether b is below the group's order.
func setScalar(s *btcec.ModNScalar, b []byte) bool {
	return len(b) <= 32 && !s.SetByteSlice(b)
}
