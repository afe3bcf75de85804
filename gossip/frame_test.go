package gossip

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"testing"
)

func TestFrameRoundTrip(t *testing.T) {
	for _, size := range []int{0, 1, 127, 128, firstGrab, firstGrab + 1, 1 << 20} {
		var buf bytes.Buffer
		sent := bytes.Repeat([]byte{0xa5}, size)
		if err := writeFrame(&buf, sent); err != nil {
			t.Fatal(err)
		}
		got, err := readFrame(bufio.NewReader(&buf), size)
		if err != nil || !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes: %d back, %v", size, len(got), err)
		}
	}
}

// A frame's declared size alone allocates next to nothing.
func TestFrameAllocatesAsBytesArrive(t *testing.T) {
	lie := append(binary.AppendUvarint(nil, 1<<30), make([]byte, 100)...)
	least := uint64(math.MaxUint64)
	for range 10 { // what nodes of other tests do as they end counts too
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readFrame(bufio.NewReader(bytes.NewReader(lie)), 1<<30)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > 1<<20 {
		t.Fatalf("%d bytes allocated for 100 received", least)
	}
}

// Whatever comes in: no panic, nothing over the cap, no more allocated than a
// small multiple of what arrived, and what is accepted is what would be sent.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{0}, 10)
	f.Add([]byte{3, 'a', 'b', 'c'}, 3)
	f.Add([]byte{4, 'a', 'b', 'c'}, 3)
	f.Add([]byte{0x80, 0x00}, 100)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, 1<<30)
	f.Add(bytes.Repeat([]byte{0xff}, 20), 100)
	f.Fuzz(func(t *testing.T, in []byte, limit int) {
		if limit < 0 {
			return
		}
		got, err := readFrame(bufio.NewReader(bytes.NewReader(in)), limit)
		if err != nil {
			return
		}
		if len(got) > limit || cap(got) > max(firstGrab, 2*len(in)) {
			t.Fatalf("%d bytes (capacity %d) from %d under a limit of %d", len(got), cap(got), len(in), limit)
		}
		var again bytes.Buffer
		if err := writeFrame(&again, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(in, again.Bytes()) {
			t.Fatalf("%x is read as %x", in, again.Bytes())
		}
	})
}
