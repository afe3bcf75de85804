package consensus

// PackAmount makes round amounts small numbers, as Bitcoin Core's database does
// (compressor.cpp): amounts have few significant decimal digits. n is at most
// MaxMoney, far below where this would overflow.
//
// With e trailing zeros (at most 9) and last other digit d, the amount is
// (10q+d)·10^e; packed it is 1 + 10(9q+d-1) + e, or 1 + 10(q-1) + 9 for e = 9,
// where d may be zero.
func PackAmount(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	e := uint64(0)
	for n%10 == 0 && e < 9 {
		n /= 10
		e++
	}
	if e == 9 {
		return 1 + 10*(n-1) + 9
	}
	return 1 + 10*(9*(n/10)+n%10-1) + e
}

// UnpackAmount is PackAmount's inverse. What no amount packs to comes to some number or other.
func UnpackAmount(x uint64) uint64 {
	if x == 0 {
		return 0
	}
	x--
	e := x % 10
	x /= 10
	n := x + 1
	if e < 9 {
		n = x/9*10 + x%9 + 1
	}
	for range e {
		n *= 10
	}
	return n
}
