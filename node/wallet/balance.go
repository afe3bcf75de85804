package wallet

import (
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
)

// Balance in satoshis.
type Balance struct {
	Confirmed int64 // spendable now
	Pending   int64 // not yet in a block: coming in, or change of one's own payments
	Immature  int64 // mined, not yet mature
}

// Balance sums the coins up.
func (w *Wallet) Balance() (Balance, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b Balance
	if w.file == nil {
		return b, ErrNone
	}
	for _, c := range w.ledger.coins() {
		switch {
		case c.from.height == 0:
			b.Pending += c.out.Value
		case !w.mature(c):
			b.Immature += c.out.Value
		default:
			b.Confirmed += c.out.Value
		}
	}
	return b, nil
}

// mature says whether c may be spent. As in Core's wallet a coinbase waits one
// block longer than the rule asks, so that a reorg by one block leaves the
// payment valid.
func (w *Wallet) mature(c coin) bool {
	return !c.from.tx.IsCoinbase() || w.height >= c.from.height+w.c.Params.Maturity
}

// Record is a transaction that concerns the wallet.
type Record struct {
	TxID      wire.Hash
	Value     int64 // satoshis: received minus spent
	Fee       int64 // satoshis, when all inputs are the wallet's
	Height    uint32
	Block     wire.Hash // zero while it waits
	Time      time.Time // of the block, or when it was first seen
	Coinbase  bool
	Addresses []string // that were paid, change excepted, or of the wallet that received
	Abandoned bool     // another transaction took its coins: it cannot confirm
}

// History lists records, newest first, at most most of them (0: all).
func (w *Wallet) History(most int) ([]Record, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil, ErrNone
	}
	entries := w.ledger.sorted()
	if most <= 0 || most > len(entries) {
		most = len(entries)
	}
	out := make([]Record, 0, most)
	for i := len(entries) - 1; len(out) < most; i-- {
		out = append(out, w.record(entries[i]))
	}
	return out, nil
}

func (w *Wallet) record(e *entry) Record {
	r := Record{
		TxID: e.tx.ID(), Fee: e.fee, Height: e.height, Block: e.block, Time: e.time,
		Coinbase: e.tx.IsCoinbase(), Abandoned: e.dead(),
	}
	for _, in := range e.tx.Ins {
		if o, ok := w.ledger.output(in.Prev); ok {
			r.Value -= o.Value
		}
	}
	paid := r.Value < 0
	for _, o := range e.tx.Outs {
		at, own := w.ledger.book.paths[string(o.Script)]
		if own {
			r.Value += o.Value
		}
		shown := own
		if paid {
			shown = !own || at.Branch == receiving // change pays nobody
		}
		if text, ok := address.Encode(o.Script, w.c.Params); ok && shown {
			r.Addresses = append(r.Addresses, text)
		}
	}
	return r
}
