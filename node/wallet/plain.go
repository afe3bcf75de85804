package wallet

import (
	"slices"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// Holdings are what the command line shows of a balance, in satoshis.
type Holdings struct {
	Confirmed int64 // in blocks, spendable now
	Pending   int64 // not yet in a block: coming in, or change of one's own payments
	Immature  int64 // mined, not yet mature
}

// Holdings sums the coins up.
func (w *Wallet) Holdings() Holdings {
	w.mu.Lock()
	defer w.mu.Unlock()
	var h Holdings
	for op, e := range w.ledger.owned {
		switch v := e.tx.Outs[op.Index].Value; {
		case e.fails() || w.ledger.isSpent(op):
		case e.state != confirmed:
			h.Pending += v
		case !w.mature(e):
			h.Immature += v
		default:
			h.Confirmed += v
		}
	}
	return h
}

// Record is a transaction as the command line shows it.
type Record struct {
	TxID      wire.Hash
	Value     int64 // satoshis: received minus spent
	Fee       int64 // satoshis, when all inputs are the wallet's
	Height    uint32
	Block     wire.Hash // zero while it waits
	Time      time.Time // of the block, or when it was first seen
	Coinbase  bool
	Addresses []string // that were paid, change excepted, or of the wallet that received
	Abandoned bool     // another transaction took its coins, or it was given up: it cannot confirm
}

// History lists records, newest first, at most most of them (0: all). What waits is newest.
func (w *Wallet) History(most int) []Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	entries := slices.Clone(w.ledger.ordered)
	slices.SortStableFunc(entries, func(a, b *entry) int {
		// A height of zero, of those that wait, wraps to the largest.
		if a.heightOr0()-1 != b.heightOr0()-1 {
			if a.heightOr0()-1 < b.heightOr0()-1 {
				return -1
			}
			return 1
		}
		return int(a.order - b.order)
	})
	if most <= 0 || most > len(entries) {
		most = len(entries)
	}
	out := make([]Record, 0, most)
	for _, e := range slices.Backward(entries) {
		if len(out) == most {
			break
		}
		out = append(out, w.plain(e))
	}
	return out
}

// heightOr0 is the height of e's block, 0 while it has none.
func (e *entry) heightOr0() uint32 {
	if e.state != confirmed {
		return 0
	}
	return e.height
}

func (w *Wallet) plain(e *entry) Record {
	r := Record{TxID: e.tx.ID(), Height: e.heightOr0(), Time: time.Unix(e.smart, 0), Coinbase: e.tx.IsCoinbase(), Abandoned: e.fails()}
	if e.state == confirmed {
		r.Block = e.block
	}
	debit := w.ledger.debit(e.tx)
	r.Value = w.ledger.credit(e.tx) - debit
	if w.ledger.allOwn(e.tx) {
		r.Fee = debit
		for _, o := range e.tx.Outs {
			r.Fee -= o.Value
		}
	}
	for _, o := range e.tx.Outs {
		shown := len(w.places[string(o.Script)]) > 0
		if debit > 0 {
			shown = !w.isChange(o.Script) // change pays nobody
		}
		if a := w.addressOf(o.Script); a != "" && shown {
			r.Addresses = append(r.Addresses, a)
		}
	}
	return r
}

// allOwn says whether every input of t spends a coin of the wallet.
func (l *ledger) allOwn(t *wire.Tx) bool {
	return !slices.ContainsFunc(t.Ins, func(in wire.In) bool { return l.owned[in.Prev] == nil })
}
