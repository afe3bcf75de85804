package gossip

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame is an unsigned varint, the payload's length, followed by the payload.

// errFrame is what a frame broke that only a faulty or hostile sender breaks: a
// length above the cap or one that is no varint. A connection that ends early
// is not among them.
type errFrame struct{ detail string }

func (e *errFrame) Error() string { return "frame: " + e.detail }

// firstGrab is how much is allocated on a sender's word alone; the rest of a
// frame's buffer grows only as its bytes arrive.
const firstGrab = 16 << 10

// readFrame reads one frame of at most max bytes of payload.
func readFrame(r *bufio.Reader, max int) ([]byte, error) {
	size, err := readLength(r)
	if err != nil {
		return nil, err
	}
	if size > uint64(max) {
		return nil, &errFrame{fmt.Sprintf("%d bytes declared, %d allowed", size, max)}
	}
	n := int(size)
	buf := make([]byte, 0, min(n, firstGrab))
	for len(buf) < n {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(n, 2*cap(buf)))
			copy(grown, buf)
			buf = grown
		}
		m, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if err != nil {
			return nil, fmt.Errorf("frame: %d of %d bytes: %w", len(buf), n, noEOF(err))
		}
	}
	return buf, nil
}

// readLength reads a minimally encoded varint of at most 32 bits: no honest
// frame is longer, and a bound keeps the arithmetic within int everywhere.
func readLength(r io.ByteReader) (uint64, error) {
	var size uint64
	for shift := 0; ; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			if shift > 0 {
				err = noEOF(err)
			}
			return 0, fmt.Errorf("frame length: %w", err)
		}
		if shift == 28 && b > 0x0f {
			return 0, &errFrame{"length over 32 bits"}
		}
		size |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if b == 0 && shift > 0 {
				return 0, &errFrame{"length not minimally encoded"}
			}
			return size, nil
		}
	}
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// writeFrame writes one frame.
func writeFrame(w io.Writer, payload []byte) error {
	var head [binary.MaxVarintLen64]byte
	if _, err := w.Write(binary.AppendUvarint(head[:0], uint64(len(payload)))); err != nil {
		return fmt.Errorf("frame length: %w", err)
	}
	if _, err := w.Write(payload); err != nil {
		return fmt.Errorf("frame: %w", err)
	}
	return nil
}
