package script

import (
	"bytes"
	"crypto/sha256"
)

// claim recognises an input that spends a standard template in a form that
// holds, under every flag that is set, if only its signatures are good. What
// these claim it leaves to be verified. Whatever it does not recognise is not
// thereby wrong.
func (b *Batch) claim(i int, c *Check) {
	in, prev := &c.Tx.Ins[c.In], c.Coins[c.In].Script
	switch version, program, ok := WitnessProgram(prev); {
	case ok && c.Flags&Witness == 0:
	case ok && len(in.Script) == 0:
		b.claimProgram(i, c, version, program, false)
	case ok:
	case IsP2SH(prev) && c.Flags&P2SH != 0:
		b.claimRedeem(i, c, in.Script, prev[2:2+keyHashSize])
	case len(in.Witness) > 0:
	default:
		b.claimBare(i, c, in.Script, prev)
	}
}

// claimBare is for scripts written in the output itself.
func (b *Batch) claimBare(i int, c *Check, script, prev []byte) {
	if hash, ok := PubKeyHash(prev); ok {
		b.claimKeyHash(i, c, script, hash)
	} else if key, ok := PubKey(prev); ok {
		if at := (cursor{script: script}); at.more() {
			if sig, ok := at.directPush(); ok && !at.more() && deletesNoKey(sig) {
				b.claimKey(i, c, sig, key, prev, legacy)
			}
		}
	} else if len(prev) > 0 && prev[len(prev)-1] == opCheckMultisig {
		b.claimPushedMultisig(i, c, cursor{script: script}, prev)
	}
}

// directPush is the next operation's data, which an opcode of its length pushes.
// All but one-byte pushes, of which there are none in templates, are minimal then.
func (c *cursor) directPush() (data []byte, ok bool) {
	op, data, ok := c.next()
	return data, ok && op > 1 && op < opPushData1
}

// deletesNoKey says that a signature is no push of a number or a key, which might have to
// be deleted from the legacy script that it signs; that is not for the fast path.
func deletesNoKey(sig []byte) bool { return len(sig) > uncompressedSize }

// claimKeyHash takes exactly two direct pushes. A signature of the hash's
// length might have to be deleted.
func (b *Batch) claimKeyHash(i int, c *Check, script, hash []byte) {
	at := cursor{script: script}
	sig, ok1 := at.directPush()
	key, ok2 := at.directPush()
	if ok1 && ok2 && !at.more() && len(sig) > keyHashSize {
		b.claimHashed(i, c, sig, key, hash, legacy)
	}
}

// claimHashed is for a key that an output knows by its hash.
func (b *Batch) claimHashed(i int, c *Check, sig, key, hash []byte, v sigVersion) {
	if len(key) > uncompressedSize {
		return
	}
	if sum := hash160(key); bytes.Equal(sum[:], hash) {
		b.code = appendPayToKeyHash(b.code[:0], hash)
		b.claimKey(i, c, sig, key, b.code, v)
	}
}

func (b *Batch) claimKey(i int, c *Check, sig, key, code []byte, v sigVersion) {
	if len(sig) > maxElementSize || checkSigEncoding(sig, c.Flags) != nil || checkKeyEncoding(key, c.Flags, v == witnessV0) != nil {
		return
	}
	over := signed{spend: c.Spend, in: c.In, code: code, version: v}
	if claim, ok := over.claim(&b.hash, sig, key); ok {
		b.claims, b.of = append(b.claims, claim), append(b.of, int32(i))
	}
}

// claimRedeem spends a script hash: by a nested witness program, which the
// signature script pushes and nothing else, or by a CHECKMULTISIG.
func (b *Batch) claimRedeem(i int, c *Check, script, hash []byte) {
	at := cursor{script: script}
	if redeem, ok := at.directPush(); ok && !at.more() {
		version, program, ok := WitnessProgram(redeem)
		if !ok || c.Flags&Witness == 0 {
			return
		}
		if sum := hash160(redeem); bytes.Equal(sum[:], hash) {
			b.claimProgram(i, c, version, program, true)
		}
		return
	}
	if len(c.Tx.Ins[c.In].Witness) > 0 {
		return
	}
	redeem, front, ok := lastPush(script)
	if !ok || len(redeem) > maxElementSize {
		return
	}
	if sum := hash160(redeem); bytes.Equal(sum[:], hash) {
		b.claimPushedMultisig(i, c, cursor{script: front}, redeem)
	}
}

// lastPush cuts the last operation off a script, if it pushes data as BIP62
// asks.
func lastPush(script []byte) (data, front []byte, ok bool) {
	at, start, op := cursor{script: script}, 0, byte(0)
	for at.more() {
		start = at.pos
		if op, data, ok = at.next(); !ok {
			return nil, nil, false
		}
	}
	return data, script[:start], op <= opPushData4 && minimalPush(op, data)
}

// claimProgram spends a witness program.
func (b *Batch) claimProgram(i int, c *Check, version int, program []byte, nested bool) {
	witness := c.Tx.Ins[c.In].Witness
	if !truth(program) {
		return
	}
	switch classifyProgram(version, program) {
	case TypeWitnessV0KeyHash:
		if len(witness) == 2 {
			b.claimHashed(i, c, witness[0], witness[1], program, witnessV0)
		}
	case TypeWitnessV0ScriptHash:
		if last := len(witness) - 1; last > 1 && len(witness[0]) == 0 && len(witness[last]) <= maxScriptSize {
			if sum := sha256.Sum256(witness[last]); bytes.Equal(sum[:], program) {
				b.claimMultisig(i, c, witness[1:last], witness[last], witnessV0)
			}
		}
	case TypeWitnessV1Taproot:
		witness, annex := cutAnnex(witness)
		if len(witness) == 1 && c.Flags&Taproot != 0 && !nested {
			b.claimTaproot(i, c, witness[0], program, annex)
		}
	}
}

func (b *Batch) claimTaproot(i int, c *Check, sig, key []byte, annex *[32]byte) {
	if claim, err := b.hash.schnorrClaim(c.Spend, c.In, sig, key, &tapContext{annex: annex}); err == nil {
		b.claims, b.of = append(b.claims, claim), append(b.of, int32(i))
	}
}
