package datastore

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// ledger makes up blocks and knows, in a plain map, the coins that are right
// after each. It does not care for rules: the store does not either.
type ledger struct {
	rng    *rand.Rand
	coins  map[wire.Outpoint]consensus.Coin
	ops    []wire.Outpoint // of coins, and of some that are gone
	states []consensus.State
	past   []consensus.Update
}

func newLedger(p *consensus.Params, seed uint64) *ledger {
	return &ledger{
		rng:    rand.New(rand.NewPCG(seed, 1)),
		coins:  make(map[wire.Outpoint]consensus.Coin),
		states: []consensus.State{{Params: p, ID: p.Genesis.ID()}},
	}
}

func testParams(t testing.TB) *consensus.Params {
	t.Helper()
	p, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (l *ledger) tip() consensus.State { return l.states[len(l.states)-1] }

func (l *ledger) script() []byte {
	b := make([]byte, 32)
	binary.LittleEndian.PutUint64(b, l.rng.Uint64())
	switch l.rng.IntN(6) {
	case 0:
		return append([]byte("\x76\xa9\x14"), append(b[:20], "\x88\xac"...)...)
	case 1:
		return append([]byte("\x51\x20"), b...)
	case 2:
		return append([]byte{0x6a}, b[:l.rng.IntN(20)]...) // never a coin
	case 3:
		return slices.Repeat(b[:4], 1+l.rng.IntN(60))
	default:
		return append([]byte("\x00\x14"), b[:20]...)
	}
}

func (l *ledger) outs(n int) []wire.Out {
	outs := make([]wire.Out, n)
	for i := range outs {
		outs[i] = wire.Out{Value: l.rng.Int64N(consensus.MaxMoney), Script: l.script()}
	}
	return outs
}

// pick takes a coin out of the set at random, the newer the likelier.
func (l *ledger) pick() (op wire.Outpoint, c consensus.Coin, ok bool) {
	for len(l.ops) > 0 {
		i := len(l.ops) - 1 - int(l.rng.ExpFloat64()*40)%len(l.ops)
		op := l.ops[i]
		l.ops = slices.Delete(l.ops, i, i+1)
		if c, ok := l.coins[op]; ok {
			delete(l.coins, op)
			return op, c, true
		}
	}
	return op, c, false
}

func (l *ledger) create(t *wire.Tx, height uint32, coinbase bool) {
	for i := range t.Outs {
		if !script.IsUnspendable(t.Outs[i].Script) {
			l.coins[t.Outpoint(i)] = consensus.Coin{Out: t.Outs[i], Height: height, Coinbase: coinbase}
			l.ops = append(l.ops, t.Outpoint(i))
		}
	}
}

// grow adds a block of up to txs transactions.
func (l *ledger) grow(txs int) consensus.Update {
	prev := l.tip()
	height := prev.Height + 1
	salt := binary.LittleEndian.AppendUint64(nil, l.rng.Uint64())
	base := (&wire.Tx{
		Version: 1,
		Ins:     []wire.In{{Prev: wire.Outpoint{Index: wire.CoinbaseIndex}, Script: salt}},
		Outs:    l.outs(1 + l.rng.IntN(2)),
	}).Seal()
	u := consensus.Update{Prev: prev}
	all := []*wire.Tx{base}
	l.create(base, height, true)
	for range l.rng.IntN(txs + 1) {
		t := &wire.Tx{Version: 2, Outs: l.outs(1 + l.rng.IntN(5))}
		for range 1 + l.rng.IntN(2) {
			if op, c, ok := l.pick(); ok {
				t.Ins = append(t.Ins, wire.In{Prev: op, Script: salt})
				u.Spent = append(u.Spent, c)
			}
		}
		if len(t.Ins) > 0 {
			all = append(all, t.Seal())
			l.create(t, height, false)
		}
	}
	u.Block = wire.NewBlock(wire.Header{Version: 1, Parent: prev.ID, Time: height, Nonce: l.rng.Uint32()}, all)
	u.Next = consensus.State{Params: prev.Params, ID: u.Block.ID(), Height: height}
	l.states, l.past = append(l.states, u.Next), append(l.past, u)
	return u
}

// shrink takes the last block off.
func (l *ledger) shrink() (consensus.Update, bool) {
	if len(l.past) == 0 {
		return consensus.Update{}, false
	}
	u := l.past[len(l.past)-1]
	l.past, l.states = l.past[:len(l.past)-1], l.states[:len(l.states)-1]
	n := len(u.Spent)
	for i, t := range slices.Backward(u.Block.Txs) {
		for j := range t.Outs {
			delete(l.coins, t.Outpoint(j))
		}
		for j := range slices.Backward(t.Ins) {
			if i > 0 {
				n--
				l.coins[t.Ins[j].Prev] = u.Spent[n]
				l.ops = append(l.ops, t.Ins[j].Prev)
			}
		}
	}
	return u, true
}

// check compares a store's flushed coins with those of the ledger.
func (l *ledger) check(t *testing.T, s *Store) {
	t.Helper()
	n := 0
	var last wire.Outpoint
	err := s.EachCoin(context.Background(), func(op wire.Outpoint, c consensus.Coin) error {
		want, ok := l.coins[op]
		if !ok {
			t.Errorf("coin %v is in the store and should not be", op)
		} else if !sameCoin(c, want) {
			t.Errorf("coin %v is %+v, want %+v", op, c, want)
		}
		if n > 0 && (last.TxID.Compare(op.TxID) > 0 || last.TxID == op.TxID && last.Index >= op.Index) {
			t.Errorf("coin %v comes after %v", op, last)
		}
		last = op
		n++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n != len(l.coins) {
		t.Errorf("%d coins in the store, want %d", n, len(l.coins))
	}
}

func sameCoin(a, b consensus.Coin) bool {
	return a.Value == b.Value && string(a.Script) == string(b.Script) &&
		a.Height == b.Height && a.Coinbase == b.Coinbase && a.Missing == b.Missing
}
