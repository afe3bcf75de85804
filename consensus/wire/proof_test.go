package wire

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// blockOf has n transactions, no two alike.
func blockOf(n int) *Block {
	txs := make([]*Tx, n)
	for i := range txs {
		txs[i] = (&Tx{Ins: make([]In, 1), Outs: []Out{{Value: int64(i)}}}).Seal()
	}
	b := NewBlock(Header{Time: uint32(n)}, txs)
	h := b.Header
	h.Merkle, _ = MerkleRoot(b.TxIDs())
	return NewBlock(h, txs)
}

func TestProofsProveWhatTheyAreOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 70; n++ {
		b := blockOf(n)
		for range 5 {
			var want []Proven
			few := rng.IntN(n + 1)
			p := NewProof(b, func(i int) bool {
				if rng.IntN(n) < few {
					want = append(want, Proven{b.Txs[i].ID(), uint32(i)})
					return true
				}
				return false
			})
			raw := p.Append(nil)
			back, err := DecodeProof(raw)
			if err != nil {
				t.Fatal(err)
			}
			got, err := back.Verify()
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("of %d transactions: proves %v, %v, want %v", n, got, err, want)
			}
		}
	}
}

func TestDamagedProofs(t *testing.T) {
	b := blockOf(11)
	whole := func() *Proof { return NewProof(b, func(i int) bool { return i == 3 || i == 10 }) }
	for name, damage := range map[string]func(*Proof){
		"another root":        func(p *Proof) { p.Header.Merkle[0]++ },
		"another hash":        func(p *Proof) { p.Hashes[1][5]++ },
		"no transactions":     func(p *Proof) { p.Txs = 0 },
		"too many":            func(p *Proof) { p.Txs = maxProofTxs + 1 },
		"fewer transactions":  func(p *Proof) { p.Txs = 5 },
		"a hash too many":     func(p *Proof) { p.Hashes = append(p.Hashes, Hash{}) },
		"a hash missing":      func(p *Proof) { p.Hashes = p.Hashes[:len(p.Hashes)-1] },
		"bits missing":        func(p *Proof) { p.Bits = p.Bits[:1] },
		"a byte of bits more": func(p *Proof) { p.Bits = append(p.Bits, 0) },
		"no bits":             func(p *Proof) { p.Bits = nil },
	} {
		p := whole()
		damage(p)
		if got, err := p.Verify(); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	// A block whose last transactions are repeated has the same root.
	twice := NewBlock(b.Header, append(slices.Clone(b.Txs), b.Txs[10]))
	if got, err := NewProof(twice, func(i int) bool { return i == 11 }).Verify(); !errors.Is(err, ErrProof) {
		t.Errorf("a repeated transaction: %v, %v", got, err)
	}
}

func FuzzProof(f *testing.F) {
	b := blockOf(5)
	f.Add(NewProof(b, func(i int) bool { return i == 2 }).Append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := DecodeProof(raw)
		if err != nil {
			return
		}
		found, err := p.Verify()
		if err == nil && len(found) > int(p.Txs) {
			t.Errorf("%d transactions of %d", len(found), p.Txs)
		}
		if got := p.Append(nil); string(got) != string(raw[:len(got)]) {
			t.Errorf("%x is written as %x", raw, got)
		}
	})
}
