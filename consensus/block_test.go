package consensus

import (
	"bytes"
	"slices"
	"testing"

	"github.com/quernnet/quern/consensus/realdata"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// large is a script of n bytes that costs no signature operations.
func large(n int) []byte { return bytes.Repeat([]byte{0x61}, n) } // OP_NOP

// checksigs is a script with n signature operations.
func checksigs(n int) []byte { return bytes.Repeat([]byte{0xac}, n) }

func TestCheckBlock(t *testing.T) {
	regtest := mustChain(t, "regtest")
	for _, c := range []struct {
		name    string
		edit    func(*draft)
		rule    Rule
		tx, in  int
		mutated bool
	}{
		{"valid", func(*draft) {}, "", -1, -1, false},
		{"Merkle root of another block", func(d *draft) { d.merkle = &wire.Hash{1} }, BadMerkleRoot, -1, -1, true},
		{"transaction taken away", func(d *draft) {
			root, _ := wire.MerkleRoot(wire.NewBlock(d.header, d.txs).TxIDs())
			d.merkle, d.txs = &root, d.txs[:2]
		}, BadMerkleRoot, -1, -1, true},
		// CVE-2012-2459: three transactions have the root of four, the last one twice.
		{"transaction repeated under the same root", func(d *draft) {
			root, _ := wire.MerkleRoot(wire.NewBlock(d.header, d.txs).TxIDs())
			d.merkle, d.txs = &root, append(d.txs, d.txs[2])
		}, DuplicateTx, -1, -1, true},
		{"no transactions", func(d *draft) { d.txs, d.merkle = nil, &wire.Hash{} }, BadBlockLength, -1, -1, false},
		{"as large as can be", func(d *draft) { d.txs[1].Outs[0].Script = large(1_000_000 - 273) }, "", -1, -1, false},
		{"one byte larger", func(d *draft) { d.txs[1].Outs[0].Script = large(1_000_000 - 272) }, BadBlockLength, -1, -1, false},
		{"no coinbase", func(d *draft) { d.txs = d.txs[1:] }, CoinbaseMissing, 0, -1, false},
		{"coinbase not first", func(d *draft) { d.txs[0], d.txs[1] = d.txs[1], d.txs[0] }, CoinbaseMissing, 0, -1, false},
		{"cut-off Merkle tree for a block", func(d *draft) {
			d.txs = d.txs[1:]
			d.txs[1].Outs[0].Script = large(64 - 60)
		}, CoinbaseMissing, 0, -1, true},
		{"second coinbase", func(d *draft) { d.txs[2] = d.draftCoinbase() }, CoinbaseMultiple, 2, -1, false},
		{"transaction without outputs", func(d *draft) { d.txs[2].Outs = nil }, NoOutputs, 2, -1, false},
		{"input twice (CVE-2018-17144)", func(d *draft) {
			d.txs[1].Ins = append(d.txs[1].Ins, d.txs[1].Ins[0])
		}, DuplicateInputs, 1, 1, false},
		{"coinbase script of 1 byte", func(d *draft) { d.txs[0].Ins[0].Script = []byte{1} }, CoinbaseLength, 0, -1, false},
		{"null prevout", func(d *draft) {
			d.txs[1].Ins = append(d.txs[1].Ins, wire.In{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}})
		}, NullPrevout, 1, 1, false},
		{"20,000 operations", func(d *draft) { d.txs[1].Outs[0].Script = checksigs(20_000) }, "", -1, -1, false},
		{"20,001 operations in outputs", func(d *draft) { d.txs[1].Outs[0].Script = checksigs(20_001) }, TooManySigops, -1, -1, false},
		{"20,001 operations in inputs", func(d *draft) { d.txs[2].Ins[0].Script = checksigs(20_001) }, TooManySigops, -1, -1, false},
		{"20,001 operations, the coinbase's too", func(d *draft) {
			d.txs[0].Outs[0].Script = checksigs(1)
			d.txs[1].Outs[0].Script = checksigs(20_000)
		}, TooManySigops, -1, -1, false},
		{"CHECKMULTISIG counts as 20", func(d *draft) {
			d.txs[1].Outs[0].Script = append(bytes.Repeat([]byte{0x52, 0xae}, 1000), 0xac)
		}, TooManySigops, -1, -1, false},
		{"64-byte transactions are valid", func(d *draft) { d.txs[1].Outs[0].Script = large(64 - 60) }, "", -1, -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newHouse(t, regtest).draft()
			d.txs = append(d.txs, spend(1, op(1, 0)), spend(1, op(2, 0)))
			c.edit(d)
			err := CheckBlock(regtest, d.block(t), script.NewBatch(nil))
			if c.rule == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantRule(t, err, c.rule, c.tx, c.in)
			if Mutated(err) != c.mutated {
				t.Errorf("mutated: %v", Mutated(err))
			}
		})
	}
}

