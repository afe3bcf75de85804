package work

import (
	"fmt"
	"math/bits"
	"strconv"
)

// Work is an expected number of hashes, cumulative or of one block, least
// significant limb first.
type Work [4]uint64

// Work is the number of hashes expected to meet b: 2^256/(target+1), zero when
// b is not a target.
func (b Bits) Work() Work {
	t, ok := b.target()
	if !ok {
		return Work{}
	}
	if size := uint(b >> 24); size >= 20 {
		return workOf(uint64(b&mantissa), 8*(size-3))
	}
	// 2^256 has no room in four limbs, but 2^256/(t+1) is
	// (2^256-t-1)/(t+1)+1, and 2^256-t-1 is t's complement. No compact target is
	// 2^256-1, so that t+1 does not wrap.
	rest := [4]uint64{^t[0], ^t[1], ^t[2], ^t[3]}
	next, _ := add(t, [4]uint64{1})
	w, _ := add(divide(rest, next), [4]uint64{1})
	return w
}

// workOf is 2^256/(t+1) for t = word * 2^shift, shift above 128: what all chains
// have had. Then 2^256/t, rounded down, is below 2^shift. It is too much, by
// one, only if it is exact: the quotient is then what t+1 has more than there is.
func workOf(word uint64, shift uint) (w Work) {
	var all [2]uint64 // 2^(256-shift)
	all[(256-shift)/64] = 1 << ((256 - shift) % 64)
	w[1] = all[1] / word
	var rest, borrow uint64
	w[0], rest = bits.Div64(all[1]%word, all[0], word)
	if rest == 0 {
		w[0], borrow = bits.Sub64(w[0], 1, 0)
		w[1] -= borrow
	}
	return w
}

// Add returns w+o, saturating at 2^256-1.
func (w Work) Add(o Work) Work {
	sum, carry := add(w, o)
	if carry != 0 {
		return Work{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	}
	return sum
}

// Sub returns w-o, zero when o is larger.
func (w Work) Sub(o Work) (d Work) {
	var borrow uint64
	for i := range w {
		d[i], borrow = bits.Sub64(w[i], o[i], borrow)
	}
	if borrow != 0 {
		return Work{}
	}
	return d
}

// Times returns n times w, or the most there is if that overflows.
func (w Work) Times(n uint64) Work {
	p := scale(w, n)
	if p[4] != 0 {
		return Work{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	}
	return Work(p[:4])
}

// Cmp returns -1, 0 or 1 as w is less than, equal to or more than o.
func (w Work) Cmp(o Work) int { return compare(w, o) }

// String writes 64 hex digits, most significant first, as bitcoind's
// "chainwork".
func (w Work) String() string { return hex256(w) }

// ParseWork reads 1 to 64 hex digits, most significant first.
func ParseWork(s string) (Work, error) {
	if len(s) == 0 || len(s) > 64 {
		return Work{}, fmt.Errorf("work %.70q has %d digits, want 1 to 64 hex digits", s, len(s))
	}
	var w Work
	for i, rest := 0, s; len(rest) > 0; i++ {
		cut := max(0, len(rest)-16)
		limb, err := strconv.ParseUint(rest[cut:], 16, 64)
		if err != nil {
			return Work{}, fmt.Errorf("work %q is not a hex number", s)
		}
		w[i], rest = limb, rest[:cut]
	}
	return w, nil
}
