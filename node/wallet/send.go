package wallet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
)

// Payment is one output to make; Value in satoshis.
type Payment struct {
	Address string
	Value   int64
}

// Order is what Send is to do.
type Order struct {
	To          []Payment
	Feerate     int64 // satoshis per 1000 virtual bytes; 0: the mempool's floor, at least 1000
	SubtractFee bool  // take the fee from the payments, so that a whole balance can be sent
	Password    string
}

// Sent is a payment that the mempool took.
type Sent struct {
	Tx  *wire.Tx
	Fee int64 // satoshis
}

const (
	leastFeerate = 1000 // satoshis per 1000 virtual bytes, when the order names none
	maxFeerate   = 100_000 * 1000
	dust         = 330 // satoshis, of a P2TR output (Core's dust limit is 294 for P2WPKH, 330 for P2TR)

	// A sequence that signals replacement (BIP125) and lets the lock time hold.
	sequence = 0xfffffffd
)

// Send pays: it chooses coins, adds change, signs, and hands the transaction to
// the mempool. ErrPassword and ErrFunds say what they say; a *mempool.Error is
// the mempool's.
func (w *Wallet) Send(ctx context.Context, o Order) (Sent, error) {
	outs, err := w.outputs(o)
	if err != nil {
		return Sent{}, err
	}
	feerate := o.Feerate
	if feerate == 0 {
		feerate = max(leastFeerate, w.c.Pool.Stats().MinFee)
	}
	if feerate < 0 || feerate > maxFeerate {
		return Sent{}, fmt.Errorf("a feerate of %d satoshis per 1000 virtual bytes is out of range, the most is %d", feerate, maxFeerate)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return Sent{}, ErrNone
	}
	// Nothing is changed before the mempool takes the payment.
	d, err := w.draft(outs, feerate, o.SubtractFee)
	if err != nil {
		return Sent{}, err
	}
	if err := w.sign(ctx, d, o.Password); err != nil {
		return Sent{}, err
	}
	if _, err := w.c.Pool.Add(d.tx, ""); err != nil {
		return Sent{}, err
	}
	e, err := w.ledger.add(d.tx, w.c.Now())
	if err != nil {
		return Sent{}, err
	}
	e.pooled = true
	return Sent{Tx: d.tx, Fee: d.fee}, w.save()
}

// outputs turns payments into outputs.
func (w *Wallet) outputs(o Order) ([]wire.Out, error) {
	if len(o.To) == 0 {
		return nil, errors.New("nobody to pay")
	}
	var sum int64
	outs := make([]wire.Out, len(o.To))
	for i, p := range o.To {
		s, err := address.Decode(p.Address, w.c.Params)
		if err != nil {
			return nil, err
		}
		if p.Value < dust {
			return nil, fmt.Errorf("%d satoshis cannot be paid: the least is %d, below it an output costs more to spend than it holds", p.Value, dust)
		}
		if sum += min(p.Value, consensus.MaxMoney+1); sum > consensus.MaxMoney {
			return nil, errors.New("the payments are more than all money, 21 million coins")
		}
		outs[i] = wire.Out{Value: p.Value, Script: s}
	}
	return outs, nil
}

// draft is a transaction that lacks its signatures.
type draft struct {
	tx    *wire.Tx
	coins []coin // by input
	fee   int64
}

// Weights in weight units: of what all transactions have (version, counts, lock time,
// segwit marker), and of a signed input by its kind. A P2WPKH signature has at
// most 72 bytes.
const overheadWeight = 4*(4+1+1+4) + 2 + 4*2

func inputWeight(k Kind) int64 {
	if k == Taproot {
		return 4*41 + 1 + 1 + 64
	}
	return 4*41 + 1 + 1 + 72 + 1 + 33
}

func outputWeight(o wire.Out) int64 { return 4 * int64(8+1+len(o.Script)) }

// feeOf is the fee of a weight, rounded up.
func feeOf(weight, feerate int64) int64 {
	return ((weight+3)/4*feerate + 999) / 1000
}

