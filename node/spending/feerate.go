package spending

import "fmt"

// Feerate is in satoshis per 1000 virtual bytes.
type Feerate int64

// Fee is what so many virtual bytes pay, rounded up.
func (f Feerate) Fee(vsize int64) int64 {
	n := int64(f) * vsize
	if n <= 0 {
		return n / 1000
	}
	return (n + 999) / 1000
}

// String writes satoshis per virtual byte, as Core does.
func (f Feerate) String() string { return fmt.Sprintf("%d.%03d sat/vB", int64(f)/1000, int64(f)%1000) }

// DustThreshold is the least value in satoshis of an output of outSize bytes that costs less to
// spend than it holds, at a feerate; an input of a witness program takes fewer bytes.
func DustThreshold(outSize int, witness bool, f Feerate) int64 {
	size := int64(outSize) + 32 + 4 + 1 + 107 + 4
	if witness {
		size = int64(outSize) + 32 + 4 + 1 + 107/4 + 4
	}
	return f.Fee(size)
}
