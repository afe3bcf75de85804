package psbt

import "github.com/quernnet/quern/node/signing"

// taproot reads the fields of BIP371.
func (f *inputFields) taproot(r *reader, key []byte, kind int) {
	switch kind {
	case inTapKeySig:
		if r.keySize("Input Taproot Key Path Signature", key, 1) {
			f.TapKeySig = r.schnorr("key")
		}
	case inTapSig:
		if r.keySize("Input Taproot Script Path Signature", key, 65) {
			at := signing.TapSigKey{Key: signing.XOnly(key[1:33]), Leaf: [32]byte(key[33:])}
			put(&f.TapSigs, at, r.schnorr("script"))
		}
	case inTapLeaf:
		f.leaf(r, key)
	case inTapOrigin:
		r.tapOrigin("Input", key, &f.TapOrigins)
	case inTapInternal:
		if r.keySize("Input Taproot Internal Key", key, 1) {
			r.sized(func() { f.Tap.Internal = r.hash() })
		}
	case inTapRoot:
		if r.keySize("Input Taproot Merkle Root", key, 1) {
			r.sized(func() { f.Tap.Root = r.hash() })
		}
	}
}

// schnorr reads a signature by which path.
func (r *reader) schnorr(path string) []byte {
	sig := r.bytes()
	switch {
	case r.err != nil:
	case len(sig) < 64:
		r.fail(failure("Input Taproot %s path signature is shorter than 64 bytes", path))
	case len(sig) > 65:
		r.fail(failure("Input Taproot %s path signature is longer than 65 bytes", path))
	}
	return sig
}

// leaf reads a leaf script, which follows its control block.
func (f *inputFields) leaf(r *reader, key []byte) {
	switch {
	case len(key) < 34:
		r.fail(failure("Input Taproot leaf script key is not at least 34 bytes"))
		return
	case (len(key)-2)%32 != 0:
		r.fail(failure("Input Taproot leaf script key's control block size is not valid"))
		return
	}
	v := r.bytes()
	if r.err == nil && len(v) == 0 {
		r.fail(failure("Input Taproot leaf script must be at least 1 byte"))
	}
	if r.err != nil {
		return
	}
	last := len(v) - 1
	f.Tap.AddControl(signing.Leaf{Script: string(v[:last]), Version: v[last]}, key[1:])
}

// session reads whose field of a MuSig2 session a key names (BIP373).
func (r *reader) session(what string, key []byte) (s signing.Session, by signing.PubKey, ok bool) {
	if len(key) != 2*33+1 && len(key) != 2*33+32+1 {
		r.fail(failure("Input musig2 %s key is not expected size of 67 or 99 bytes", what))
		return s, "", false
	}
	by, s.Key = signing.PubKey(key[1:34]), signing.PubKey(key[34:67])
	copy(s.Leaf[:], key[67:])
	switch {
	case !s.Key.Valid():
		r.fail(failure("musig2 aggregate pubkey is invalid"))
	case !by.Valid():
		r.fail(failure("musig2 participant pubkey is invalid"))
	}
	return s, by, r.err == nil
}

func (f *inputFields) nonce(r *reader, key []byte) {
	s, by, ok := r.session("pubnonce", key)
	if !ok {
		return
	}
	nonce := r.bytes()
	if r.err == nil && len(nonce) != nonceSize {
		r.fail(failure("Input musig2 pubnonce value is not 66 bytes"))
	}
	put(&f.Nonces, s, make(map[signing.PubKey][]byte))
	f.Nonces[s][by] = nonce
}

func (f *inputFields) partialSig(r *reader, key []byte) {
	s, by, ok := r.session("partial sig", key)
	if !ok {
		return
	}
	var sig [32]byte
	r.sized(func() { sig = r.hash() })
	put(&f.PartialSigs, s, make(map[signing.PubKey][32]byte))
	f.PartialSigs[s][by] = sig
}
