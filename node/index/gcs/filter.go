// Package gcs is the Golomb-coded set of BIP158: a filter that says of a set of
// byte strings which are not in it, and of one in M what is not in it either; and
// what BIP157 and BIP158 make of blocks with it. Where filters are kept and
// who asks for them it refuses to know.
package gcs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/quernnet/quern/consensus/siphash"
	"github.com/quernnet/quern/consensus/wire"
)

// The parameters of a basic filter (BIP158): remainders have P bits, and an
// element that is not in the set matches once in M times.
const (
	P = 19
	M = 784931
)

// Filter is a set as BIP158 writes it: the number of its elements, as a varint, and the
// differences of their sorted hashes, Golomb-Rice coded.
type Filter []byte

// Build makes the filter of the set of elements; those that come twice count once. The elements are sorted in place.
func Build(key siphash.Key, elements [][]byte) Filter {
	hashes := make([]element, len(elements))
	for i, e := range elements {
		hashes[i] = element{key.Sum(e), e}
	}
	hashes = unique(hashes)
	n := uint64(len(hashes))
	// An element takes P bits, a stop bit and, on average, less than one and a half more.
	w := writer{b: wire.AppendVarint(make([]byte, 0, 9+n*(P+3)/8), n)}
	last := uint64(0)
	for i := range hashes {
		v := reduce(hashes[i].hash, n*M)
		w.unary((v - last) >> P)
		w.bits(v-last, P)
		last = v
	}
	return w.end()
}

// element is one with its hash before that is reduced to the filter's range.
type element struct {
	hash uint64
	b    []byte
}

// unique sorts by hash, which reduce keeps in order, and drops what comes
// twice. Different elements of one hash are different.
func unique(s []element) []element {
	slices.SortFunc(s, func(a, b element) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return bytes.Compare(a.b, b.b)
	})
	return slices.CompactFunc(s, func(a, b element) bool { return a.hash == b.hash && bytes.Equal(a.b, b.b) })
}

// reduce maps a hash to a number below f, in order.
func reduce(hash, f uint64) uint64 {
	hi, _ := bits.Mul64(hash, f)
	return hi
}

// ErrDamaged is what a filter that nobody can have built comes to.
var ErrDamaged = errors.New("damaged filter")

// Count is the number of the set's elements.
func (f Filter) Count() (uint64, error) {
	n, _, err := f.open()
	return n, err
}

// open reads the number of elements, which the bytes that follow must have room
// for.
func (f Filter) open() (n uint64, r reader, err error) {
	n, rest, err := wire.ReadVarint(f)
	switch {
	case err != nil:
		return 0, r, fmt.Errorf("%w: number of elements: %w", ErrDamaged, err)
	case n > math.MaxUint32:
		return 0, r, fmt.Errorf("%w: %d elements, at most %d are allowed", ErrDamaged, n, uint32(math.MaxUint32))
	case n > uint64(len(rest))*8/(P+1):
		return 0, r, fmt.Errorf("%w: %d elements in %d bytes", ErrDamaged, n, len(rest))
	}
	return n, reader{b: rest}, nil
}

// Check reads the filter through: it must hold what its count says, and nothing
// more.
func (f Filter) Check() error {
	n, r, err := f.open()
	if err != nil {
		return err
	}
	for range n {
		if _, err := r.golomb(); err != nil {
			return err
		}
	}
	if left := r.left(); left >= 8 {
		return fmt.Errorf("%w: %d bits too many", ErrDamaged, left)
	}
	return nil
}

// Query are elements to look for in one filter after another, each of which has
// a key of its own. It is not safe for concurrent use.
type Query struct {
	elements [][]byte
	hashes   []uint64
}

// NewQuery asks for any of these elements. They must not change while it is used.
func NewQuery(elements [][]byte) *Query {
	return &Query{elements: elements, hashes: make([]uint64, len(elements))}
}

// Match says whether an element of q may be in the filter that was built under
// key. What is in it is always found.
func (q *Query) Match(f Filter, key siphash.Key) (bool, error) {
	n, r, err := f.open()
	if err != nil || n == 0 || len(q.elements) == 0 {
		return false, err
	}
	for i, e := range q.elements {
		q.hashes[i] = reduce(key.Sum(e), n*M)
	}
	slices.Sort(q.hashes)
	wanted, value := q.hashes, uint64(0)
	for range n {
		delta, err := r.golomb()
		if err != nil {
			return false, err
		}
		value += delta
		for wanted[0] < value {
			if wanted = wanted[1:]; len(wanted) == 0 {
				return false, nil
			}
		}
		if wanted[0] == value {
			return true, nil
		}
	}
	return false, nil
}
