package wire_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

const messageSize = 4_000_000

// message fills up to messageSize with repeated units between head and tail, after a
// count in five bytes.
func message(t *testing.T, head, unit, tail string) []byte {
	h, u, e := unhex(t, head), unhex(t, unit), unhex(t, tail)
	n := (messageSize - len(h) - 5 - len(e)) / len(u)
	b := append(h, 0xfe, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	b = append(b, bytes.Repeat(u, n)...)
	return append(b, e...)
}

// TestMemoryPerByte bounds what a message of 4 MB may make us allocate, in bytes per byte
// received. Each shape packs as many of the smallest elements as fit; broken
// ones lack their end.
func TestMemoryPerByte(t *testing.T) {
	const (
		emptyTx   = version + "00 00" + lockTime
		smallIn   = "1111111111111111111111111111111111111111111111111111111111111111 02000000 00 ffffffff"
		smallOut  = "0000000000000000 00"
		smallItem = "00"
		// A transaction that is nothing but a witness, up to its count.
		stackHead = version + "00 01 01" + smallIn + "00"
	)
	for _, c := range []struct {
		name             string
		head, unit, tail string
		sound            float64 // bytes allocated per byte of a sound message
	}{
		{"transactions", genesisHeader, emptyTx, "", 17},
		{"inputs", genesisHeader + "01" + version, smallIn, "00" + lockTime, 2.6},
		{"outputs", genesisHeader + "01" + version + "01" + smallIn, smallOut, lockTime, 3.8},
		{"witness items", genesisHeader + "01" + stackHead, smallItem, lockTime, 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := message(t, c.head, c.unit, c.tail)
			measure := func(raw []byte, ok bool) float64 {
				var b *wire.Block
				bytes := allocated(func() {
					var err error
					if b, err = wire.DecodeBlock(raw); (err == nil) != ok {
						t.Fatalf("decoding %d bytes: %v", len(raw), err)
					}
				})
				if ok {
					got, want := float64(b.Memory()), float64(int(bytes)+len(raw))
					if got < 0.9*want || got > 1.1*want {
						t.Errorf("says that it holds %.0f bytes, holds %.0f", got, want)
					}
					if sum := wire.NewBlock(b.Header, b.Txs).Memory(); sum != b.Memory() {
						t.Errorf("put together it holds %d bytes, decoded %d", sum, b.Memory())
					}
				}
				return float64(bytes) / float64(len(raw))
			}
			if got := measure(raw, true); got > c.sound {
				t.Errorf("sound: %.2f bytes allocated per byte, want at most %v", got, c.sound)
			}
			if got := measure(raw[:len(raw)-1], false); got > 0.01 {
				t.Errorf("broken: %.4f bytes allocated per byte, want next to none", got)
			}
		})
	}
}

// A block's decoding takes a few allocations, however many transactions it has.
func TestDecodeBlockAllocations(t *testing.T) {
	raw := block413567(t)
	if n := testing.AllocsPerRun(3, func() { wire.DecodeBlock(raw) }); n > 8 {
		t.Errorf("%v allocations for a block of 1,557 transactions", n)
	}
}

// What is cut from a common slab must not reach its neighbours.
func TestAppendStaysInside(t *testing.T) {
	b, err := wire.DecodeBlock(smallBlock(t))
	if err != nil {
		t.Fatal(err)
	}
	tx := b.Txs[1]
	_ = append(b.Txs[0].Ins, wire.In{Sequence: 7})
	_ = append(b.Txs[0].Outs, wire.Out{Value: 7})
	_ = append(b.Txs[0].Ins[0].Script, 7)
	_ = append(tx.Ins[1].Witness, []byte{7})
	if got := tx.Append(nil); !bytes.Equal(got, unhex(t, witnessTx)) {
		t.Errorf("the neighbour changed to %x", got)
	}
}
