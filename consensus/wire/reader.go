package wire

import (
	"encoding/binary"
	"fmt"
)

// DecodeError says where an encoding is broken and how. It is the sender's
// fault alone: the bytes could never have been a value of that kind.
type DecodeError struct {
	Offset int    // bytes read before the broken part
	Detail string // what was expected there
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("malformed encoding at byte %d: %s", e.Offset, e.Detail)
}

// reader walks a byte slice. The first error sticks; reads after it return
// zero values, so that decoders check once, at the end.
type reader struct {
	b   []byte
	off int
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = &DecodeError{Offset: r.off, Detail: fmt.Sprintf(format, args...)}
	}
}

func (r *reader) left() int { return len(r.b) - r.off }

// take returns the next n bytes without copying, nil after an error.
func (r *reader) take(n int, what string) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > r.left() {
		r.fail("%s needs %d bytes, %d left", what, n, r.left())
		return nil
	}
	b := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

func (r *reader) uint32(what string) uint32 {
	if b := r.take(4, what); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64(what string) uint64 {
	if b := r.take(8, what); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// varint reads a compact size, which must be minimal (Core's
// ReadCompactSize: "non-canonical").
func (r *reader) varint(what string) uint64 {
	b := r.take(1, what)
	if b == nil {
		return 0
	}
	var v, least uint64
	switch b[0] {
	case 0xfd:
		if b = r.take(2, what); b != nil {
			v, least = uint64(binary.LittleEndian.Uint16(b)), 0xfd
		}
	case 0xfe:
		v, least = uint64(r.uint32(what)), 1<<16
	case 0xff:
		v, least = r.uint64(what), 1<<32
	default:
		return uint64(b[0])
	}
	if v < least {
		r.fail("%s: length %d is not encoded in its shortest form", what, v)
	}
	return v
}

// count reads how many elements of at least size bytes follow. What the rest
// of the input cannot hold is refused before anything is allocated for it.
func (r *reader) count(size int, what string) int {
	if r.err == nil && r.off < len(r.b) {
		if n := int(r.b[r.off]); n < shortest && n*size < len(r.b)-r.off {
			r.off++
			return n
		}
	}
	n := r.varint(what)
	if r.err == nil && n > uint64(r.left()/size) {
		r.fail("%d %s declared, %d bytes left", n, what, r.left())
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// shortest is below the first byte of every length that takes more than one.
const shortest = 0xfd

// skip passes over a length and that many bytes.
func (r *reader) skip(what string) {
	r.take(r.count(1, what), what)
}

func (r *reader) finish(what string) error {
	if r.err == nil && r.left() > 0 {
		r.fail("%d bytes after the end of the %s", r.left(), what)
	}
	return r.err
}
