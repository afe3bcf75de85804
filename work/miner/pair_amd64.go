//go:build !purego

package miner

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/quernnet/quern/work"
)

// pair hashes two nonces at a time with the processor's SHA instructions, whose
// latency it hides by taking turns (docs/adr/0006-nonce-search.md). It compares
// only the most significant 32 bits of a hash with the target; what passes,
// which is what meets the target and next to nothing else, the portable kernel
// judges.
type pair struct {
	consts [28]uint32 // of the header, as the assembly's generator names them
	top    uint32     // of the target
	judge  *portable
}

func newPair(header [HeaderSize]byte, target work.Target) *pair {
	k := &pair{top: uint32(target[3] >> 32), judge: newPortable(header, target)}
	mid := k.judge.midstate()
	var w [3]uint32 // the words before the nonce
	for i := range w {
		w[i] = binary.BigEndian.Uint32(header[sha256.BlockSize+4*i:])
	}
	s := firstRounds(mid, w)
	// Words 16 to 19 of the schedule, of 18 and 19 what the nonce adds to. Word 4
	// is the padding's first bit, word 15 the header's length in bits.
	const first, length = 0x80000000, 8 * HeaderSize
	w16 := w[0] + sigma0(w[1])
	w17 := w[1] + sigma0(w[2]) + sigma1(length)
	k.consts = [...]uint32{
		mid[5], mid[4], mid[1], mid[0],
		mid[7], mid[6], mid[3], mid[2],
		s[5], s[4], s[1], s[0],
		s[7], s[6], s[3], s[2],
		w16, w17, w[2] + sigma1(w16), sigma0(first) + sigma1(w17),
		first, 0, length, w16,
		0, 0, sigma0(length), length + sigma0(w16),
	}
	return k
}

func (k *pair) scan(from, n uint32) (nonce uint32, found bool) {
	for n >= 2 {
		passed := scanPairs(&k.consts, from, n/2, k.top)
		from += 2 * passed
		n -= 2 * passed
		if n < 2 {
			break
		}
		if nonce, found = k.judge.scan(from, 2); found {
			return nonce, true
		}
		from += 2
		n -= 2
	}
	return k.judge.scan(from, n)
}

// firstRounds does rounds 0 to 3 of SHA-256 (FIPS 180-4, section 6.2.2) with w
// and a zero as words of the schedule. Word 3 adds to the first and the fifth
// word of the state that comes out.
func firstRounds(s [8]uint32, w [3]uint32) [8]uint32 {
	constants := [...]uint32{0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5}
	for i, k := range constants {
		a, b, c, d, e, f, g, h := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
		t1 := h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (e&f ^ ^e&g) + k
		if i < len(w) {
			t1 += w[i]
		}
		t2 := (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + (a&b ^ a&c ^ b&c)
		s = [8]uint32{t1 + t2, a, b, c, d + t1, e, f, g}
	}
	return s
}

// sigma0 and sigma1 are σ0 and σ1 of the schedule (section 4.1.2).
func sigma0(w uint32) uint32 { return rotate(w, 7) ^ rotate(w, 18) ^ w>>3 }
func sigma1(w uint32) uint32 { return rotate(w, 17) ^ rotate(w, 19) ^ w>>10 }

func rotate(w uint32, n int) uint32 { return bits.RotateLeft32(w, -n) }
