// Package blockfile reads and writes Bitcoin's block files: records of the
// chain's magic, a length and a block, as in Bitcoin Core's blk*.dat and
// bootstrap.dat.
//
// It knows the framing only. Which blocks are valid, and where they go, it
// refuses to know.
package blockfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// MaxBlock is the longest block read, in bytes: no valid one has more than
// 4,000,000 weight units.
const MaxBlock = 4_000_000

const frame = 8 // magic and length

// Entry is a block's place in a file.
type Entry struct {
	Header wire.Header
	Offset int64 // of the block, behind its frame
	Length int   // of the block, bytes
}

// Error says where a file is broken.
type Error struct {
	Offset int64
	Detail string
}

func (e *Error) Error() string { return fmt.Sprintf("at byte %d: %s", e.Offset, e.Detail) }

// Index walks the frames of a file and reads the headers alone. It returns
// what stands before the first fault together with the fault, an *Error, or
// the reader's own error. Zeros up to the end, which Bitcoin Core allocates
// ahead, end the file.
func Index(r io.Reader, magic [4]byte) ([]Entry, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	var entries []Entry
	var off int64
	for {
		var head [frame + wire.HeaderSize]byte
		n, err := io.ReadFull(in, head[:])
		switch {
		case err == io.EOF:
			return entries, nil
		case allZero(head[:n]):
			return entries, zeros(in, off)
		case err == io.ErrUnexpectedEOF:
			return entries, &Error{off, fmt.Sprintf("the file ends %d bytes into a block's frame and header", n)}
		case err != nil:
			return entries, fmt.Errorf("at byte %d: %w", off, err)
		}
		e, fault := parse(head[:], magic, off)
		if fault != nil {
			return entries, fault
		}
		rest := e.Length - wire.HeaderSize
		if got, err := in.Discard(rest); err == io.EOF {
			return entries, &Error{off, fmt.Sprintf("the file ends inside a block of %d bytes, %d are missing", e.Length, rest-got)}
		} else if err != nil {
			return entries, fmt.Errorf("at byte %d: %w", off, err)
		}
		entries = append(entries, e)
		off = e.Offset + int64(e.Length)
	}
}

func parse(head []byte, magic [4]byte, off int64) (Entry, error) {
	if got := [4]byte(head[:4]); got != magic {
		return Entry{}, &Error{off, fmt.Sprintf("found %x where a block of this chain starts with %x: not a block file, another chain's, or one that Bitcoin Core obfuscated and its xor.dat is not beside it", got, magic)}
	}
	length := binary.LittleEndian.Uint32(head[4:frame])
	if length < wire.HeaderSize || length > MaxBlock {
		return Entry{}, &Error{off, fmt.Sprintf("a block of %d bytes is declared; blocks have %d to %d", length, wire.HeaderSize, MaxBlock)}
	}
	h, err := wire.DecodeHeader(head[frame:])
	if err != nil {
		return Entry{}, &Error{off, err.Error()}
	}
	return Entry{Header: h, Offset: off + frame, Length: int(length)}, nil
}

// zeros accepts nothing but zeros up to the end.
func zeros(in *bufio.Reader, off int64) error {
	buf := make([]byte, 1<<16)
	for {
		n, err := in.Read(buf)
		if !allZero(buf[:n]) {
			return &Error{off, "zeros where a block should start, and more data behind them"}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("behind byte %d: %w", off, err)
		}
	}
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// Order sorts entries so that each follows its parent, as far as parents are
// among them or are known. What leads nowhere comes back as strays.
func Order(entries []Entry, known func(wire.Hash) bool) (ordered, strays []Entry) {
	waiting := make(map[wire.Hash][]Entry)
	for _, e := range entries {
		if p := e.Header.Parent; known(p) {
			ordered = append(ordered, e)
		} else {
			waiting[p] = append(waiting[p], e)
		}
	}
	for i := 0; i < len(ordered); i++ {
		id := ordered[i].Header.ID()
		ordered = append(ordered, waiting[id]...)
		delete(waiting, id)
	}
	for _, es := range waiting {
		strays = append(strays, es...)
	}
	slices.SortFunc(strays, func(a, b Entry) int { return int(a.Offset - b.Offset) })
	return ordered, strays
}

// Read reads the block of an entry.
func Read(r io.ReaderAt, e Entry) (*wire.Block, error) {
	raw := make([]byte, e.Length)
	if _, err := r.ReadAt(raw, e.Offset); err != nil {
		return nil, fmt.Errorf("block at byte %d: %w", e.Offset, err)
	}
	b, err := wire.DecodeBlock(raw)
	if err != nil {
		return nil, &Error{e.Offset, err.Error()}
	}
	return b, nil
}

// Write appends one record.
func Write(w io.Writer, magic [4]byte, b *wire.Block) error {
	raw := b.Bytes()
	head := binary.LittleEndian.AppendUint32(magic[:], uint32(len(raw)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(raw)
	return err
}
