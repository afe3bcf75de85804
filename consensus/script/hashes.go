package script

import "crypto/sha256"

// Hashes makes what signers of a transaction's inputs sign. What the inputs
// share is hashed once. Not for concurrent use.
type Hashes struct {
	spend *Spend
	hash  hasher
}

// NewHashes prepares the hashes of s, which must not change while they are asked
// for. Coins that are not known may be zero: Legacy looks at none, Witness at its
// own input's value, Taproot at all.
func NewHashes(s *Spend) *Hashes { return &Hashes{spend: s} }

// Legacy is the hash of input in for a signature in a script that is no witness
// program's. code is that script. The hash type's upper bytes are hashed as given.
func (h *Hashes) Legacy(in int, code []byte, hashType uint32) [32]byte {
	return h.hash.legacyHash(h.spend.Tx, in, code, hashType)
}

// Witness is the hash of input in for a signature in a version 0 witness
// program (BIP143), whose script is code.
func (h *Hashes) Witness(in int, code []byte, hashType uint32) [32]byte {
	return h.hash.witnessHash(h.spend, in, code, hashType)
}

// Taproot is the hash of input in for a Schnorr signature (BIP341) without
// annex: by the output's key or, when leaf is given, in the leaf script with that
// hash, before any OP_CODESEPARATOR. Not ok: the hash type is undefined, or it
// is SINGLE without an output to match.
func (h *Hashes) Taproot(in int, hashType byte, leaf *[32]byte) (sum [32]byte, ok bool) {
	ctx := tapContext{codeSep: noCodeSep}
	if leaf != nil {
		ctx.script, ctx.leaf = true, *leaf
	}
	return h.hash.taprootHash(h.spend, in, hashType, &ctx)
}

// LeafTapscript is the leaf version of BIP342's scripts.
const LeafTapscript = leafTapscript

// LeafHash commits to a leaf script (BIP341).
func LeafHash(version byte, script []byte) [32]byte { return leafHash(version, script) }

// BranchHash commits to two nodes of a tree of leaf scripts, in whichever order
// (BIP341).
func BranchHash(a, b [32]byte) [32]byte {
	if string(a[:]) > string(b[:]) {
		a, b = b, a
	}
	var room [4 * 32]byte
	return sha256.Sum256(append(append(appendTag(room[:0], &tagBranch), a[:]...), b[:]...))
}

// CheckSigEncoding holds an ECDSA signature, hash type included, against the flags
// on encodings. Empty passes. The error is an *Error.
func CheckSigEncoding(sig []byte, f Flags) error {
	if err := checkSigEncoding(sig, f); err != nil {
		return err
	}
	return nil
}
