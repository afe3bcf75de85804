package script

import "encoding/binary"

// Limits of every script (Core's script/script.h).
const (
	maxScriptSize  = 10_000 // bytes of a script before tapscript
	maxElementSize = 520    // bytes of one stack item
	maxOps         = 201    // operations that push nothing, before tapscript
	maxMultisig    = 20     // keys of one CHECKMULTISIG
	maxStackSize   = 1_000  // items of stack and altstack together
)

// cursor walks a script's operations.
type cursor struct {
	script []byte
	pos    int // of the next operation
}

func (c *cursor) more() bool { return c.pos < len(c.script) }

// next reads one operation and what it pushes, nil for one that pushes no
// literal bytes. Not ok says that the push overruns the script; the cursor
// then stands still.
func (c *cursor) next() (op byte, data []byte, ok bool) {
	if !c.more() {
		return opInvalid, nil, false
	}
	op = c.script[c.pos]
	rest := c.script[c.pos+1:]
	if op > opPushData4 {
		c.pos++
		return op, nil, true
	}
	width, n := 0, uint64(op)
	switch {
	case op == opPushData1 && len(rest) >= 1:
		width, n = 1, uint64(rest[0])
	case op == opPushData2 && len(rest) >= 2:
		width, n = 2, uint64(binary.LittleEndian.Uint16(rest))
	case op == opPushData4 && len(rest) >= 4:
		width, n = 4, uint64(binary.LittleEndian.Uint32(rest))
	case op >= opPushData1:
		return opInvalid, nil, false
	}
	if n > uint64(len(rest)-width) {
		return opInvalid, nil, false
	}
	end := width + int(n)
	c.pos += 1 + end
	return op, rest[width:end:end], true
}

// NextOp takes the first operation off a script. data is what it pushes, nil for
// one that pushes no literal bytes; both alias s. Not ok: s is empty, or starts
// with a push that overruns it.
func NextOp(s []byte) (op byte, data, rest []byte, ok bool) {
	c := cursor{script: s}
	op, data, ok = c.next()
	return op, data, s[c.pos:], ok
}

// IsPushOnly says whether every operation of s pushes; like Core it counts
// OP_RESERVED among them. A malformed push is none.
func IsPushOnly(s []byte) bool {
	for c := (cursor{script: s}); c.more(); {
		if op, _, ok := c.next(); !ok || op > op16 {
			return false
		}
	}
	return true
}

// redeemScript is what a push-only signature script pushes last: for an output
// that IsP2SH, the script that must hash to it. Small number opcodes count as
// pushing nothing, as in Core's GetSigOpCount. Not ok: s does not only push.
func redeemScript(sig []byte) (redeem []byte, ok bool) {
	for c := (cursor{script: sig}); c.more(); {
		op, data, ok := c.next()
		if !ok || op > op16 {
			return nil, false
		}
		redeem = data
	}
	return redeem, true
}

// IsUnspendable says that no input can ever spend a script: OP_RETURN first,
// or longer than 10,000 bytes. Such outputs are never stored.
func IsUnspendable(s []byte) bool {
	return len(s) > 0 && s[0] == opReturn || len(s) > maxScriptSize
}

// AppendPush adds to dst the operation that pushes data by its length, never
// by a small number's opcode (Core's CScript << vector).
func AppendPush(dst, data []byte) []byte {
	n := len(data)
	switch {
	case n < opPushData1:
		dst = append(dst, byte(n))
	case n <= 0xff:
		dst = append(dst, opPushData1, byte(n))
	case n <= 0xffff:
		dst = binary.LittleEndian.AppendUint16(append(dst, opPushData2), uint16(n))
	default:
		dst = binary.LittleEndian.AppendUint32(append(dst, opPushData4), uint32(n))
	}
	return append(dst, data...)
}

// minimalPush says whether op is the shortest way to push data (BIP62 rule 3);
// op is at most OP_PUSHDATA4.
func minimalPush(op byte, data []byte) bool {
	switch n := len(data); {
	case n == 0:
		return op == op0
	case n == 1 && (data[0] >= 1 && data[0] <= 16 || data[0] == 0x81):
		return false
	case n < opPushData1:
		return int(op) == n
	case n <= 0xff:
		return op == opPushData1
	case n <= 0xffff:
		return op == opPushData2
	}
	return true
}
