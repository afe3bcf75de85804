package wire

import (
	"crypto/sha256"
	"hash"
)

// portable double-hashes messages in parts with crypto/sha256. The zero value is
// ready.
type portable struct{ h hash.Hash }

func (p *portable) double(dst *Hash, parts ...[]byte) {
	if p.h == nil {
		p.h = sha256.New()
	}
	p.h.Reset()
	for _, part := range parts {
		p.h.Write(part)
	}
	first := Hash(p.h.Sum(dst[:0]))
	*dst = sha256.Sum256(first[:])
}

// portableNodes hashes twice each two hashes of src, to dst, which may be src.
func portableNodes(dst, src []Hash) {
	var pair [2 * HashSize]byte
	for i := range dst {
		copy(pair[:HashSize], src[2*i][:])
		copy(pair[HashSize:], src[2*i+1][:])
		first := sha256.Sum256(pair[:])
		dst[i] = sha256.Sum256(first[:])
	}
}