// draft chooses coins for outs and adds change.
func (w *Wallet) draft(outs []wire.Out, feerate int64, subtract bool) (*draft, error) {
	var need int64
	weight := int64(overheadWeight)
	for _, o := range outs {
		need += o.Value
		weight += outputWeight(o)
	}
	chosen, sum, err := w.choose(need, weight, feerate, subtract)
	if err != nil {
		return nil, err
	}
	for _, c := range chosen {
		weight += inputWeight(c.path.Kind)
	}
	d := &draft{coins: chosen, fee: feeOf(weight, feerate)}
	outs = slices.Clone(outs)
	if subtract {
		if err := takeFee(outs, d.fee); err != nil {
			return nil, err
		}
		need -= d.fee
	}
	if err := w.addChange(d, &outs, sum-need-d.fee, feerate); err != nil {
		return nil, err
	}
	d.tx = &wire.Tx{Version: 2, Outs: outs, LockTime: w.height} // a lock time at the tip makes it no gain to mine it elsewhere
	for _, c := range chosen {
		d.tx.Ins = append(d.tx.Ins, wire.In{Prev: c.op, Sequence: sequence})
	}
	return d, nil
}

// takeFee spreads the fee over the payments, the first taking the remainder.
func takeFee(outs []wire.Out, fee int64) error {
	n := int64(len(outs))
	for i := range outs {
		outs[i].Value -= fee / n
		if i == 0 {
			outs[i].Value -= fee % n
		}
		if outs[i].Value < dust {
			return fmt.Errorf("a payment of %d satoshis does not cover its part of the fee of %d", outs[i].Value+fee/n, fee)
		}
	}
	return nil
}

// addChange gives back what is left over, at a random place; what is not
// worth an output goes to the fee.
func (w *Wallet) addChange(d *draft, outs *[]wire.Out, left, feerate int64) error {
	kind := d.coins[0].path.Kind
	// Not used up yet: that is for the ledger, once the payment is made.
	o := wire.Out{Script: w.book.peek(kind, change)}
	cost := feeOf(outputWeight(o)+inputWeight(kind), feerate)
	if left < cost+dust {
		d.fee += left
		return nil
	}
	fee := feeOf(outputWeight(o), feerate)
	d.fee += fee
	o.Value = left - fee
	at, err := w.random(len(*outs) + 1)
	if err != nil {
		return err
	}
	*outs = slices.Insert(*outs, at, o)
	return nil
}

// random is a number below n, n at most 256.
func (w *Wallet) random(n int) (int, error) {
	var b [1]byte
	if _, err := io.ReadFull(w.c.Rand, b[:]); err != nil {
		return 0, fmt.Errorf("randomness: %w", err)
	}
	return int(b[0]) % n, nil
}

// choose takes confirmed coins, largest first, then the wallet's own change,
// until they pay need and their fee. Few inputs make a small fee now; coins
// that cost more than they hold are left.
func (w *Wallet) choose(need, weight, feerate int64, subtract bool) ([]coin, int64, error) {
	usable := w.spendable()
	var chosen []coin
	var sum, have int64
	for _, c := range usable {
		if c.out.Value <= feeOf(inputWeight(c.path.Kind), feerate) {
			continue
		}
		have += c.out.Value
		weight += inputWeight(c.path.Kind)
		chosen, sum = append(chosen, c), sum+c.out.Value
		want := need
		if !subtract {
			want += feeOf(weight, feerate)
		}
		if sum >= want {
			return chosen, sum, nil
		}
	}
	return nil, 0, fmt.Errorf("%w: %d satoshis are spendable, %d and a fee of %d are needed", ErrFunds, have, need, feeOf(weight, feerate))
}

func (w *Wallet) spendable() []coin {
	var out []coin
	for _, c := range w.ledger.coins() {
		own := c.from.height > 0 || c.path.Branch == change && c.from.fee > 0 && c.from.pooled
		if own && w.mature(c) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b coin) int {
		if (a.from.height == 0) != (b.from.height == 0) {
			if a.from.height == 0 {
				return 1
			}
			return -1
		}
		return int(min(max(b.out.Value-a.out.Value, -1), 1))
	})
	return out
}
