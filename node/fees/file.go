package fees

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// The file has the format of Bitcoin Core's fee_estimates.dat, little-endian: version, height of the
// highest block, first and last height of the history, the buckets' bounds, then
// each horizon (medium, short, long): decay, scale, sums of feerates, counts
// seen, counts mined in time, counts that failed. Lists begin with a CompactSize, floating-point
// numbers are IEEE 754 bits.

// version is Core 31's. A later one is not read.
const version = 309900

// Bounds of what is read.
const (
	maxBuckets = 1000
	maxDelay   = 1008    // blocks
	maxFile    = 1 << 22 // bytes
)

var fileOrder = [...]Horizon{Medium, Short, Long}

// Append adds the history's encoding to b.
func (e *Estimator) Append(b []byte) []byte {
	first, best := e.pastFirst, e.pastBest
	if e.span() > e.pastSpan()/2 {
		first, best = e.first, e.best
	}
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, e.best)
	b = binary.LittleEndian.AppendUint32(b, first)
	b = binary.LittleEndian.AppendUint32(b, best)
	b = appendFloats(b, e.buckets)
	for _, h := range fileOrder {
		s := e.stats[h]
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.decay))
		b = binary.LittleEndian.AppendUint32(b, uint32(s.scale))
		b = appendFloats(b, s.feerates)
		b = appendFloats(b, s.seen)
		b = appendTable(b, s.mined)
		b = appendTable(b, s.failed)
	}
	return b
}

func appendTable(b []byte, rows [][]float64) []byte {
	b = appendCount(b, len(rows))
	for _, r := range rows {
		b = appendFloats(b, r)
	}
	return b
}

func appendFloats(b []byte, v []float64) []byte {
	b = appendCount(b, len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	}
	return b
}

// appendCount writes a CompactSize; lists here have fewer than 65536 elements.
func appendCount(b []byte, n int) []byte {
	if n < 253 {
		return append(b, byte(n))
	}
	return binary.LittleEndian.AppendUint16(append(b, 253), uint16(n))
}

// ErrVersion says that the history was written in another format.
var ErrVersion = errors.New("the fee history has another version's format")

// Decode reads a history that Append or Bitcoin Core 31 wrote.
func Decode(raw []byte) (*Estimator, error) {
	d := decoder{rest: raw}
	if v := d.uint32(); d.err == nil && v != version {
		return nil, fmt.Errorf("%w: %d, this one is %d", ErrVersion, v, version)
	}
	e := New()
	e.best, e.pastFirst, e.pastBest = d.uint32(), d.uint32(), d.uint32()
	if e.pastFirst > e.pastBest || e.pastBest > e.best {
		d.fail("heights %d to %d of %d", e.pastFirst, e.pastBest, e.best)
	}
	e.buckets = d.floats(maxBuckets)
	if n := len(e.buckets); d.err == nil && (n < 2 || !slices.IsSorted(e.buckets) || e.buckets[n-1] < boundless) {
		d.fail("%d buckets, which should be 2 or more in ascending order, the last without bound", n)
	}
	for _, h := range fileOrder {
		e.stats[h] = d.stats(len(e.buckets))
	}
	if d.err == nil && len(d.rest) > 0 {
		d.fail("%d bytes too many", len(d.rest))
	}
	if d.err == nil && (e.Highest(Short) > e.Highest(Medium) || e.Highest(Medium) > e.Highest(Long)) {
		d.fail("horizons of %d, %d and %d blocks are out of order", e.Highest(Short), e.Highest(Medium), e.Highest(Long))
	}
	if d.err != nil {
		return nil, d.err
	}
	return e, nil
}

// decoder reads from rest until something is wrong.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("fee history: "+format, args...)
	}
}

func (d *decoder) take(n int) []byte {
	if len(d.rest) < n {
		d.fail("ends %d bytes too early", n-len(d.rest))
	}
	if d.err != nil {
		return make([]byte, 8)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) uint32() uint32 { return binary.LittleEndian.Uint32(d.take(4)) }

// float reads a number that is finite and not negative, as all of a history are.
func (d *decoder) float() float64 {
	f := math.Float64frombits(binary.LittleEndian.Uint64(d.take(8)))
	if !(f >= 0 && f <= math.MaxFloat64) {
		d.fail("%v is no count", f)
		return 0
	}
	return f
}

func (d *decoder) count(most int) int {
	n := int(d.take(1)[0])
	if n >= 253 {
		if n > 253 {
			d.fail("a list is too long")
			return 0
		}
		if n = int(binary.LittleEndian.Uint16(d.take(2))); n < 253 {
			d.fail("a count is not written shortest")
		}
	}
	if n > most {
		d.fail("a list of %d elements, at most %d are allowed", n, most)
	}
	if d.err != nil {
		return 0
	}
	return n
}

func (d *decoder) floats(most int) []float64 {
	n := d.count(most)
	if len(d.rest) < 8*n {
		d.fail("ends too early")
		return nil
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = d.float()
	}
	return v
}

// row reads exactly n numbers.
func (d *decoder) row(n int) []float64 {
	v := d.floats(n)
	if d.err == nil && len(v) != n {
		d.fail("%d counts for %d buckets", len(v), n)
	}
	return v
}

func (d *decoder) table(buckets, most int) [][]float64 {
	rows := make([][]float64, d.count(most))
	for i := range rows {
		rows[i] = d.row(buckets)
	}
	return rows
}

func (d *decoder) stats(buckets int) *stats {
	s := &stats{decay: d.float(), scale: int(d.uint32())}
	if d.err == nil && (s.decay <= 0 || s.decay >= 1 || s.scale < 1 || s.scale > maxDelay) {
		d.fail("a decay of %v and a scale of %d", s.decay, s.scale)
	}
	s.feerates, s.seen = d.row(buckets), d.row(buckets)
	s.mined = d.table(buckets, maxDelay/max(s.scale, 1))
	s.failed = d.table(buckets, maxDelay/max(s.scale, 1))
	if d.err == nil && (len(s.mined) == 0 || len(s.failed) != len(s.mined)) {
		d.fail("%d periods of what was mined, %d of what failed", len(s.mined), len(s.failed))
	}
	if d.err == nil {
		s.forgetWaiting()
	}
	return s
}
