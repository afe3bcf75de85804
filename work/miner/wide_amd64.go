//go:build !purego

package miner

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/quernnet/quern/work"
)

// table is what a kernel with a word of SHA-256 in each register must be told of a
// header: all that does not vary with the nonce, added up as far as it goes. The
// word of hash h, kind k and round or place t is at h*256 + k*64 + t; the
// assembly's generator has the same kinds and places.
type table [512]uint32

// Kinds of words in a table, and places among the states after those of A to H.
const (
	adds   = iota // what round t adds: its constant, what is known of its word and of H
	addsE         // the same and D, where both are known
	known         // what is known of word t of the schedule
	states        // A to H before the first round that is not known

	stateAfter = 8 // first hash: the eight words to add to its last state
	stateLast  = 8 // second hash: what to add to E after round 60
	stateTop   = 9 // the target's most significant 32 bits
)

func newTable(judge *portable, header [HeaderSize]byte, target work.Target) *table {
	t := new(table)
	mid := state(judge.midstate())
	words := [16]uint32{4: 0x80000000, 15: 8 * HeaderSize} // the padding's first bit, the length in bits
	for i := range 3 {
		words[i] = binary.BigEndian.Uint32(header[sha256.BlockSize+4*i:])
	}
	t.fill(0, mid, words, func(i int) bool { return i != 3 })
	copy(t.of(0, states)[stateAfter:], mid[:])

	words = [16]uint32{8: 0x80000000, 15: 8 * sha256.Size}
	t.fill(1, initial, words, func(i int) bool { return i > 7 })
	t.of(1, states)[stateLast] = initial[7]
	t.of(1, states)[stateTop] = uint32(target[3] >> 32)
	return t
}

func (t *table) of(hash, kind int) []uint32 { return t[hash*256+kind*64:][:64] }

// fill works out what is known of a hash that begins with a state and 16 words,
// of which those that vary are zero.
func (t *table) fill(hash int, s state, words [16]uint32, isKnown func(int) bool) {
	w, fixed := schedule(words, isKnown)
	first := 0
	for fixed[first] {
		s = s.round(constants[first] + w[first])
		first++
	}
	s = s.round(constants[first]) // the word that varies adds to A and E
	copy(t.of(hash, states), s[:])
	for i := range constants {
		t.of(hash, known)[i] = w[i]
		t.of(hash, adds)[i] = constants[i]
		if fixed[i] {
			t.of(hash, adds)[i] += w[i]
		}
	}
	for i := range 3 { // the rounds whose D and H are in s
		add := &t.of(hash, adds)[first+1+i]
		*add += s[7-i]
		t.of(hash, addsE)[first+1+i] = *add + s[3-i]
	}
}

// schedule extends 16 words to 64 (section 6.2.2). Where a word is not fixed, w
// has the sum of its fixed parts.
func schedule(words [16]uint32, isKnown func(int) bool) (w [64]uint32, fixed [64]bool) {
	copy(w[:], words[:])
	for i := range w {
		if i < 16 {
			fixed[i] = isKnown(i)
			continue
		}
		fixed[i] = true
		for _, part := range []struct {
			of int
			by func(uint32) uint32
		}{{i - 16, nil}, {i - 7, nil}, {i - 15, sigma0}, {i - 2, sigma1}} {
			switch {
			case !fixed[part.of]:
				fixed[i] = false
			case part.by == nil:
				w[i] += w[part.of]
			default:
				w[i] += part.by(w[part.of])
			}
		}
	}
	return w, fixed
}

// newSixteens hashes 16 nonces at a time by AVX-512.
func newSixteens(header [HeaderSize]byte, target work.Target) kernel {
	judge := newPortable(header, target)
	t := (*[512]uint32)(newTable(judge, header, target))
	return &early{16, func(from, groups uint32) uint32 { return scanSixteens(t, from, groups) }, judge}
}

// newEights hashes eight at a time by AVX2, whose instructions take a constant
// from memory only if it stands there once a lane.
func newEights(header [HeaderSize]byte, target work.Target) kernel {
	judge := newPortable(header, target)
	var spread [512 * 8]uint32
	for i, w := range newTable(judge, header, target) {
		for lane := range 8 {
			spread[8*i+lane] = w
		}
	}
	return &early{8, func(from, groups uint32) uint32 { return scanEights(&spread, from, groups) }, judge}
}
