package psbt

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
)

// failure is an error of an encoding. Core's stream errors end with the name of
// the kind of error, and clients see it.
func failure(format string, args ...any) error {
	return fmt.Errorf(format+": iostream error", args...)
}

// maxSize is the longest length that an encoding may declare, in bytes (Core's
// MAX_SIZE).
const maxSize = 0x02000000

var errEnd = failure("SpanReader::read(): end of data")

// reader walks a byte slice. The first error sticks; reads after it return zero
// values. What it returns aliases the slice.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) more() bool { return r.err == nil && len(r.b) > 0 }

func (r *reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.b) {
		r.fail(errEnd)
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) hash() (h [32]byte) {
	copy(h[:], r.take(32))
	return h
}

// size reads a compact size that counts something.
func (r *reader) size() int {
	var v, least uint64
	switch first := r.byte(); first {
	case 0xfd:
		if b := r.take(2); b != nil {
			v, least = uint64(binary.LittleEndian.Uint16(b)), 0xfd
		}
	case 0xfe:
		v, least = uint64(r.uint32()), 1<<16
	case 0xff:
		v, least = r.uint64(), 1<<32
	default:
		return int(first)
	}
	switch {
	case r.err != nil:
	case v < least:
		r.fail(failure("non-canonical ReadCompactSize()"))
	case v > maxSize:
		r.fail(failure("ReadCompactSize(): size too large"))
	default:
		return int(v)
	}
	return 0
}

// bytes reads a length and that many bytes.
func (r *reader) bytes() []byte { return r.take(r.size()) }

// sized reads a length and a value that must have just that length. Like Core it
// lets the value run over and complains afterwards, so that what is wrong with the
// value is said first.
func (r *reader) sized(read func()) {
	want := r.size()
	before := len(r.b)
	read()
	if r.err == nil && before-len(r.b) != want {
		r.fail(failure("Size of value was not the stated size"))
	}
}

// out reads a transaction output.
func (r *reader) out() wire.Out {
	v := int64(r.uint64())
	return wire.Out{Value: v, Script: r.bytes()}
}

// baseTx reads a transaction without witness, also one without inputs.
func (r *reader) baseTx() *wire.Tx {
	t := &wire.Tx{Version: int32(r.uint32())}
	for n := r.size(); n > 0 && r.err == nil; n-- {
		t.Ins = append(t.Ins, r.input())
	}
	for n := r.size(); n > 0 && r.err == nil; n-- {
		t.Outs = append(t.Outs, r.out())
	}
	t.LockTime = r.uint32()
	return t
}

func (r *reader) input() wire.In {
	var in wire.In
	in.Prev.TxID = r.hash()
	in.Prev.Index = r.uint32()
	in.Script = r.bytes()
	in.Sequence = r.uint32()
	return in
}

// fullTx reads a transaction with or without witness.
func (r *reader) fullTx() *wire.Tx {
	if r.err != nil {
		return nil
	}
	n, err := wire.CutTx(r.b)
	if err == nil {
		var t *wire.Tx
		if t, err = wire.DecodeTx(r.b[:n:n]); err == nil {
			r.b = r.b[n:]
			return t
		}
	}
	r.fail(txFailure(err))
	return nil
}

// txFailure words a broken transaction as Core does.
func txFailure(err error) error {
	var e *wire.DecodeError
	if errors.As(err, &e) {
		switch {
		case contains(e.Detail, "witness flag set"):
			return failure("Superfluous witness record")
		case contains(e.Detail, "unknown transaction flag"):
			return failure("Unknown transaction optional data")
		case contains(e.Detail, "shortest form"):
			return failure("non-canonical ReadCompactSize()")
		}
	}
	return errEnd
}

// fields reads a map to its end, which must be there: each field's key, and its
// type, go to read, which takes the value. A key may stand once. Errors call it the
// of map, behind article.
func (r *reader) fields(article, of string, read func(key []byte, kind int)) {
	seen := make(map[string]bool)
	for {
		if !r.more() {
			r.fail(failure("Separator is missing at the end of %s %s map", article, of))
			return
		}
		key := r.bytes()
		if r.err != nil || len(key) == 0 {
			return
		}
		if seen[string(key)] {
			r.fail(failure("Duplicate Key, %s key \"%x\" already provided", of, key))
			return
		}
		seen[string(key)] = true
		inner := reader{b: key}
		t := inner.size()
		if r.fail(inner.err); r.err != nil {
			return
		}
		read(key, t)
	}
}

// keySize complains about a key of another length.
func (r *reader) keySize(name string, key []byte, want int) bool {
	if r.err == nil && len(key) != want {
		r.fail(failure("Size of key was not %d for the type %s", want, name))
	}
	return r.err == nil
}