// draftCoinbase is a coinbase like the draft's that is another transaction.
func (d *draft) draftCoinbase() *wire.Tx {
	in := d.txs[0].Ins[0]
	in.Script = append(slices.Clone(in.Script), 7)
	return &wire.Tx{Ins: []wire.In{in}, Outs: d.txs[0].Outs}
}

func TestDraftNeedsNoMerkleRoot(t *testing.T) {
	h := newHouse(t, mustChain(t, "regtest"))
	d := h.draft()
	d.merkle = &wire.Hash{1}
	b := d.block(t)
	if err := CheckDraft(b); err != nil {
		t.Error(err)
	}
	wantRule(t, CheckBlock(h.state.Params, b, script.NewBatch(nil)), BadMerkleRoot, -1, -1)
}

func TestCheckBlockContext(t *testing.T) {
	const height = 12
	withWitness := func(d *draft) { d.txs[1].Ins[0].Witness = [][]byte{{1}} }
	late := uint32(height + 1)
	early := mustChain(t, "regtest")
	old, err := early.With(Override{BIP34: &late, CSV: &late, Segwit: &late})
	if err != nil {
		t.Fatal(err)
	}
	now := uint32(height)
	first, err := early.With(Override{BIP34: &now, CSV: &now, Segwit: &now})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		p       *Params
		edit    func(*house, *draft)
		after   func(*wire.Block) // changes the block on its way
		rule    Rule
		tx, in  int
		mutated bool
	}{
		{"valid", early, func(*house, *draft) {}, nil, "", -1, -1, false},
		{"lock height of its own", early, func(_ *house, d *draft) { d.txs[1].LockTime, d.txs[1].Ins[0].Sequence = height, 0 }, nil, NotFinal, 1, -1, false},
		{"lock height passed", early, func(_ *house, d *draft) { d.txs[1].LockTime, d.txs[1].Ins[0].Sequence = height-1, 0 }, nil, "", -1, -1, false},
		{"lock time is the median (BIP113)", early, func(h *house, d *draft) {
			d.txs[1].LockTime, d.txs[1].Ins[0].Sequence = h.state.MedianTimePast(), 0
		}, nil, NotFinal, 1, -1, false},
		{"lock time below the median", early, func(h *house, d *draft) {
			d.txs[1].LockTime, d.txs[1].Ins[0].Sequence = h.state.MedianTimePast()-1, 0
		}, nil, "", -1, -1, false},
		{"lock time is the block's, before BIP113", old, func(_ *house, d *draft) {
			d.txs[1].LockTime, d.txs[1].Ins[0].Sequence = d.header.Time, 0
		}, nil, NotFinal, 1, -1, false},
		{"lock time between, before BIP113", old, func(_ *house, d *draft) {
			d.txs[1].LockTime, d.txs[1].Ins[0].Sequence = d.header.Time-1, 0
		}, nil, "", -1, -1, false},
		{"lock time between, at BIP113's height", first, func(_ *house, d *draft) {
			d.txs[1].LockTime, d.txs[1].Ins[0].Sequence = d.header.Time-1, 0
		}, nil, NotFinal, 1, -1, false},
		{"coinbase with a lock time", early, func(_ *house, d *draft) { d.txs[0].LockTime, d.txs[0].Ins[0].Sequence = 100, 0 }, nil, NotFinal, 0, -1, false},

		{"height of another block", early, func(_ *house, d *draft) { d.txs[0].Ins[0].Script = append(HeightScript(height+1), 0) }, nil, CoinbaseHeight, 0, 0, false},
		{"height in two bytes", early, func(_ *house, d *draft) { d.txs[0].Ins[0].Script = []byte{2, height, 0} }, nil, CoinbaseHeight, 0, 0, false},
		{"height missing before BIP34", old, func(_ *house, d *draft) { d.txs[0].Ins[0].Script = []byte{0, 0} }, nil, "", -1, -1, false},

		{"height missing at BIP34's height", first, func(_ *house, d *draft) { d.txs[0].Ins[0].Script = []byte{0, 0} }, nil, CoinbaseHeight, 0, 0, false},
		{"witness committed to at segwit's height", first, func(_ *house, d *draft) { withWitness(d); d.commit = true }, nil, "", -1, -1, false},

		{"witness committed to", early, func(_ *house, d *draft) { withWitness(d); d.commit = true }, nil, "", -1, -1, false},
		{"commitment without witnesses", early, func(_ *house, d *draft) { d.commit = true }, nil, "", -1, -1, false},
		{"witness without commitment", early, func(_ *house, d *draft) { withWitness(d) }, nil, UnexpectedWitness, 1, -1, true},
		{"coinbase witness without commitment", early, func(_ *house, d *draft) {
			d.txs[0].Ins[0].Witness = [][]byte{make([]byte, 32)}
		}, nil, UnexpectedWitness, 0, -1, true},
		{"witness with commitment before segwit", old, func(_ *house, d *draft) { withWitness(d); d.commit = true }, nil, UnexpectedWitness, 0, -1, true},
		{"witness altered on its way", early, func(_ *house, d *draft) { withWitness(d); d.commit = true },
			func(b *wire.Block) { b.Txs[1].Ins[0].Witness = [][]byte{{2}} }, WitnessMismatch, 0, -1, true},
		{"witness stripped on its way", early, func(_ *house, d *draft) { withWitness(d); d.commit = true },
			func(b *wire.Block) { b.Txs[1].Ins[0].Witness = nil }, WitnessMismatch, 0, -1, true},
		{"reserved value of 31 bytes", early, func(_ *house, d *draft) { d.commit = true },
			func(b *wire.Block) { b.Txs[0].Ins[0].Witness = [][]byte{make([]byte, 31)} }, WitnessNonceSize, 0, 0, true},
		{"two reserved values", early, func(_ *house, d *draft) { d.commit = true },
			func(b *wire.Block) { b.Txs[0].Ins[0].Witness = [][]byte{make([]byte, 32), nil} }, WitnessNonceSize, 0, 0, true},
		{"no reserved value", early, func(_ *house, d *draft) { d.commit = true },
			func(b *wire.Block) { b.Txs[0].Ins[0].Witness = nil }, WitnessNonceSize, 0, 0, true},
		{"an earlier commitment does not count", early, func(_ *house, d *draft) {
			withWitness(d)
			d.txs[0].Outs = append(d.txs[0].Outs, wire.Out{Script: WitnessCommitment(wire.Hash{5}, [32]byte{})})
			d.commit = true
		}, nil, "", -1, -1, false},
		{"the last commitment counts", early, func(_ *house, d *draft) {
			withWitness(d)
			d.addCommitment()
			d.txs[0].Outs = append(d.txs[0].Outs, wire.Out{Script: WitnessCommitment(wire.Hash{5}, [32]byte{})})
		}, nil, WitnessMismatch, 0, -1, true},
		{"a commitment may be longer", early, func(_ *house, d *draft) {
			withWitness(d)
			d.addCommitment()
			out := &d.txs[0].Outs[1]
			out.Script = append(out.Script, 0x51, 0x51)
		}, nil, "", -1, -1, false},
		{"37 bytes are no commitment", early, func(_ *house, d *draft) {
			d.txs[0].Outs = append(d.txs[0].Outs, wire.Out{Script: WitnessCommitment(wire.Hash{5}, [32]byte{})[:37]})
		}, nil, "", -1, -1, false},

		// CVE-2022-39389 and -44797 split btcd by a limit on witness items: no
		// item is too long for a block that is light enough.
		{"as heavy as can be, one witness item", early, func(_ *house, d *draft) { heavy(d, 0) }, nil, "", -1, -1, false},
		{"one weight unit more", early, func(_ *house, d *draft) { heavy(d, 1) }, nil, BlockTooHeavy, -1, -1, false},
		{"hundreds of thousands of witness items", early, func(_ *house, d *draft) {
			d.txs[1].Ins[0].Witness = make([][]byte, 600_000)
			d.commit = true
		}, nil, "", -1, -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, c.p).grow(height - 1)
			d := h.draft()
			d.txs = append(d.txs, spend(1, op(1, 0)), spend(1, op(2, 0)))
			c.edit(h, d)
			b := d.block(t)
			if c.after != nil {
				c.after(b)
				for _, tx := range b.Txs {
					tx.Seal()
				}
			}
			if err := CheckBlock(c.p, b, script.NewBatch(nil)); err != nil && c.rule != BlockTooHeavy {
				t.Fatalf("by itself: %v", err)
			}
			err := CheckBlockContext(&h.state, b)
			if c.rule == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantRule(t, err, c.rule, c.tx, c.in)
			if Mutated(err) != c.mutated {
				t.Errorf("mutated: %v", Mutated(err))
			}
		})
	}
}

