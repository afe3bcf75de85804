package script

import "github.com/quernnet/quern/consensus/secp"

// signed is what ECDSA signatures over one script's code sign. Hashing costs as
// much as the transaction is long, so that the last hash is kept: a
// CHECKMULTISIG tries one signature with key after key.
type signed struct {
	spend   *Spend
	in      int
	code    []byte
	version sigVersion

	kept     bool
	hashType byte // of sum
	sum      [32]byte
}

// claim is what must be true for sig, hash type included, to be a signature by
// key. Not ok: no such signature can be good.
func (s *signed) claim(h *hasher, sig, key []byte) (c secp.Claim, ok bool) {
	if len(sig) == 0 || !keySized(key) {
		return c, false
	}
	last := len(sig) - 1
	if hashType := sig[last]; !s.kept || s.hashType != hashType {
		s.kept, s.hashType = true, hashType
		if s.version == witnessV0 {
			s.sum = h.witnessHash(s.spend, s.in, s.code, uint32(hashType))
		} else {
			s.sum = h.legacyHash(s.spend.Tx, s.in, s.code, uint32(hashType))
		}
	}
	return secp.Claim{Scheme: secp.ECDSA, Key: key, Sig: sig[:last], Sum: s.sum}, true
}
