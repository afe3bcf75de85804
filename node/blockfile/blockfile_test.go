package blockfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

var regtest = [4]byte{0xfa, 0xbf, 0xb5, 0xda}

// three returns three chained blocks and their file.
func three(t testing.TB) ([]*wire.Block, []byte) {
	t.Helper()
	var blocks []*wire.Block
	var file bytes.Buffer
	var parent wire.Hash
	for i := range 3 {
		coinbase := (&wire.Tx{
			Version: 1,
			Ins:     []wire.In{{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}, Script: []byte{1, byte(i)}}},
			Outs:    []wire.Out{{Value: 50, Script: []byte{0x51}}},
		}).Seal()
		b := wire.NewBlock(wire.Header{Version: 1, Parent: parent, Merkle: coinbase.ID()}, []*wire.Tx{coinbase})
		if err := Write(&file, regtest, b); err != nil {
			t.Fatal(err)
		}
		parent, blocks = b.ID(), append(blocks, b)
	}
	return blocks, file.Bytes()
}

func TestRoundTrip(t *testing.T) {
	blocks, file := three(t)
	for _, tail := range []int{0, 5, 200_000} {
		entries, err := Index(bytes.NewReader(append(bytes.Clone(file), make([]byte, tail)...)), regtest)
		if err != nil {
			t.Fatalf("%d zeros behind the blocks: %v", tail, err)
		}
		if len(entries) != len(blocks) {
			t.Fatalf("%d entries of %d blocks", len(entries), len(blocks))
		}
		for i, e := range entries {
			b, err := Read(bytes.NewReader(file), e)
			if err != nil || b.ID() != blocks[i].ID() || e.Header != blocks[i].Header {
				t.Fatalf("block %d: %v", i, err)
			}
		}
	}
}

func TestFaults(t *testing.T) {
	_, file := three(t)
	second := int64(len(file) / 3)
	for _, c := range []struct {
		name, want string
		corrupt    func([]byte) []byte
	}{
		{"garbage", "not a block file", func(b []byte) []byte { copy(b[second:], "garbage!"); return b }},
		{"another chain", "another chain's", func(b []byte) []byte { b[second] ^= 1; return b }},
		{"oversized", "4294967295 bytes is declared", func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[second+4:], 1<<32-1)
			return b
		}},
		{"shorter than a header", "79 bytes is declared", func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[second+4:], 79)
			return b
		}},
		{"cut in the frame", "ends 7 bytes into", func(b []byte) []byte { return b[:second+7] }},
		{"cut in the block", "1 are missing", func(b []byte) []byte { return b[:2*second-1] }},
		{"data behind zeros", "zeros where a block should start", func(b []byte) []byte {
			return append(append(b[:second], make([]byte, 100)...), 1)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries, err := Index(bytes.NewReader(c.corrupt(bytes.Clone(file))), regtest)
			var fault *Error
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if fault.Offset != second || len(entries) != 1 {
				t.Fatalf("fault at %d behind %d blocks, want %d behind 1", fault.Offset, len(entries), second)
			}
		})
	}
}

func TestOrder(t *testing.T) {
	_, file := three(t)
	entries, err := Index(bytes.NewReader(file), regtest)
	if err != nil {
		t.Fatal(err)
	}
	shuffled := append([]Entry(nil), entries...)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	genesis := func(id wire.Hash) bool { return id.IsZero() }
	ordered, strays := Order(shuffled, genesis)
	if len(strays) != 0 || len(ordered) != 3 || ordered[0] != entries[0] || ordered[2] != entries[2] {
		t.Fatalf("ordered %v, strays %v", ordered, strays)
	}
	if ordered, strays = Order(shuffled[:0:0], genesis); ordered != nil || strays != nil {
		t.Fatal("blocks out of nothing")
	}
	ordered, strays = Order(entries[1:], genesis)
	if len(ordered) != 0 || len(strays) != 2 || strays[0] != entries[1] {
		t.Fatalf("without the first block: ordered %v, strays %v", ordered, strays)
	}
}

func TestRealFile(t *testing.T) {
	file := realdata.Read(t, "chain-payments.dat")
	entries, err := Index(bytes.NewReader(file), regtest)
	if err != nil || len(entries) != 150 {
		t.Fatalf("%d blocks, %v; want 150", len(entries), err)
	}
	var again bytes.Buffer
	for _, e := range entries {
		b, err := Read(bytes.NewReader(file), e)
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(&again, regtest, b); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(again.Bytes(), file) {
		t.Fatal("written again, the file differs")
	}
}

func FuzzIndex(f *testing.F) {
	_, file := three(f)
	f.Add(file)
	f.Add(file[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, _ := Index(bytes.NewReader(b), regtest)
		for _, e := range entries {
			if _, err := Read(bytes.NewReader(b), e); err != nil && !errors.As(err, new(*Error)) {
				t.Fatal(err)
			}
		}
	})
}
