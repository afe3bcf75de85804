package zmtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Flags of a frame (RFC 23, "Framing").
const (
	flagMore    = 1 << 0
	flagLong    = 1 << 1
	flagCommand = 1 << 2
)

// maxIncoming bounds a frame that a subscriber sends, in bytes: they send
// subscriptions and heartbeats, and greet.
const maxIncoming = 4096

// appendFrame adds a frame to b.
func appendFrame(b []byte, flags byte, body []byte) []byte {
	if len(body) > 255 {
		b = append(b, flags|flagLong)
		b = binary.BigEndian.AppendUint64(b, uint64(len(body)))
	} else {
		b = append(b, flags, byte(len(body)))
	}
	return append(b, body...)
}

// appendCommand adds a command frame: a name and what belongs to it.
func appendCommand(b []byte, name string, data []byte) []byte {
	body := append([]byte{byte(len(name))}, name...)
	return appendFrame(b, flagCommand, append(body, data...))
}

// encode makes a message of its parts.
func encode(parts [][]byte) []byte {
	n := 0
	for _, p := range parts {
		n += 9 + len(p)
	}
	b := make([]byte, 0, n)
	for i, p := range parts {
		flags := byte(flagMore)
		if i == len(parts)-1 {
			flags = 0
		}
		b = appendFrame(b, flags, p)
	}
	return b
}

// frame is one that was read.
type frame struct {
	flags byte
	body  []byte
}

// command splits a command frame; ok is false for any other.
func (f *frame) command() (name string, data []byte, ok bool) {
	if f.flags&flagCommand == 0 || len(f.body) == 0 || int(f.body[0]) > len(f.body)-1 {
		return "", nil, false
	}
	n := int(f.body[0]) + 1
	return string(f.body[1:n]), f.body[n:], true
}

// readFrame reads one frame of at most maxIncoming bytes.
func readFrame(r io.Reader) (f frame, err error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return f, err
	}
	f.flags = head[0]
	size := uint64(head[1])
	if f.flags&^(flagMore|flagLong|flagCommand) != 0 {
		return f, fmt.Errorf("frame with unknown flags %#x", f.flags)
	}
	if f.flags&flagLong != 0 {
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return f, noEOF(err)
		}
		size = binary.BigEndian.Uint64(head[1:])
	}
	if size > maxIncoming {
		return f, fmt.Errorf("frame of %d bytes, at most %d are read", size, maxIncoming)
	}
	f.body = make([]byte, size)
	_, err = io.ReadFull(r, f.body)
	return f, noEOF(err)
}

// noEOF says that the end came amid a frame.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
