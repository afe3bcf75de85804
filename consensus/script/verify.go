package script

import (
	"bytes"
	"crypto/sha256"

	"github.com/quernnet/quern/consensus/wire"
)

// input is one check on its way through the interpreter.
type input struct {
	Check
	b *Batch // verifies its signatures
}

// interpret checks an input by the package's own interpreter (Core's
// VerifyScript).
func (c input) interpret() *Error {
	in, prev := &c.Tx.Ins[c.In], c.Coins[c.In].Script
	if c.Flags&SigPushOnly != 0 && !IsPushOnly(in.Script) {
		return errSigPushOnly
	}
	m := &machine{Spend: c.Spend, in: c.In, b: c.b}
	if err := m.run(in.Script); err != nil {
		return err
	}
	pushed := append([][]byte(nil), m.stack...)
	if err := m.runTrue(prev); err != nil {
		return err
	}
	witnessed := false
	if version, program, ok := WitnessProgram(prev); ok && c.Flags&Witness != 0 {
		if len(in.Script) > 0 {
			return errMalleated
		}
		if err := c.runProgram(version, program, false); err != nil {
			return err
		}
		witnessed = true
	}
	if c.Flags&P2SH != 0 && IsP2SH(prev) {
		if !IsPushOnly(in.Script) {
			return errSigPushOnly
		}
		m.stack = pushed
		nested, err := c.runRedeem(m)
		if err != nil {
			return err
		}
		witnessed = nested
	}
	if c.Flags&CleanStack != 0 && !witnessed && len(m.stack) != 1 {
		return errCleanStack
	}
	if c.Flags&Witness != 0 && !witnessed && len(in.Witness) > 0 {
		return errWitnessUnexpected
	}
	return nil
}

// runTrue runs a script that must leave true on top.
func (m *machine) runTrue(script []byte) *Error {
	if err := m.run(script); err != nil {
		return err
	}
	if len(m.stack) == 0 || !truth(m.top(0)) {
		return errFalse
	}
	return nil
}

// runRedeem runs a P2SH redeem script, the topmost item (BIP16), and the
// witness program it may be.
func (c input) runRedeem(m *machine) (witnessed bool, err *Error) {
	redeem := m.top(0)
	m.drop(1)
	if err := m.runTrue(redeem); err != nil {
		return false, err
	}
	version, program, ok := WitnessProgram(redeem)
	if !ok || c.Flags&Witness == 0 {
		return false, nil
	}
	if !bytes.Equal(c.Tx.Ins[c.In].Script, AppendPush(nil, redeem)) {
		return false, errMalleatedP2SH
	}
	return true, c.runProgram(version, program, true)
}

// runProgram checks a witness against a program (Core's VerifyWitnessProgram).
func (c input) runProgram(version int, program []byte, nested bool) *Error {
	witness := c.Tx.Ins[c.In].Witness
	switch {
	case version == 0 && len(program) == scriptHashSize:
		if len(witness) == 0 {
			return errProgramEmpty
		}
		last := len(witness) - 1
		if sum := sha256.Sum256(witness[last]); !bytes.Equal(sum[:], program) {
			return errProgramMismatch
		}
		return c.runWitness(witness[:last], witness[last], witnessV0, nil)
	case version == 0 && len(program) == keyHashSize:
		if len(witness) != 2 {
			return errProgramMismatch
		}
		return c.runWitness(witness, payToKeyHash(program), witnessV0, nil)
	case version == 0:
		return errProgramLength
	case version == 1 && len(program) == taprootKeySize && !nested:
		if c.Flags&Taproot == 0 {
			return nil
		}
		return c.runTaproot(witness, program)
	case isAnchor(version, program) && !nested:
		return nil
	case c.Flags&DiscourageUpgradableWitness != 0:
		return errUpgradableWitness
	}
	return nil
}

// payToKeyHash is the script that a P2WPKH program stands for, and the one of
// a P2PKH output.
func payToKeyHash(hash []byte) []byte {
	return appendPayToKeyHash(make([]byte, 0, 25), hash)
}

func appendPayToKeyHash(s, hash []byte) []byte {
	return append(append(append(s, opDup, opHash160, keyHashSize), hash...), opEqualVerify, opCheckSig)
}

// runTaproot spends a taproot output by its key or by a leaf script (BIP341).
func (c input) runTaproot(witness [][]byte, program []byte) *Error {
	if len(witness) == 0 {
		return errProgramEmpty
	}
	weight := witnessSize(witness) + sigWeight
	witness, annex := cutAnnex(witness)
	ctx := &tapContext{annex: annex, codeSep: noCodeSep, weight: weight}
	if len(witness) == 1 {
		return c.b.checkSchnorr(c.Spend, c.In, witness[0], program, ctx)
	}
	n := len(witness)
	stack, leaf, control := witness[:n-2], witness[n-2], witness[n-1]
	if size := len(control); size < controlBase || size > controlBase+controlNode*controlDepth ||
		(size-controlBase)%controlNode != 0 {
		return errControlSize
	}
	version := control[0] & leafMask
	ctx.script, ctx.leaf = true, leafHash(version, leaf)
	if !c.b.committed(control, program, ctx.leaf) {
		return errProgramMismatch
	}
	switch {
	case version == leafTapscript:
		return c.runTapscript(stack, leaf, ctx)
	case c.Flags&DiscourageUpgradableTaproot != 0:
		return errUpgradableTaproot
	}
	return nil
}

// witnessSize is a witness's encoded length in bytes.
func witnessSize(witness [][]byte) int {
	n := wire.VarintSize(uint64(len(witness)))
	for _, item := range witness {
		n += wire.VarintSize(uint64(len(item))) + len(item)
	}
	return n
}

// runTapscript lets an OP_SUCCESSx succeed before any other rule (BIP342).
func (c input) runTapscript(stack [][]byte, script []byte, ctx *tapContext) *Error {
	for at := (cursor{script: script}); at.more(); {
		op, _, ok := at.next()
		switch {
		case !ok:
			return errBadOpcode
		case isOpSuccess(op) && c.Flags&DiscourageOpSuccess != 0:
			return errOpSuccess
		case isOpSuccess(op):
			return nil
		}
	}
	if len(stack) > maxStackSize {
		return errStackSize
	}
	return c.runWitness(stack, script, tapscript, ctx)
}

// runWitness runs a script on a witness; exactly one true item must remain.
func (c input) runWitness(stack [][]byte, script []byte, v sigVersion, ctx *tapContext) *Error {
	for _, item := range stack {
		if len(item) > maxElementSize {
			return errPushSize
		}
	}
	m := &machine{Spend: c.Spend, in: c.In, b: c.b, version: v, tap: ctx}
	m.stack = append(m.stack, stack...)
	if err := m.run(script); err != nil {
		return err
	}
	switch {
	case len(m.stack) != 1:
		return errCleanStack
	case !truth(m.top(0)):
		return errFalse
	}
	return nil
}
