package snapshot

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

func regtest(t testing.TB) *consensus.Params {
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// file writes coins of two transactions, scripts of every form among them.
func file(t testing.TB) (b []byte, coins map[wire.Outpoint]consensus.Coin) {
	_, key := btcec.PrivKeyFromBytes([]byte{7})
	hash := bytes.Repeat([]byte{9}, 20)
	scripts := [][]byte{
		append(append([]byte{0x76, 0xa9, 20}, hash...), 0x88, 0xac),
		append(append([]byte{0xa9, 20}, hash...), 0x87),
		append(append([]byte{33}, key.SerializeCompressed()...), 0xac),
		append(append([]byte{65}, key.SerializeUncompressed()...), 0xac),
		append(append([]byte{65, 4}, bytes.Repeat([]byte{5}, 64)...), 0xac), // no key
		{0x51}, {},
	}
	var buf bytes.Buffer
	w, err := NewWriter(&buf)
	if err != nil {
		t.Fatal(err)
	}
	coins = make(map[wire.Outpoint]consensus.Coin)
	for i, s := range scripts {
		op := wire.Outpoint{TxID: wire.Hash{byte(i / 4)}, Index: uint32(i * 60)}
		coins[op] = consensus.Coin{Out: wire.Out{Value: int64(i) * 1_234_000, Script: s}, Height: uint32(i * 70), Coinbase: i%2 == 0}
		if err := w.Put(op, coins[op]); err != nil {
			t.Fatal(err)
		}
	}
	header, n, err := w.Close(wire.Hash{1}, regtest(t).Magic)
	if err != nil || int(n) != len(scripts) {
		t.Fatalf("%d coins, %v", n, err)
	}
	copy(buf.Bytes(), header)
	return buf.Bytes(), coins
}

func read(t testing.TB, b []byte, f func(wire.Outpoint, *consensus.Coin) error) error {
	r := bytes.NewReader(b)
	h, err := ReadHeader(r, regtest(t))
	if err != nil {
		return err
	}
	return Read(r, h, 1000, f)
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	b, want := file(t)
	got := 0
	err := read(t, b, func(op wire.Outpoint, c *consensus.Coin) error {
		w := want[op]
		if c.Value != w.Value || !bytes.Equal(c.Script, w.Script) || c.Height != w.Height || c.Coinbase != w.Coinbase {
			t.Errorf("%v is %+v, want %+v", op, c, w)
		}
		got++
		return nil
	})
	if err != nil || got != len(want) {
		t.Errorf("%d coins of %d: %v", got, len(want), err)
	}
}

func TestBadFilesInCoresWords(t *testing.T) {
	good, _ := file(t)
	for _, c := range []struct {
		name   string
		change func(b []byte) []byte
		want   string
	}{
		{"empty", func([]byte) []byte { return nil }, "AutoFile::read: end of file: iostream error"},
		{"magic", func(b []byte) []byte { b[0]++; return b }, "Invalid UTXO set snapshot magic bytes."},
		{"version", func(b []byte) []byte { b[5] = 3; return b }, "Version of snapshot 3 does not match any of the supported versions."},
		{"main", func(b []byte) []byte { copy(b[7:], "\xf9\xbe\xb4\xd9"); return b }, "The network of the snapshot (main) does not match the network of this node (regtest)."},
		{"no network", func(b []byte) []byte { copy(b[7:], "\x00\x00\x00\x00"); return b }, "This snapshot has been created for an unrecognized network."},
		{"a coin fewer", func(b []byte) []byte { b[43]--; return b }, "Mismatch in coins count"},
		{"a coin more", func(b []byte) []byte { b[43]++; return b }, "Bad snapshot format or truncated snapshot after deserializing 7 coins"},
		{"left over", func(b []byte) []byte { return append(b, 0) }, "Bad snapshot - coins left over after deserializing 7 coins"},
		{"truncated", func(b []byte) []byte { return b[:len(b)-1] }, "Bad snapshot format or truncated snapshot after deserializing 6 coins"},
		{"too many of one", func(b []byte) []byte { b[HeaderSize+32] = 0x70; return b }, "Mismatch in coins count in snapshot metadata and actual snapshot data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := read(t, c.change(bytes.Clone(good)), func(wire.Outpoint, *consensus.Coin) error { return nil })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestVarints(t *testing.T) {
	for _, n := range []uint64{0, 127, 128, 255, 16511, 16512, math.MaxUint32, math.MaxUint64} {
		if got, err := varint(bytes.NewReader(appendVarint(nil, n)), math.MaxUint64); err != nil || got != n {
			t.Errorf("%d comes back as %d: %v", n, got, err)
		}
	}
	if _, err := varint(bytes.NewReader(appendVarint(nil, math.MaxUint32+1)), math.MaxUint32); err == nil {
		t.Error("a number that is too large is read")
	}
}

func FuzzRead(f *testing.F) {
	b, _ := file(f)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = read(t, b, func(wire.Outpoint, *consensus.Coin) error { return nil })
	})
}
