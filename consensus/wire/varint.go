package wire

import "encoding/binary"

// AppendVarint adds Bitcoin's compact size encoding of v to dst.
func AppendVarint(dst []byte, v uint64) []byte {
	switch {
	case v < 0xfd:
		return append(dst, byte(v))
	case v <= 0xffff:
		return binary.LittleEndian.AppendUint16(append(dst, 0xfd), uint16(v))
	case v <= 0xffffffff:
		return binary.LittleEndian.AppendUint32(append(dst, 0xfe), uint32(v))
	default:
		return binary.LittleEndian.AppendUint64(append(dst, 0xff), v)
	}
}

// VarintSize is the length of AppendVarint's encoding in bytes.
func VarintSize(v uint64) int {
	switch {
	case v < 0xfd:
		return 1
	case v <= 0xffff:
		return 3
	case v <= 0xffffffff:
		return 5
	default:
		return 9
	}
}

func appendBytes(dst, b []byte) []byte {
	return append(AppendVarint(dst, uint64(len(b))), b...)
}

// ReadVarint reads the compact size that b begins with, which must be encoded
// in its shortest form, and returns what follows it.
func ReadVarint(b []byte) (v uint64, rest []byte, err error) {
	r := reader{b: b}
	v = r.varint("compact size")
	return v, b[r.off:], r.err
}
