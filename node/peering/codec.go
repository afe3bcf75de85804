package peering

import (
	"encoding/binary"
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// frame reads one message. The first error sticks; reads after it return zero
// values, so that decoders check once, at the end.
type frame struct {
	b   []byte
	err error
}

func (f *frame) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// take returns the next n bytes without copying, nil after an error.
func (f *frame) take(n int, what string) []byte {
	if f.err == nil && (n < 0 || n > len(f.b)) {
		f.fail("%s needs %d bytes, %d left", what, n, len(f.b))
	}
	if f.err != nil {
		return nil
	}
	b := f.b[:n:n]
	f.b = f.b[n:]
	return b
}

func (f *frame) byte(what string) byte {
	if b := f.take(1, what); b != nil {
		return b[0]
	}
	return 0
}

func (f *frame) uint32(what string) uint32 {
	if b := f.take(4, what); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (f *frame) uint64(what string) uint64 {
	if b := f.take(8, what); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (f *frame) hash(what string) (h wire.Hash) {
	copy(h[:], f.take(wire.HashSize, what))
	return h
}

func (f *frame) work(what string) (w work.Work) {
	for i := range w {
		w[i] = f.uint64(what)
	}
	return w
}

// count reads how many elements of at least size bytes follow, at most most.
func (f *frame) count(size, most int, what string) int {
	n := int(f.uint32(what))
	if f.err == nil && (n > most || n > len(f.b)/size) {
		f.fail("%d %s declared, at most %d allowed, %d bytes left", n, what, most, len(f.b))
	}
	if f.err != nil {
		return 0
	}
	return n
}

// bytes reads a length of at most most and that many bytes.
func (f *frame) bytes(most int, what string) []byte {
	return f.take(f.count(1, most, what), what)
}

// hashes reads a list of at most most ids.
func (f *frame) hashes(most int, what string) []wire.Hash {
	hs := make([]wire.Hash, f.count(wire.HashSize, most, what))
	for i := range hs {
		hs[i] = f.hash(what)
	}
	return hs
}

// txs reads a list of at most most transactions.
func (f *frame) txs(most int) []*wire.Tx {
	ts := make([]*wire.Tx, f.count(minTxFrame, most, "transactions"))
	for i := range ts {
		t, err := wire.DecodeTx(f.bytes(maxTxSize, "transaction"))
		if err != nil {
			f.fail("transaction %d: %w", i, err)
			return nil
		}
		ts[i] = t
	}
	return ts
}

// finish wants the message to end here.
func (f *frame) finish(what string) error {
	if f.err == nil && len(f.b) > 0 {
		f.fail("%d bytes after the end of the %s", len(f.b), what)
	}
	if f.err != nil {
		return fmt.Errorf("malformed %s: %w", what, f.err)
	}
	return nil
}

func appendCount(dst []byte, n int) []byte {
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

func appendBytes(dst, b []byte) []byte { return append(appendCount(dst, len(b)), b...) }

func appendWork(dst []byte, w work.Work) []byte {
	for _, limb := range w {
		dst = binary.LittleEndian.AppendUint64(dst, limb)
	}
	return dst
}

//nolint:unparam // one of a family that all append
func appendHashes(dst []byte, hs []wire.Hash) []byte {
	dst = appendCount(dst, len(hs))
	for i := range hs {
		dst = append(dst, hs[i][:]...)
	}
	return dst
}

func appendTxs(dst []byte, ts []*wire.Tx) []byte {
	dst = appendCount(dst, len(ts))
	for _, t := range ts {
		dst = t.Append(appendCount(dst, t.Size()))
	}
	return dst
}

const (
	minTxFrame = 4 + 10    // a length and the smallest transaction
	maxTxSize  = 4_000_000 // bytes: what a block could hold
)
