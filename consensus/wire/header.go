package wire

import "encoding/binary"

// HeaderSize is the length of an encoded header in bytes.
const HeaderSize = 80

// Header is a block header. Version is signed as in Bitcoin; Time is Unix
// seconds; Bits is the compact target (see package work).
type Header struct {
	Version int32
	Parent  Hash
	Merkle  Hash
	Time    uint32
	Bits    uint32
	Nonce   uint32
}

// ID hashes the header: the block's id.
func (h *Header) ID() Hash {
	var buf [HeaderSize]byte
	return DoubleSHA256(h.Append(buf[:0]))
}

// HeaderIDs hashes headers to dst, which is as long: two at a time, where the
// processor can.
func HeaderIDs(dst []Hash, hs []Header) {
	var h hasher
	var buf [2][HeaderSize]byte // a lane's bytes stay until both lanes are done
	for i := range hs {
		h.push(&dst[i], nil, hs[i].Append(buf[i%2][:0]), nil)
	}
	h.finish()
}

// Append adds the 80 encoded bytes to dst.
func (h *Header) Append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(h.Version))
	dst = append(dst, h.Parent[:]...)
	dst = append(dst, h.Merkle[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, h.Time)
	dst = binary.LittleEndian.AppendUint32(dst, h.Bits)
	return binary.LittleEndian.AppendUint32(dst, h.Nonce)
}
