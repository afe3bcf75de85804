package script

import (
	"encoding/hex"
	"strconv"
)

// hashTypeNames are the suffixes of signatures in Core's assembly.
var hashTypeNames = map[byte]string{
	hashAll: "ALL", hashAll | anyoneCanPay: "ALL|ANYONECANPAY",
	hashNone: "NONE", hashNone | anyoneCanPay: "NONE|ANYONECANPAY",
	hashSingle: "SINGLE", hashSingle | anyoneCanPay: "SINGLE|ANYONECANPAY",
}

// Disasm writes a script as Core does (ScriptToAsmStr): pushes of up to four
// bytes as numbers, longer ones in hex, a malformed rest as [error].
func Disasm(s []byte) string { return disasm(s, false) }

// DisasmSig is Disasm for signature scripts: the hash type of what looks like a
// signature is written out, as in "3045…[ALL]".
func DisasmSig(s []byte) string { return disasm(s, !IsUnspendable(s)) }

func disasm(s []byte, sigs bool) string {
	var out []byte
	for c := (cursor{script: s}); c.more(); {
		if len(out) > 0 {
			out = append(out, ' ')
		}
		op, data, ok := c.next()
		switch {
		case !ok:
			return string(append(out, "[error]"...))
		case op <= opPushData4 && len(data) <= numberSize:
			n, _ := parseNumber(data, false, numberSize)
			out = strconv.AppendInt(out, int64(n), 10)
		case op <= opPushData4:
			out = appendData(out, data, sigs)
		case opcodeNames[op] != "":
			out = append(out, opcodeNames[op]...)
		default:
			out = append(out, "OP_UNKNOWN"...)
		}
	}
	return string(out)
}

// appendData writes a push of more than four bytes.
func appendData(out, data []byte, sigs bool) []byte {
	if sigs && checkSigEncoding(data, StrictEnc) == nil {
		last := len(data) - 1
		out = hex.AppendEncode(out, data[:last])
		return append(append(append(out, '['), hashTypeNames[data[last]]...), ']')
	}
	return hex.AppendEncode(out, data)
}
