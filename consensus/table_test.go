package consensus

import (
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// crowd is a block of n transactions, each spending n outputs of one
// transaction: tables as full as they get, with ids that differ little.
func crowd(n int) *wire.Block {
	txs := make([]*wire.Tx, n)
	for i := range txs {
		tx := spend(int64(i))
		for j := range n {
			tx.Ins = append(tx.Ins, wire.In{Prev: wire.Outpoint{TxID: wire.Hash{byte(i)}, Index: uint32(j)}})
		}
		txs[i] = tx.Seal()
	}
	return wire.NewBlock(wire.Header{Time: uint32(n)}, txs)
}

func TestInputSet(t *testing.T) {
	for _, n := range []int{1, 2, 30, 128} {
		b := crowd(n)
		s := newInputSet(b, n*n)
		for i := range n {
			for j := range n {
				if !s.add(i, j) {
					t.Fatalf("%d: input %d of %d is there before it is added", n, j, i)
				}
			}
		}
		for i := range n {
			for j := range n {
				if s.add(i, j) {
					t.Fatalf("%d: input %d of %d was added twice", n, j, i)
				}
			}
		}
	}
}

func TestTxIndex(t *testing.T) {
	for _, n := range []int{1, 2, 30, 128} {
		b := crowd(n)
		b.Txs = append(b.Txs, b.Txs[0]) // the first of equals counts
		x := newTxIndex(b)
		for i := range n {
			if got := x.find(b.Txs[i].ID()); got != i {
				t.Fatalf("%d: transaction %d is found at %d", n, i, got)
			}
		}
		if got := x.find(wire.Hash{200}); got != -1 {
			t.Errorf("%d: a stranger is found at %d", n, got)
		}
	}
	empty := newTxIndex(wire.NewBlock(wire.Header{}, nil))
	if empty.find(wire.Hash{1}) != -1 {
		t.Error("found in an empty block")
	}
}
