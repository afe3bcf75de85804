package script

import "bytes"

// passes recognises an input that spends one of the one-signature templates
// with a good signature under every flag that is set. Whatever it does not
// accept is not thereby wrong.
func (c Check) passes() bool {
	in, prev := &c.Tx.Ins[c.In], c.Coins[c.In].Script
	if hash, ok := PubKeyHash(prev); ok {
		return len(in.Witness) == 0 && c.passesKeyHash(in.Script, hash)
	}
	version, program, ok := WitnessProgram(prev)
	if !ok || len(in.Script) > 0 || c.Flags&Witness == 0 {
		return false
	}
	switch classifyProgram(version, program) {
	case TypeWitnessV0KeyHash:
		return len(in.Witness) == 2 && truth(program) &&
			c.passesKey(in.Witness[0], in.Witness[1], program, witnessV0)
	case TypeWitnessV1Taproot:
		witness, annex := cutAnnex(in.Witness)
		return len(witness) == 1 && c.Flags&Taproot != 0 && truth(program) &&
			c.checkSchnorr(c.In, witness[0], program, &tapContext{annex: annex}) == nil
	}
	return false
}

// passesKeyHash takes exactly two direct pushes. A signature of the hash's
// length might have to be deleted from the script it signs; that is not for
// the fast path.
func (c Check) passesKeyHash(script, hash []byte) bool {
	at := cursor{script: script}
	sigOp, sig, ok1 := at.next()
	keyOp, key, ok2 := at.next()
	if !ok1 || !ok2 || at.more() || sigOp >= opPushData1 || keyOp >= opPushData1 {
		return false
	}
	return len(sig) > keyHashSize && c.passesKey(sig, key, hash, legacy)
}

func (c Check) passesKey(sig, key, hash []byte, v sigVersion) bool {
	over := signed{Spend: c.Spend, in: c.In, code: payToKeyHash(hash), version: v}
	return len(sig) <= maxElementSize && len(key) <= uncompressedSize && bytes.Equal(hash160(key), hash) &&
		checkSigEncoding(sig, c.Flags) == nil && checkKeyEncoding(key, c.Flags, v == witnessV0) == nil &&
		over.check(sig, key)
}
