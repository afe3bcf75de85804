package secp

import "math/bits"

// digit is an odd digit, negative ones too, and its place in bits.
type digit struct{ at, d int16 }

// digits writes k in width-w non-adjacent form: odd digits of w bits, sign
// included, at least w places apart. At most 129/w + 1 of them; lowest first.
func (k *short) digits(dst []digit, w int) []digit {
	lo, hi := k.v[0], k.v[1]
	var carry uint64
	for at := 0; at < 128; {
		// A carry turns ones into zeros as it passes them.
		skip := trailingZeros128(lo^-carry, hi^-carry)
		if skip > 0 {
			if at += skip; at >= 128 {
				break
			}
			lo, hi = shiftRight128(lo, hi, skip)
		}
		d := int64(lo&(1<<w-1)) + int64(carry)
		carry = uint64(d>>(w-1)) & 1
		d -= int64(carry) << w
		if k.neg {
			d = -d
		}
		dst = append(dst, digit{int16(at), int16(d)})
		lo, hi = shiftRight128(lo, hi, w)
		at += w
	}
	if carry == 1 {
		d := int16(1)
		if k.neg {
			d = -1
		}
		dst = append(dst, digit{128, d})
	}
	return dst
}

func trailingZeros128(lo, hi uint64) int {
	if lo != 0 {
		return bits.TrailingZeros64(lo)
	}
	return 64 + bits.TrailingZeros64(hi)
}

// shiftRight128 shifts by 1 to 127.
func shiftRight128(lo, hi uint64, n int) (uint64, uint64) {
	if n >= 64 {
		return hi >> (n - 64), 0
	}
	return lo>>n | hi<<(64-n), hi >> n
}
