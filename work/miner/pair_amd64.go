//go:build !purego

package miner

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/quernnet/quern/work"
)

// newPair hashes two nonces at a time with the processor's SHA instructions,
// whose latency it hides by taking turns (docs/adr/0006-nonce-search.md).
func newPair(header [HeaderSize]byte, target work.Target) kernel {
	judge := newPortable(header, target)
	consts, top := pairConsts(judge, header), uint32(target[3]>>32)
	return &early{2, func(from, groups uint32) uint32 { return scanPairs(&consts, from, groups, top) }, judge}
}

// pairConsts are of the header, as the assembly's generator names them.
func pairConsts(judge *portable, header [HeaderSize]byte) [28]uint32 {
	mid := state(judge.midstate())
	var w [4]uint32 // the words before the nonce, and a zero
	for i := range 3 {
		w[i] = binary.BigEndian.Uint32(header[sha256.BlockSize+4*i:])
	}
	s := mid
	for i := range w {
		s = s.round(constants[i] + w[i]) // word 3 adds to the first and the fifth word
	}
	// Words 16 to 19 of the schedule, of 18 and 19 what the nonce adds to. Word 4
	// is the padding's first bit, word 15 the header's length in bits.
	const first, length = 0x80000000, 8 * HeaderSize
	w16 := w[0] + sigma0(w[1])
	w17 := w[1] + sigma0(w[2]) + sigma1(length)
	return [...]uint32{
		mid[5], mid[4], mid[1], mid[0],
		mid[7], mid[6], mid[3], mid[2],
		s[5], s[4], s[1], s[0],
		s[7], s[6], s[3], s[2],
		w16, w17, w[2] + sigma1(w16), sigma0(first) + sigma1(w17),
		first, 0, length, w16,
		0, 0, sigma0(length), length + sigma0(w16),
	}
}
