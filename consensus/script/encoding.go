package script

import "github.com/quernnet/quern/consensus/secp"

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
	if f&LowS != 0 && !secp.LowS(sig[:len(sig)-1]) {
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
