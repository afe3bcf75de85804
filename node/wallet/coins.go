package wallet

import (
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// Coin is an output that pays to the wallet and that nothing spends.
type Coin struct {
	Outpoint wire.Outpoint
	Out      wire.Out
	Depth    int64 // confirmations; 0 while its transaction waits
	Coinbase bool
	Mature   bool   // no coinbase, or one deep enough to be spent
	Pooled   bool   // its transaction is in the mempool
	FromMe   bool   // its transaction spends coins of the wallet
	Trusted  bool   // in a block, or made by the wallet of nothing but trusted coins
	Locked   bool   // by LockCoin
	Reused   bool   // its address was spent from before; only known with AvoidReuse
	Internal bool   // of a descriptor for change
	Address  string // "" for none
	Label    string
	Labeled  bool // the address is in the book
	Time     int64
	Replaced bool // its transaction replaces another or was replaced: not safe before it is in a block
	Version  int32
	Descs    []string // the public descriptors that it belongs to, with checksum
}

// Balance in satoshis, as Core's getbalances has it.
type Balance struct {
	Trusted   int64 // in a block, or change of one's own payments
	Pending   int64 // coming in: from others, in the mempool
	Immature  int64 // mined, not yet mature
	Nonpool   int64 // spent by payments that are not in the mempool: at most 0
	Used      int64 // of reused addresses, with AvoidReuse
	Tip       wire.Hash
	TipHeight uint32
}

// mature says whether what e pays may be spent. As in Core's wallet a coinbase
// waits one block longer than the rule asks, so that a reorganisation by one block
// leaves the payment valid.
func (w *Wallet) mature(e *entry) bool {
	return !e.tx.IsCoinbase() || e.depth(w.height) > int64(w.c.Params.Maturity)
}

// Balance sums up what has at least minDepth confirmations. With avoidReuse
// coins of reused addresses count apart, with nonpool what payments outside the
// mempool spend.
func (w *Wallet) Balance(minDepth int64, avoidReuse, nonpool bool) Balance {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := Balance{Tip: w.tip, TipHeight: w.height}
	apart := avoidReuse && w.meta.Flags&AvoidReuse != 0
	trust := w.trust()
	for op, e := range w.ledger.owned {
		f := w.ledger.spent(op)
		if f > outOfPool || f == outOfPool && !nonpool {
			continue
		}
		trusted := trust.of(e)
		var sum *int64
		switch {
		case e.state == confirmed && !w.mature(e):
			sum = &b.Immature
		case trusted && e.depth(w.height) >= minDepth:
			sum = &b.Trusted
		case !trusted && e.state == pooled:
			sum = &b.Pending
		default:
			continue
		}
		out := e.tx.Outs[op.Index]
		if apart && w.isReused(out.Script) {
			sum = &b.Used
		}
		*sum += out.Value
		if f == outOfPool {
			b.Nonpool -= out.Value
		}
	}
	return b
}

// trusts answers whether transactions are trusted, each worked out once.
type trusts struct {
	w     *Wallet
	known map[*entry]bool
}

func (w *Wallet) trust() trusts { return trusts{w, map[*entry]bool{}} }

// of says whether e is in a block, or in the mempool and made of nothing but coins of the
// wallet that are trusted (Core's CachedTxIsTrusted), where change need not be in a block. Lines of waiting
// transactions are as long as the mempool allows, so recursion is bounded.
func (t trusts) of(e *entry) bool {
	switch {
	case e.state == confirmed:
		return true
	case e.state != pooled || t.w.c.Habits.Settled:
		return false
	}
	if v, ok := t.known[e]; ok {
		return v
	}
	t.known[e] = false
	v := t.w.ledger.spends(e.tx) && !slices.ContainsFunc(e.tx.Ins, func(in wire.In) bool {
		parent := t.w.ledger.owned[in.Prev]
		return parent == nil || !t.of(parent)
	})
	t.known[e] = v
	return v
}

// Coins lists all coins that nothing spends, of transactions that are in a block
// or the mempool, in the order in which they came. What may be chosen of them, the
// caller decides.
func (w *Wallet) Coins() []Coin {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Coin
	trust := w.trust()
	for _, e := range w.ledger.ordered {
		if e.state != confirmed && e.state != pooled {
			continue
		}
		for i := range e.tx.Outs {
			op := e.tx.Outpoint(i)
			if w.ledger.owned[op] != nil && !w.ledger.isSpent(op) {
				out = append(out, w.coin(e, op, trust))
			}
		}
	}
	return out
}

// Coin looks up an output of the wallet, spent or not.
func (w *Wallet) Coin(op wire.Outpoint) (c Coin, spent, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.ledger.owned[op]
	if e == nil {
		return Coin{}, false, false
	}
	return w.coin(e, op, w.trust()), w.ledger.isSpent(op), true
}

func (w *Wallet) coin(e *entry, op wire.Outpoint, trust trusts) Coin {
	o := e.tx.Outs[op.Index]
	c := Coin{
		Outpoint: op, Out: o, Depth: e.depth(w.height), Coinbase: e.tx.IsCoinbase(), Mature: w.mature(e), Pooled: e.state == pooled,
		FromMe: w.ledger.spends(e.tx), Trusted: trust.of(e), Reused: w.isReused(o.Script), Address: w.addressOf(o.Script),
		Time: e.smart, Replaced: e.replaces != nil || e.replacedBy != nil, Version: e.tx.Version, Descs: w.parents(o.Script),
	}
	_, c.Locked = w.locks[op]
	c.Label, c.Labeled = w.labelOf(c.Address)
	for _, p := range w.places[string(o.Script)] {
		_, internal := w.isActive(p.ring)
		c.Internal = c.Internal || internal
	}
	return c
}

// parents lists the descriptors that a script belongs to. mu is held.
func (w *Wallet) parents(script []byte) []string {
	out := []string{}
	for _, p := range w.places[string(script)] {
		if !slices.Contains(out, p.ring.rec.Text) {
			out = append(out, p.ring.rec.Text)
		}
	}
	return out
}