// heavy fills the draft to the weight limit, and some units over it.
func heavy(d *draft, over int) {
	item := make([]byte, 3_900_000)
	d.txs[1].Ins[0].Witness = [][]byte{item}
	d.addCommitment()
	for _, tx := range d.txs {
		tx.Seal()
	}
	weight := wire.NewBlock(d.header, d.txs).Weight()
	d.txs[0].Outs = d.txs[0].Outs[:1]
	d.txs[1].Ins[0].Witness[0] = make([]byte, len(item)+MaxWeight-weight+over)
	d.addCommitment()
}

func TestHeightScript(t *testing.T) {
	for _, c := range []struct {
		height uint32
		want   []byte
	}{
		{0, []byte{0x00}}, {1, []byte{0x51}}, {16, []byte{0x60}}, {17, []byte{1, 17}}, {127, []byte{1, 127}},
		{128, []byte{2, 128, 0}}, {255, []byte{2, 255, 0}}, {256, []byte{2, 0, 1}}, {32767, []byte{2, 255, 127}}, {32768, []byte{3, 0, 128, 0}},
		{227_931, []byte{3, 0x5b, 0x7a, 0x03}}, {8_388_608, []byte{4, 0, 0, 128, 0}}, {0xffffffff, []byte{5, 255, 255, 255, 255, 0}},
	} {
		if got := HeightScript(c.height); !bytes.Equal(got, c.want) {
			t.Errorf("%d: %x, want %x", c.height, got, c.want)
		}
	}
}

// TestRealBlock judges block 413,567 of the main chain by itself.
func TestRealBlock(t *testing.T) {
	b, err := wire.DecodeBlock(realdata.Read(t, "mainnet-block-413567.bin"))
	if err != nil {
		t.Fatal(err)
	}
	main := mustChain(t, "main")
	if err := CheckBlock(main, b, script.NewBatch(nil)); err != nil {
		t.Error(err)
	}
	s := State{Params: main, ID: b.Header.Parent, Height: 413_566}
	if err := CheckBlockContext(&s, b); err != nil {
		t.Error(err)
	}
	s.Height++
	wantRule(t, CheckBlockContext(&s, b), CoinbaseHeight, 0, 0)
}
