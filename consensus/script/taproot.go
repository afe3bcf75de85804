package script

import (
	"bytes"
	"crypto/sha256"

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
	d := newDigest()
	d.varBytes(witness[last])
	sum := d.sum()
	return witness[:last], &sum
}

// taprootHash is what a Schnorr signature signs (BIP341). Not ok: the hash type
// is undefined, or it is SINGLE without an output to match.
func (s *Spend) taprootHash(in int, hashType byte, ctx *tapContext) (sum [32]byte, ok bool) {
	kind, one := hashType&3, hashType&anyoneCanPay != 0
	if hashType&^(anyoneCanPay|3) != 0 || hashType == anyoneCanPay {
		return sum, false
	}
	if kind == hashSingle && in >= len(s.Tx.Outs) {
		return sum, false
	}
	m, own := s.midstate(), &s.Tx.Ins[in]
	d := newTagged(tagSighash)
	d.byte(0) // epoch
	d.byte(hashType)
	d.uint32(uint32(s.Tx.Version))
	d.uint32(s.Tx.LockTime)
	if !one {
		d.bytes(m.prevouts[:])
		d.bytes(m.amounts[:])
		d.bytes(m.scripts[:])
		d.bytes(m.sequences[:])
	}
	if kind == hashDefault || kind == hashAll {
		d.bytes(m.outputs[:])
	}
	d.byte(ctx.spendType())
	if one {
		d.outpoint(own.Prev)
		d.out(&s.Coins[in])
		d.uint32(own.Sequence)
	} else {
		d.uint32(uint32(in))
	}
	if ctx.annex != nil {
		d.bytes(ctx.annex[:])
	}
	if kind == hashSingle {
		o := newDigest()
		o.out(&s.Tx.Outs[in])
		single := o.sum()
		d.bytes(single[:])
	}
	if ctx.script {
		d.bytes(ctx.leaf[:])
		d.byte(0) // key version
		d.uint32(ctx.codeSep)
	}
	return d.sum(), true
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

// checkSchnorr verifies a taproot signature, 64 bytes and perhaps a hash type,
// by a 32-byte key.
func (s *Spend) checkSchnorr(in int, sig, key []byte, ctx *tapContext) *Error {
	if len(sig) != schnorrSigSize && len(sig) != schnorrSigSize+1 {
		return errSchnorrSize
	}
	hashType := byte(hashDefault)
	if len(sig) > schnorrSigSize {
		hashType, sig = sig[schnorrSigSize], sig[:schnorrSigSize]
		if hashType == hashDefault {
			return errSchnorrHashType
		}
	}
	sum, ok := s.taprootHash(in, hashType, ctx)
	if !ok {
		return errSchnorrHashType
	}
	claim := secp.Claim{Scheme: secp.Schnorr, Key: key, Sig: sig, Sum: sum}
	if !claim.Verify() {
		return errSchnorr
	}
	return nil
}

// leafHash commits to a leaf script (BIP341).
func leafHash(version byte, script []byte) [32]byte {
	d := newTagged(tagLeaf)
	d.byte(version)
	d.varBytes(script)
	return d.sum()
}

// merkleRoot climbs from a leaf along a control block's path.
func merkleRoot(control []byte, leaf [32]byte) [32]byte {
	for path := control[controlBase:]; len(path) > 0; path = path[controlNode:] {
		a, b := leaf[:], path[:controlNode]
		if bytes.Compare(a, b) > 0 {
			a, b = b, a
		}
		d := newTagged(tagBranch)
		d.bytes(a)
		d.bytes(b)
		leaf = d.sum()
	}
	return leaf
}

// committed says whether the output key is the control block's internal key
// tweaked with the leaf's Merkle root, parity included.
func committed(control, outputKey []byte, leaf [32]byte) bool {
	root := merkleRoot(control, leaf)
	d := newTagged(tagTweak)
	d.bytes(control[1:controlBase])
	d.bytes(root[:])
	tweak := d.sum()
	return secp.Tweaked(control[1:controlBase], &tweak, outputKey, control[0]&1 == 1)
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
