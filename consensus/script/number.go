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
