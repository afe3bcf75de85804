package script

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/quernnet/quern/consensus/secp"
)

// Constants of BIP341 and BIP342.
const (
	annexTag       = 0x50
	leafMask       = 0xfe
	leafTapscript  = 0xc0
	controlBase    = 33  // bytes: leaf version and parity, internal key
	controlNode    = 32  // bytes a step of the Merkle path
	controlDepth   = 128 // steps at most
	sigWeight      = 50  // weight units a passed signature check uses up
	noCodeSep      = 0xffffffff
	schnorrSigSize = 64
)

// Hashes of BIP340's and BIP341's tags.
var (
	tagSighash = sha256.Sum256([]byte("TapSighash"))
	tagLeaf    = sha256.Sum256([]byte("TapLeaf"))
	tagBranch  = sha256.Sum256([]byte("TapBranch"))
	tagTweak   = sha256.Sum256([]byte("TapTweak"))
)

// tapContext is what taproot signatures sign besides the transaction.
type tapContext struct {
	annex   *[32]byte // its hash; nil when there is none
	script  bool      // a leaf script is running; the rest is its
	leaf    [32]byte
	codeSep uint32 // operations before the last executed OP_CODESEPARATOR, or noCodeSep
	weight  int    // what signature checks may still use up, in weight units
}

// cutAnnex takes the annex off a taproot witness.
func cutAnnex(witness [][]byte) (rest [][]byte, annex *[32]byte) {
	last := len(witness) - 1
	if last < 1 || len(witness[last]) == 0 || witness[last][0] != annexTag {
		return witness, nil
	}
	sum := sha256.Sum256(appendBytes(nil, witness[last]))
	return witness[:last], &sum
}

// taprootHash is what a Schnorr signature signs (BIP341). Not ok: the hash type
// is undefined, or it is SINGLE without an output to match.
func (h *hasher) taprootHash(s *Spend, in int, hashType byte, ctx *tapContext) (sum [32]byte, ok bool) {
	kind, one := hashType&3, hashType&anyoneCanPay != 0
	if hashType&^(anyoneCanPay|3) != 0 || hashType == anyoneCanPay {
		return sum, false
	}
	if kind == hashSingle && in >= len(s.Tx.Outs) {
		return sum, false
	}
	m, own := h.midstate(s, true), &s.Tx.Ins[in]
	var single [32]byte
	if kind == hashSingle {
		h.buf = appendOut(h.buf[:0], &s.Tx.Outs[in])
		single = sha256.Sum256(h.buf)
	}
	b := append(appendTag(h.buf[:0], &tagSighash), 0, hashType) // epoch 0
	b = binary.LittleEndian.AppendUint32(b, uint32(s.Tx.Version))
	b = binary.LittleEndian.AppendUint32(b, s.Tx.LockTime)
	if !one {
		b = append(append(b, m.prevouts[:]...), m.amounts[:]...)
		b = append(append(b, m.scripts[:]...), m.sequences[:]...)
	}
	if kind == hashDefault || kind == hashAll {
		b = append(b, m.outputs[:]...)
	}
	b = append(b, ctx.spendType())
	if one {
		b = appendOut(appendOutpoint(b, &own.Prev), &s.Coins[in])
		b = binary.LittleEndian.AppendUint32(b, own.Sequence)
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(in))
	}
	if ctx.annex != nil {
		b = append(b, ctx.annex[:]...)
	}
	if kind == hashSingle {
		b = append(b, single[:]...)
	}
	if ctx.script {
		b = append(append(b, ctx.leaf[:]...), 0) // key version 0
		b = binary.LittleEndian.AppendUint32(b, ctx.codeSep)
	}
	h.buf = b
	return sha256.Sum256(b), true
}

func (c *tapContext) spendType() byte {
	var t byte
	if c.script {
		t = 2
	}
	if c.annex != nil {
		t++
	}
	return t
}

// schnorrClaim is what must be true for a taproot signature, 64 bytes and
// perhaps a hash type, by a 32-byte key.
func (h *hasher) schnorrClaim(s *Spend, in int, sig, key []byte, ctx *tapContext) (secp.Claim, *Error) {
	if len(sig) != schnorrSigSize && len(sig) != schnorrSigSize+1 {
		return secp.Claim{}, errSchnorrSize
	}
	hashType := byte(hashDefault)
	if len(sig) > schnorrSigSize {
		hashType, sig = sig[schnorrSigSize], sig[:schnorrSigSize]
		if hashType == hashDefault {
			return secp.Claim{}, errSchnorrHashType
		}
	}
	sum, ok := h.taprootHash(s, in, hashType, ctx)
	if !ok {
		return secp.Claim{}, errSchnorrHashType
	}
	return secp.Claim{Scheme: secp.Schnorr, Key: key, Sig: sig, Sum: sum}, nil
}

// leafHash commits to a leaf script (BIP341).
func leafHash(version byte, script []byte) [32]byte {
	return sha256.Sum256(appendBytes(append(appendTag(nil, &tagLeaf), version), script))
}

// merkleRoot climbs from a leaf along a control block's path.
func merkleRoot(control []byte, leaf [32]byte) [32]byte {
	for path := control[controlBase:]; len(path) > 0; path = path[controlNode:] {
		a, b := leaf[:], path[:controlNode]
		if bytes.Compare(a, b) > 0 {
			a, b = b, a
		}
		var room [4 * 32]byte
		leaf = sha256.Sum256(append(append(appendTag(room[:0], &tagBranch), a...), b...))
	}
	return leaf
}

// committed says whether the output key is the control block's internal key
// tweaked with the leaf's Merkle root, parity included.
func (b *Batch) committed(control, outputKey []byte, leaf [32]byte) bool {
	internal, root := control[1:controlBase], merkleRoot(control, leaf)
	var room [4 * 32]byte
	tweak := sha256.Sum256(append(append(appendTag(room[:0], &tagTweak), internal...), root[:]...))
	ok, err := b.verifier.Tweaked(internal, &tweak, outputKey, control[0]&1 == 1)
	if err != nil {
		b.err = err
	}
	return ok && err == nil
}

// isOpSuccess knows the opcodes that make a tapscript succeed unseen (BIP342).
func isOpSuccess(op byte) bool {
	switch {
	case op == 80, op == 98, op >= 126 && op <= 129, op >= 131 && op <= 134,
		op >= 137 && op <= 138, op >= 141 && op <= 142, op >= 149 && op <= 153,
		op >= 187 && op <= 254:
		return true
	}
	return false
}
