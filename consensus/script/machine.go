package script

// sigVersion says by which rules a script runs.
type sigVersion uint8

const (
	legacy    sigVersion = iota // signature script, output script, P2SH redeem script
	witnessV0                   // BIP141 and BIP143
	tapscript                   // BIP342
)

// machine runs scripts on one stack. Stack items are never written to, so that
// they may alias scripts, witnesses and each other.
type machine struct {
	*Spend
	in      int
	b       *Batch // verifies signatures
	version sigVersion
	tap     *tapContext // in tapscript

	stack [][]byte

	// Of the script being run:
	alt   [][]byte
	at    cursor
	code  int // where its signed part starts: after the last executed OP_CODESEPARATOR
	pos   uint32
	cond  branches
	count int // operations that push nothing, and keys of CHECKMULTISIG
}

// branches is the stack of IFs as far as it can be observed: how deep, and
// where the first branch not taken is.
type branches struct {
	depth int
	off   int // depth of the first branch not taken; 0 when all are
}

func (b *branches) taken() bool { return b.off == 0 }

func (b *branches) open(v bool) {
	b.depth++
	if !v && b.off == 0 {
		b.off = b.depth
	}
}

func (b *branches) flip() {
	switch b.off {
	case 0:
		b.off = b.depth
	case b.depth:
		b.off = 0
	}
}

func (b *branches) close() {
	if b.off == b.depth {
		b.off = 0
	}
	b.depth--
}

// run executes one script on the machine's stack (Core's EvalScript).
func (m *machine) run(script []byte) *Error {
	if m.version != tapscript && len(script) > maxScriptSize {
		return errScriptSize
	}
	m.alt, m.at, m.code, m.pos = nil, cursor{script: script}, 0, 0
	m.cond, m.count = branches{}, 0
	for ; m.at.more(); m.pos++ {
		if err := m.step(); err != nil {
			return err
		}
		if len(m.stack)+len(m.alt) > maxStackSize {
			return errStackSize
		}
	}
	if m.cond.depth > 0 {
		return errConditional
	}
	return nil
}

// step executes the next operation, or passes over it in a branch not taken.
func (m *machine) step() *Error {
	op, data, ok := m.at.next()
	switch {
	case !ok:
		return errBadOpcode
	case len(data) > maxElementSize:
		return errPushSize
	}
	if op > op16 && m.version != tapscript {
		if m.count++; m.count > maxOps {
			return errOpCount
		}
	}
	switch {
	case isDisabled(op):
		return errDisabledOpcode
	case op == opCodeSeparator && m.version == legacy && m.Flags&ConstScriptCode != 0:
		return errCodeSeparator
	case op >= opIf && op <= opEndIf:
		return m.branch(op)
	case !m.cond.taken():
		return nil
	case op <= opPushData4:
		if m.Flags&MinimalData != 0 && !minimalPush(op, data) {
			return errMinimalData
		}
		m.push(data)
		return nil
	}
	return m.execute(op)
}

// isDisabled knows the opcodes that fail a script even where they are not
// reached (CVE-2010-5137).
func isDisabled(op byte) bool {
	switch op {
	case opCat, opSubstr, opLeft, opRight, opInvert, opAnd, opOr, opXor,
		op2Mul, op2Div, opMul, opDiv, opMod, opLShift, opRShift:
		return true
	}
	return false
}

// execute runs an operation that neither pushes literal bytes nor branches.
func (m *machine) execute(op byte) *Error {
	switch {
	case op == op1Negate, op >= op1 && op <= op16:
		m.push((number(op) - (op1 - 1)).bytes())
		return nil
	case op >= opNop1 && op <= opNop10, op == opNop:
		return m.nop(op)
	case shuffles[op].need > 0:
		return m.shuffle(shuffles[op])
	case op >= op1Add && op <= op0NotEqual:
		return m.unary(op)
	case op >= opAdd && op <= opMax:
		return m.binary(op)
	case op >= opRipemd160 && op <= opHash256:
		return m.hash(op)
	}
	switch op {
	case opVerify:
		return m.verify(errVerify)
	case opReturn:
		return errReturn
	case opToAltStack, opFromAltStack:
		return m.altStack(op)
	case opIfDup:
		return m.ifDup()
	case opDepth:
		m.push(number(len(m.stack)).bytes())
		return nil
	case opPick, opRoll:
		return m.pick(op == opRoll)
	case opSize:
		return m.size()
	case opEqual, opEqualVerify:
		return m.equal(op == opEqualVerify)
	case opWithin:
		return m.within()
	}
	return m.executeSig(op)
}

func (m *machine) executeSig(op byte) *Error {
	switch op {
	case opCodeSeparator:
		m.code = m.at.pos
		if m.tap != nil {
			m.tap.codeSep = m.pos
		}
		return nil
	case opCheckSig, opCheckSigVerify:
		return m.checkSig(op == opCheckSigVerify)
	case opCheckSigAdd:
		return m.checkSigAdd()
	case opCheckMultisig, opCheckMultisigVerify:
		return m.checkMultisig(op == opCheckMultisigVerify)
	}
	return errBadOpcode
}

// branch runs OP_IF to OP_ENDIF, taken or not. OP_VERIF and OP_VERNOTIF stand
// among them and fail a script wherever they do.
func (m *machine) branch(op byte) *Error {
	switch op {
	case opIf, opNotIf:
		if !m.cond.taken() {
			m.cond.open(false)
			return nil
		}
		v, err := m.condition()
		if err != nil {
			return err
		}
		m.cond.open(v == (op == opIf))
		return nil
	case opElse, opEndIf:
		if m.cond.depth == 0 {
			return errConditional
		}
		if op == opElse {
			m.cond.flip()
		} else {
			m.cond.close()
		}
		return nil
	}
	return errBadOpcode
}

// condition pops OP_IF's argument. In tapscript it must be minimal, in witness
// version 0 under MinimalIf.
func (m *machine) condition() (bool, *Error) {
	if len(m.stack) < 1 {
		return false, errStack
	}
	arg := m.top(0)
	if len(arg) > 1 || len(arg) == 1 && arg[0] != 1 {
		switch {
		case m.version == tapscript:
			return false, errTapMinimalIf
		case m.version == witnessV0 && m.Flags&MinimalIf != 0:
			return false, errMinimalIf
		}
	}
	m.drop(1)
	return truth(arg), nil
}

// nop runs the opcodes that do nothing, or that soft forks gave a meaning.
func (m *machine) nop(op byte) *Error {
	switch {
	case op == opNop:
		return nil
	case op == opCheckLockTime:
		if m.Flags&CheckLockTime == 0 {
			return nil
		}
		return m.checkLockTime()
	case op == opCheckSequence:
		if m.Flags&CheckSequence == 0 {
			return nil
		}
		return m.checkSequence()
	case m.Flags&DiscourageUpgradableNops != 0:
		return errUpgradableNops
	}
	return nil
}
