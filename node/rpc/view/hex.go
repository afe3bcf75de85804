package view

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// pairs has the two hex digits of each byte, as they lie in memory, the first in
// the lower half.
var pairs = func() (out [256]uint16) {
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(hex.AppendEncode(nil, []byte{byte(i)}))
	}
	return out
}()

// appendHex is hex.AppendEncode, four bytes at a time, which takes half of the
// time: a block has millions of digits.
func appendHex(b, raw []byte) []byte {
	n := len(b)
	b = slices.Grow(b, 2*len(raw)+1)[:n+2*len(raw)] // and a quote
	out := b[n:]
	for len(raw) >= 4 && len(out) >= 8 {
		binary.LittleEndian.PutUint64(out, uint64(pairs[raw[0]])|uint64(pairs[raw[1]])<<16|uint64(pairs[raw[2]])<<32|uint64(pairs[raw[3]])<<48)
		raw, out = raw[4:], out[8:]
	}
	hex.Encode(out, raw)
	return b
}
