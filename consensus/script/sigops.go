package script

// witnessScale is how many weight units a signature operation outside the
// witness costs, against one inside (BIP141).
const witnessScale = 4

// Sigops counts legacy signature operations in a script; accurate counts
// CHECKMULTISIG by its key number (BIP16). Counting stops at a malformed push.
func Sigops(s []byte, accurate bool) int {
	n := 0
	last := byte(opInvalid)
	for c := (cursor{script: s}); c.more(); {
		op, _, ok := c.next()
		if !ok {
			break
		}
		switch op {
		case opCheckSig, opCheckSigVerify:
			n++
		case opCheckMultisig, opCheckMultisigVerify:
			if accurate && last >= op1 && last <= op16 {
				n += int(last) - (op1 - 1)
			} else {
				n += maxMultisig
			}
		}
		last = op
	}
	return n
}

// InputSigopCost is what the output script prev adds to a transaction's
// signature operation cost (BIP141) when an input with signature script sig and
// that witness spends it: four for each operation of a P2SH redeem script under
// P2SH, one for each of a version 0 witness program under Witness. The
// operations written in sig and prev themselves are Sigops' to count, at four
// each, with the transaction and the block they stand in.
func InputSigopCost(sig []byte, witness [][]byte, prev []byte, f Flags) int {
	cost := 0
	nested, p2sh := []byte(nil), IsP2SH(prev)
	if p2sh {
		if redeem, ok := redeemScript(sig); ok {
			nested = redeem
		}
	}
	if f&P2SH != 0 && p2sh {
		cost += witnessScale * Sigops(nested, true)
	}
	if f&Witness == 0 {
		return cost
	}
	version, program, ok := WitnessProgram(prev)
	if !ok && p2sh {
		version, program, ok = WitnessProgram(nested)
	}
	if ok {
		cost += witnessSigops(version, program, witness)
	}
	return cost
}

func witnessSigops(version int, program []byte, witness [][]byte) int {
	switch {
	case version == 0 && len(program) == keyHashSize:
		return 1
	case version == 0 && len(program) == scriptHashSize && len(witness) > 0:
		return Sigops(witness[len(witness)-1], true)
	}
	return 0
}
