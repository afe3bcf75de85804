package secp

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
func (c *Claim) Verify() bool {
	switch c.Scheme {
	case ECDSA:
		return verifyECDSA(c.Key, c.Sig, &c.Sum)
	case Schnorr:
		return verifySchnorr(c.Key, c.Sig, c.Sum[:])
	}
	return false
}
