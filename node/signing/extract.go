package signing

import (
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/secp"
)

// Extract reads what a half-signed input holds: with its script and witness
// whatever scripts and multisig signatures are in them. PSBTs need no such guesses.
func (s *Spender) Extract(i int, sig []byte, witness [][]byte) *Data {
	d := &Data{Script: sig, Witness: witness}
	// Core has no other inputs' coins here, so no taproot input is found complete.
	prev := s.coins[i].Script
	if script.Classify(prev) != script.TypeWitnessV1Taproot && s.Verify(i, sig, witness) == nil {
		d.Complete = true
		return d
	}
	stack, next, inWitness := pushes(sig), prev, false
	if script.Classify(next) == script.TypeScriptHash && lastNotEmpty(stack) {
		next = stack[len(stack)-1]
		d.Redeem, stack = next, stack[:len(stack)-1]
	}
	if script.Classify(next) == script.TypeWitnessV0ScriptHash && lastNotEmpty(witness) {
		next = witness[len(witness)-1]
		d.WitnessScript, stack, inWitness = next, witness[:len(witness)-1], true
	}
	if _, keys, ok := script.Multisig(next); ok {
		s.match(i, d, stack, keys, next, inWitness)
	}
	return d
}

// match finds whose each signature on a stack is; signatures stand in the order of
// their keys.
func (s *Spender) match(i int, d *Data, stack, keys [][]byte, code []byte, witness bool) {
	first := 0
	for _, sig := range stack {
		for k := first; k < len(keys); k++ {
			key := PubKey(keys[k])
			_, have := d.Sigs[key.ID()]
			if have || s.signed(i, key, sig, code, witness) {
				emplace(&d.Sigs, key.ID(), Sig{key, sig})
				first = k + 1
				break
			}
		}
	}
}

// signed says whether sig, hash type included, is key's over code.
func (s *Spender) signed(i int, key PubKey, sig, code []byte, witness bool) bool {
	if len(sig) == 0 {
		return false
	}
	last := len(sig) - 1
	c := secp.Claim{Scheme: secp.ECDSA, Key: []byte(key), Sig: sig[:last]}
	if hashType := uint32(sig[last]); witness {
		c.Sum = s.hashes.Witness(i, code, hashType)
	} else {
		c.Sum = s.hashes.Legacy(i, code, hashType)
	}
	return c.Verify()
}

// pushes is what a signature script leaves on the stack, up to its first operation
// that does not push.
func pushes(s []byte) (stack [][]byte) {
	for len(s) > 0 {
		op, data, rest, ok := script.NextOp(s)
		switch {
		case !ok:
			return stack
		case op <= 0x4e:
			stack = append(stack, data)
		case op == op1Negate:
			stack = append(stack, []byte{0x81})
		case op >= op1 && op <= op1+15:
			stack = append(stack, []byte{op - op1 + 1})
		default:
			return stack
		}
		s = rest
	}
	return stack
}

func lastNotEmpty(stack [][]byte) bool {
	return len(stack) > 0 && len(stack[len(stack)-1]) > 0
}
