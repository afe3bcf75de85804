package script

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"io"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/wire"
)

func unpack(t testing.TB, name string) []byte {
	t.Helper()
	b, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(realdata.Read(t, name))))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

// blockFile reads blocks, each after the network's magic and its length.
func blockFile(t testing.TB, b []byte) (blocks []*wire.Block) {
	t.Helper()
	for len(b) >= 8 {
		n := int(binary.LittleEndian.Uint32(b[4:]))
		block, err := wire.DecodeBlock(b[8 : 8+n])
		if err != nil {
			t.Fatal(err)
		}
		blocks, b = append(blocks, block), b[8+n:]
	}
	return blocks
}

type coinMap map[wire.Outpoint]wire.Out

// add makes a transaction's outputs spendable.
func (m coinMap) add(tx *wire.Tx) {
	for i, out := range tx.Outs {
		m[tx.Outpoint(i)] = out
	}
}

// take removes the coins a transaction spends.
func (m coinMap) take(t testing.TB, tx *wire.Tx) []wire.Out {
	coins := make([]wire.Out, len(tx.Ins))
	for i := range tx.Ins {
		out, ok := m[tx.Ins[i].Prev]
		if !ok {
			t.Fatalf("%v spends %v, which is not there", tx.ID(), tx.Ins[i].Prev)
		}
		delete(m, tx.Ins[i].Prev)
		coins[i] = out
	}
	return coins
}

// coinFile reads btcd's store of coins: outpoint, length, compressed coin.
func coinFile(t testing.TB, b []byte) coinMap {
	coins := coinMap{}
	for len(b) > 0 {
		var at wire.Outpoint
		copy(at.TxID[:], b)
		at.Index = binary.LittleEndian.Uint32(b[32:])
		n := binary.LittleEndian.Uint32(b[36:])
		_, coin := base128(b[40 : 40+n]) // height and coinbase flag
		amount, coin := base128(coin)
		coins[at] = wire.Out{Value: expandAmount(amount), Script: expandScript(t, coin)}
		b = b[40+n:]
	}
	return coins
}

// base128 reads Core's VARINT, in which no number has two encodings.
func base128(b []byte) (n uint64, rest []byte) {
	for i, v := range b {
		n = n<<7 | uint64(v&0x7f)
		if v&0x80 == 0 {
			return n, b[i+1:]
		}
		n++
	}
	return n, nil
}

func expandAmount(v uint64) int64 {
	if v == 0 {
		return 0
	}
	v--
	e := v % 10
	v /= 10
	if e < 9 {
		v = v/9*10 + v%9 + 1
	} else {
		v++
	}
	for range e {
		v *= 10
	}
	return int64(v)
}

func expandScript(t testing.TB, b []byte) []byte {
	kind, rest := base128(b)
	switch kind {
	case 0:
		return payToKeyHash(rest)
	case 1:
		return append(append([]byte{opHash160, keyHashSize}, rest...), opEqual)
	case 2, 3:
		return append(append([]byte{compressedSize, byte(kind)}, rest...), opCheckSig)
	case 4, 5:
		key, err := btcec.ParsePubKey(append([]byte{byte(kind - 2)}, rest...))
		if err != nil {
			t.Fatal(err)
		}
		return append(append([]byte{uncompressedSize}, key.SerializeUncompressed()...), opCheckSig)
	}
	return rest
}

// TestRealBlock checks every script of mainnet block 277647, by the flags of
// its height (BIP66 was yet to come) and by today's.
func TestRealBlock(t *testing.T) {
	block := blockFile(t, unpack(t, "mainnet-block-277647.dat.bz2"))[0]
	coins := coinFile(t, unpack(t, "mainnet-block-277647.utxostore.bz2"))
	ran := 0
	for i, tx := range block.Txs {
		if i > 0 {
			spent := coins.take(t, tx)
			for _, f := range []Flags{P2SH | Witness | Taproot, Mandatory} {
				spend := NewSpend(tx, spent, f)
				for in := range tx.Ins {
					if got := verdict(t, Check{Spend: spend, In: in, TxIndex: i}); got != "OK" {
						t.Errorf("%v input %d: %s under %v", tx.ID(), in, got, f)
					}
				}
			}
			ran += len(tx.Ins)
		}
		coins.add(tx)
	}
	t.Logf("%d inputs of block %v", ran, block.ID())
	if want := block.Spends(); ran != want || ran == 0 {
		t.Errorf("checked %d inputs, want %d", ran, want)
	}
}

// payment is one input of chain-payments.dat.
type payment struct {
	tx    *wire.Tx
	coins []wire.Out
	in    int
}

// payments lists up to most inputs for each kind of output they spend.
func payments(t testing.TB, most int) map[Type][]payment {
	coins, found := coinMap{}, map[Type][]payment{}
	for _, block := range blockFile(t, realdata.Read(t, "chain-payments.dat")) {
		for i, tx := range block.Txs {
			if i > 0 {
				spent := coins.take(t, tx)
				for in := range tx.Ins {
					kind := Classify(spent[in].Script)
					if len(found[kind]) < most {
						found[kind] = append(found[kind], payment{tx, spent, in})
					}
				}
			}
			coins.add(tx)
		}
	}
	return found
}

// TestPayments checks inputs of a chain that Core accepts, of every template
// in it, and that each fails when its signature's transaction changes.
func TestPayments(t *testing.T) {
	for kind, list := range payments(t, 50) {
		for _, p := range list {
			for _, f := range []Flags{Mandatory, Standard} {
				if got := verdict(t, Check{Spend: NewSpend(p.tx, p.coins, f), In: p.in}); got != "OK" {
					t.Errorf("%s: %v input %d: %s", kind, p.tx.ID(), p.in, got)
				}
			}
			changed := &wire.Tx{Version: p.tx.Version, Ins: p.tx.Ins, Outs: p.tx.Outs, LockTime: p.tx.LockTime + 1}
			for _, f := range []Flags{Mandatory, Standard} {
				if got := verdict(t, Check{Spend: NewSpend(changed.Seal(), p.coins, f), In: p.in}); got == "OK" {
					t.Errorf("%s: %v input %d passes with another lock time", kind, p.tx.ID(), p.in)
				}
			}
		}
		t.Logf("%d inputs of %s", len(list), kind)
		if len(list) == 0 {
			t.Errorf("no input of %s", kind)
		}
	}
}

// TestConcurrentChecks runs all inputs of one Spend at once; the race detector
// watches what they share.
func TestConcurrentChecks(t *testing.T) {
	for kind, list := range payments(t, 2) {
		for _, p := range list {
			spend := NewSpend(p.tx, p.coins, Mandatory)
			var wg sync.WaitGroup
			for range 4 {
				for in := range p.tx.Ins {
					wg.Go(func() {
						if err := run(Check{Spend: spend, In: in}); err != nil {
							t.Errorf("%s: input %d: %v", kind, in, err)
						}
					})
				}
			}
			wg.Wait()
		}
	}
}

// BenchmarkRun is the time of one check, a template each. A Spend is new for
// every transaction, as in a block.
func BenchmarkRun(b *testing.B) {
	for kind, list := range payments(b, 200) {
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p := list[i%len(list)]
				if err := run(Check{Spend: NewSpend(p.tx, p.coins, Mandatory), In: p.in}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkInterpret is BenchmarkRun without fast path and engine.
func BenchmarkInterpret(b *testing.B) {
	for kind, list := range payments(b, 200) {
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p := list[i%len(list)]
				if err := interpret(b, Check{Spend: NewSpend(p.tx, p.coins, Mandatory), In: p.in}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
