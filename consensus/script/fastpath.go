package script

import "bytes"

// claim recognises an input that spends a standard template in a form that
// holds, under every flag that is set, if only its signatures are good. What
// these claim it leaves to be verified. Whatever it does not recognise is not
// thereby wrong.
func (b *Batch) claim(i int, c *Check) {
	in, prev := &c.Tx.Ins[c.In], c.Coins[c.In].Script
	if hash, ok := PubKeyHash(prev); ok {
		if len(in.Witness) == 0 {
			b.claimKeyHash(i, c, in.Script, hash)
		}
		return
	}
	version, program, ok := WitnessProgram(prev)
	if !ok || len(in.Script) > 0 || c.Flags&Witness == 0 {
		return
	}
	switch classifyProgram(version, program) {
	case TypeWitnessV0KeyHash:
		if len(in.Witness) == 2 && truth(program) {
			b.claimKey(i, c, in.Witness[0], in.Witness[1], program, witnessV0)
		}
	case TypeWitnessV1Taproot:
		witness, annex := cutAnnex(in.Witness)
		if len(witness) == 1 && c.Flags&Taproot != 0 && truth(program) {
			b.claimTaproot(i, c, witness[0], program, annex)
		}
	}
}

// claimKeyHash takes exactly two direct pushes. A signature of the hash's
// length might have to be deleted from the script it signs; that is not for
// the fast path.
func (b *Batch) claimKeyHash(i int, c *Check, script, hash []byte) {
	at := cursor{script: script}
	sigOp, sig, ok1 := at.next()
	keyOp, key, ok2 := at.next()
	if !ok1 || !ok2 || at.more() || sigOp >= opPushData1 || keyOp >= opPushData1 {
		return
	}
	if len(sig) > keyHashSize {
		b.claimKey(i, c, sig, key, hash, legacy)
	}
}

func (b *Batch) claimKey(i int, c *Check, sig, key, hash []byte, v sigVersion) {
	if len(sig) > maxElementSize || len(key) > uncompressedSize || !bytes.Equal(hash160(key), hash) ||
		checkSigEncoding(sig, c.Flags) != nil || checkKeyEncoding(key, c.Flags, v == witnessV0) != nil {
		return
	}
	over := signed{spend: c.Spend, in: c.In, code: payToKeyHash(hash), version: v}
	if claim, ok := over.claim(&b.hash, sig, key); ok {
		b.claims, b.of = append(b.claims, claim), append(b.of, int32(i))
	}
}

func (b *Batch) claimTaproot(i int, c *Check, sig, key []byte, annex *[32]byte) {
	if claim, err := b.hash.schnorrClaim(c.Spend, c.In, sig, key, &tapContext{annex: annex}); err == nil {
		b.claims, b.of = append(b.claims, claim), append(b.of, int32(i))
	}
}
