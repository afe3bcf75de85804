package signing

// Dummy is a Creator whose signatures sign nothing but have the size that real
// ones have, so that a transaction can be weighed before it is signed. With
// HighR they have the size of signatures with a high R, by signers that do not
// grind: 72 bytes instead of 71.
type Dummy struct{ HighR bool }

// ECDSA implements Creator.
func (d Dummy) ECDSA(*Keyring, KeyID, []byte, bool) ([]byte, bool) {
	r, s := 32, 32
	if d.HighR {
		r++
	}
	sig := make([]byte, r+s+7)
	sig[0], sig[1], sig[2], sig[3], sig[4] = 0x30, byte(r+s+4), 0x02, byte(r), 1
	sig[4+r], sig[5+r], sig[6+r], sig[6+r+s] = 0x02, byte(s), 1, byte(SighashAll)
	return sig, true
}

// Schnorr implements Creator.
func (Dummy) Schnorr(*Keyring, XOnly, *[32]byte, *[32]byte) ([]byte, bool) {
	return make([]byte, 64), true
}

// Digest implements Creator: Schnorr signs with every key by itself.
func (Dummy) Digest(*[32]byte) (sum [32]byte, hashType []byte, ok bool) { return sum, nil, false }

// After implements Creator.
func (Dummy) After(uint32) bool { return true }

// Older implements Creator.
func (Dummy) Older(uint32) bool { return true }

// Check implements Creator: whatever is whole is taken to be good.
func (Dummy) Check(*Data, []byte) bool { return true }

// Describer is a Creator that signs nothing, for learning what there is to say of
// an output.
type Describer struct{}

// ECDSA implements Creator.
func (Describer) ECDSA(*Keyring, KeyID, []byte, bool) ([]byte, bool) { return nil, false }

// Schnorr implements Creator.
func (Describer) Schnorr(*Keyring, XOnly, *[32]byte, *[32]byte) ([]byte, bool) { return nil, false }

// Digest implements Creator.
func (Describer) Digest(*[32]byte) (sum [32]byte, hashType []byte, ok bool) { return sum, nil, false }

// After implements Creator.
func (Describer) After(uint32) bool { return false }

// Older implements Creator.
func (Describer) Older(uint32) bool { return false }

// Check implements Creator.
func (Describer) Check(*Data, []byte) bool { return false }
