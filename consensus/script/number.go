package script

import "math"

// number is what arithmetic works on: operands have at most four bytes,
// results may have five (Core's CScriptNum).
type number int64

const (
	numberSize   = 4 // bytes of an operand
	lockTimeSize = 5 // bytes of CHECKLOCKTIMEVERIFY's and CHECKSEQUENCEVERIFY's
)

// parseNumber reads little-endian bytes with a sign bit on top.
func parseNumber(b []byte, minimal bool, size int) (number, *Error) {
	n := len(b)
	if n > size {
		return 0, errNumber
	}
	if n == 0 {
		return 0, nil
	}
	top := b[n-1]
	if minimal && top&0x7f == 0 && (n == 1 || b[n-2]&0x80 == 0) {
		return 0, errNumber
	}
	v := number(top & 0x7f)
	for i := n - 2; i >= 0; i-- {
		v = v<<8 | number(b[i])
	}
	if top&0x80 != 0 {
		v = -v
	}
	return v, nil
}

// bytes is the shortest encoding; zero has no byte.
func (n number) bytes() []byte {
	if n == 0 {
		return nil
	}
	var b []byte
	v := uint64(max(n, -n))
	for ; v > 0; v >>= 8 {
		b = append(b, byte(v))
	}
	var sign byte
	if n < 0 {
		sign = 0x80
	}
	if b[len(b)-1]&0x80 != 0 {
		return append(b, sign)
	}
	b[len(b)-1] |= sign
	return b
}

// clamp fits n into 32 bits (Core's getint).
func (n number) clamp() int {
	return int(max(math.MinInt32, min(math.MaxInt32, n)))
}

// truth reads a stack item as a boolean: any bit but a lone sign bit is true.
func truth(b []byte) bool {
	for i, v := range b {
		if v != 0 {
			return i != len(b)-1 || v != 0x80
		}
	}
	return false
}

func boolean(v bool) []byte {
	if v {
		return []byte{1}
	}
	return nil
}

// AppendNumber adds to dst the shortest operation that pushes n: an opcode for
// 0 to 16 and -1, else a push (Core's CScript << int64).
func AppendNumber(dst []byte, n int64) []byte {
	switch {
	case n == 0:
		return append(dst, op0)
	case n == -1 || n >= 1 && n <= 16:
		return append(dst, byte(op1-1+n))
	}
	return AppendPush(dst, number(n).bytes())
}

// Number is the number that an operation pushes, data being its literal bytes:
// up to 4, minimally pushed and minimally encoded.
func Number(op byte, data []byte) (n int64, ok bool) {
	switch {
	case op >= op1 && op <= op16:
		return int64(op) - (op1 - 1), true
	case op > opPushData4 || !minimalPush(op, data):
		return 0, false
	}
	v, err := parseNumber(data, true, numberSize)
	return int64(v), err == nil
}

// MinimalPush says whether op is the shortest way to push data (BIP62); op is
// at most OP_PUSHDATA4.
func MinimalPush(op byte, data []byte) bool { return minimalPush(op, data) }
