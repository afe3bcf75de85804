package consensus

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"encoding/hex"
	"io"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// blockFile takes a block file apart: magic, length, block, again and again.
func blockFile(t testing.TB, p *Params, raw []byte) []*wire.Block {
	t.Helper()
	var blocks []*wire.Block
	for len(raw) > 0 {
		if !bytes.HasPrefix(raw, p.Magic[:]) {
			t.Fatalf("block %d starts with %x", len(blocks), raw[:4])
		}
		n := binary.LittleEndian.Uint32(raw[4:])
		b, err := wire.DecodeBlock(raw[8 : 8+n])
		if err != nil {
			t.Fatalf("block %d: %v", len(blocks), err)
		}
		blocks, raw = append(blocks, b), raw[8+n:]
	}
	return blocks
}

func paymentBlocks(t testing.TB) []*wire.Block {
	t.Helper()
	return blockFile(t, mustChain(t, "regtest"), realdata.Read(t, "chain-payments.dat"))
}

// TestPayments judges a chain that Bitcoin Core accepts, all scripts included,
// and ends with the coins that Core counts.
func TestPayments(t *testing.T) {
	h := newHouse(t, mustChain(t, "regtest"))
	inputs := 0
	for _, b := range paymentBlocks(t) {
		if b.ID() == h.state.Params.Genesis.ID() {
			continue
		}
		inputs += b.Spends()
		h.add(b)
	}
	if h.state.Height != 150 || h.state.ID.String() != "564f1bb9c69e61297d68b00d882abee29629e069749273970e75f6ddeadcae2f" {
		t.Errorf("ends at %d, %v", h.state.Height, h.state.ID)
	}
	var sum int64
	for _, c := range h.coins.coins {
		sum += c.Value
	}
	if n := len(h.coins.coins); n != 83_001 || sum != 7475*Coins || inputs < 57_000 {
		t.Errorf("%d coins of %d satoshis, %d inputs", n, sum, inputs)
	}
}

func TestRegtestBlocks(t *testing.T) {
	h := newHouse(t, mustChain(t, "regtest"))
	for i, line := range bytes.Fields(realdata.Read(t, "regtest-blocks-206.hex.txt")) {
		raw, err := hex.DecodeString(string(line))
		if err != nil {
			t.Fatal(err)
		}
		b, err := wire.DecodeBlock(raw)
		if err != nil {
			t.Fatalf("block %d: %v", i, err)
		}
		h.add(b)
	}
	if h.state.Height != 206 {
		t.Errorf("ends at height %d", h.state.Height)
	}
}

// block277647 is a block of the main chain with the state before it, as far as
// it matters, and its coins.
func block277647(t testing.TB) (prev, next State, b *wire.Block, in Inputs) {
	t.Helper()
	main := mustChain(t, "main")
	b = blockFile(t, main, unzip(t, "mainnet-block-277647.dat.bz2"))[0]
	prev = State{Params: main, ID: b.Header.Parent, Height: 277_646, OnBIP34: true}
	next = prev
	next.ID, next.Height = b.ID(), prev.Height+1
	coins := &coinSet{coins: utxoStore(t, unzip(t, "mainnet-block-277647.utxostore.bz2"))}
	return prev, next, b, coins.inputs(&prev, b)
}

func TestBlock277647(t *testing.T) {
	prev, next, b, in := block277647(t)
	if err := CheckBlock(prev.Params, b, script.NewBatch(nil)); err != nil {
		t.Fatal(err)
	}
	if err := CheckBlockContext(&prev, b); err != nil {
		t.Fatal(err)
	}
	u, checks, err := Connect(prev, next, b, in)
	if err != nil {
		t.Fatal(err)
	}
	if got := outSum(b.Txs[0]); got != u.Fees+25*Coins {
		t.Errorf("the coinbase pays %d, fees are %d", got, u.Fees)
	}
	runAll(t, checks)
}

// runAll runs checks on two goroutines, as an importer would on more.
func runAll(t testing.TB, checks []script.Check) {
	t.Helper()
	var wg sync.WaitGroup
	for part := range 2 {
		wg.Go(func() {
			some := checks[part*len(checks)/2 : (part+1)*len(checks)/2]
			if i, err := script.NewBatch(nil).Run(some); err != nil {
				t.Errorf("transaction %d, input %d: %v", some[i].TxIndex, some[i].In, err)
			}
		})
	}
	wg.Wait()
}

func unzip(t testing.TB, name string) []byte {
	t.Helper()
	b, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(realdata.Read(t, name))))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// utxoStore reads btcd's test format: outpoint, length, and a coin compressed
// as Bitcoin Core compresses it.
func utxoStore(t testing.TB, raw []byte) map[wire.Outpoint]Coin {
	t.Helper()
	coins := map[wire.Outpoint]Coin{}
	for len(raw) > 0 {
		op := wire.Outpoint{TxID: wire.Hash(raw[:32]), Index: binary.LittleEndian.Uint32(raw[32:])}
		n := binary.LittleEndian.Uint32(raw[36:])
		entry := raw[40 : 40+n]
		raw = raw[40+n:]
		code, entry := vlq(entry)
		amount, entry := vlq(entry)
		coins[op] = Coin{
			Out:      wire.Out{Value: decompressAmount(amount), Script: decompressScript(t, entry)},
			Height:   uint32(code >> 1),
			Coinbase: code&1 != 0,
		}
	}
	return coins
}

// vlq reads a number of base 128, most significant digit first.
func vlq(b []byte) (n uint64, rest []byte) {
	for i, c := range b {
		n = n<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return n, b[i+1:]
		}
		n++
	}
	return n, nil
}

// decompressAmount undoes Core's CompressAmount.
func decompressAmount(x uint64) int64 {
	if x == 0 {
		return 0
	}
	x--
	zeros := x % 10
	x /= 10
	n := x + 1
	if zeros < 9 {
		n = x/9*10 + x%9 + 1
	}
	for range zeros {
		n *= 10
	}
	return int64(n)
}

// decompressScript undoes Core's CompressScript.
func decompressScript(t testing.TB, b []byte) []byte {
	t.Helper()
	kind, b := vlq(b)
	switch kind {
	case 0:
		return append(append([]byte{0x76, 0xa9, 20}, b[:20]...), 0x88, 0xac)
	case 1:
		return append(append([]byte{0xa9, 20}, b[:20]...), 0x87)
	case 2, 3:
		return append(append([]byte{33, byte(kind)}, b[:32]...), 0xac)
	case 4, 5:
		key, err := btcec.ParsePubKey(append([]byte{byte(kind - 2)}, b[:32]...))
		if err != nil {
			t.Fatal(err)
		}
		return append(append([]byte{65}, key.SerializeUncompressed()...), 0xac)
	}
	return b[:kind-6]
}
