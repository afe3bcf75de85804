package gcs

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// writer appends bits, the most significant of each byte first.
type writer struct {
	b    []byte
	word uint64 // the next bits, from the top
	used uint   // how many of them, below 64
}

// bits appends the low n bits of v, n at most 32.
func (w *writer) bits(v uint64, n uint) {
	v &= 1<<n - 1
	free := 64 - w.used
	if n < free {
		w.word |= v << (free - n)
		w.used += n
		return
	}
	w.b = binary.BigEndian.AppendUint64(w.b, w.word|v>>(n-free))
	w.used = n - free
	w.word = v << (64 - w.used) // nothing where no bit is left
}

// unary appends q ones and a zero.
func (w *writer) unary(q uint64) {
	for ; q >= 32; q -= 32 {
		w.bits(1<<32-1, 32)
	}
	w.bits(1<<(q+1)-2, uint(q)+1)
}

// end pads the last byte with zeros.
func (w *writer) end() []byte {
	for ; w.used > 0; w.used -= min(8, w.used) {
		w.b = append(w.b, byte(w.word>>56))
		w.word <<= 8
	}
	return w.b
}

// reader reads them back.
type reader struct {
	b    []byte
	word uint64 // the next bits, from the top; zero below them
	have uint   // how many of them
}

// fill has at least 32 bits in word, or all that there are.
func (r *reader) fill() {
	for r.have <= 56 && len(r.b) > 0 {
		r.word |= uint64(r.b[0]) << (56 - r.have)
		r.b = r.b[1:]
		r.have += 8
	}
}

// left is how many bits have not been read.
func (r *reader) left() int { return 8*len(r.b) + int(r.have) }

// golomb reads one number: ones up to a zero, times 2^P, and P bits.
func (r *reader) golomb() (uint64, error) {
	quotient := uint64(0)
	for {
		r.fill()
		ones := uint(bits.LeadingZeros64(^r.word))
		if ones < r.have {
			quotient += uint64(ones)
			r.word <<= ones + 1 // shifting by 64 leaves nothing
			r.have -= ones + 1
			break
		}
		if quotient += uint64(r.have); len(r.b) == 0 {
			return 0, fmt.Errorf("%w: it ends in the midst of a number", ErrDamaged)
		}
		r.word, r.have = 0, 0
	}
	r.fill()
	if r.have < P {
		return 0, fmt.Errorf("%w: it ends in the midst of a number", ErrDamaged)
	}
	v := quotient<<P | r.word>>(64-P)
	r.word <<= P
	r.have -= P
	return v, nil
}
