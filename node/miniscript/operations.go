package miniscript

import "github.com/quernnet/quern/consensus/script"

// operation is an opcode and what it pushes.
type operation struct {
	op   byte
	data []byte
}

// number is the number that the operation pushes.
func (o operation) number() (int64, bool) { return script.Number(o.op, o.data) }

// verifies are the operations that have VERIFY in them, and what they are without.
var verifies = map[byte]byte{
	opCheckSigVerify: opCheckSig, opCheckMultisigVerify: opCheckMultisig, opEqualVerify: opEqual, opNumEqualVerify: opNumEqual,
}

// operations takes a script apart, the last operation first, with VERIFY always
// an operation of its own. Pushes must be the shortest, and so must what ends in
// VERIFY.
func operations(s []byte) (list []operation, ok bool) {
	for len(s) > 0 {
		op, data, rest, ok := script.NextOp(s)
		if !ok {
			return nil, false
		}
		s = rest
		switch plain, verify := verifies[op]; {
		case verify:
			list = append(list, operation{op: plain}, operation{op: opVerify})
			continue
		case op <= opPushData4 && !script.MinimalPush(op, data):
			return nil, false
		case len(s) > 0 && s[0] == opVerify && (op == opCheckSig || op == opCheckMultisig || op == opEqual || op == opNumEqual):
			return nil, false
		}
		list = append(list, operation{op, data})
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list, true
}
