package wallet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

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
	coins := w.spendable()
	w.mu.Lock()
	defer w.mu.Unlock()
	// Nothing is changed before the mempool takes the payment.
	d, err := w.draft(coins, outs, feerate, o.SubtractFee)
	if err != nil {
		return Sent{}, err
	}
	if err := w.signWith(ctx, d, o.Password); err != nil {
		return Sent{}, err
	}
	if _, err := w.c.Pool.Add(d.tx, ""); err != nil {
		return Sent{}, err
	}
	if err := w.hearOne(d.tx); err != nil {
		return Sent{}, err
	}
	w.announce()
	return Sent{Tx: d.tx, Fee: d.fee}, w.commit()
}

// signWith signs with the keys that a password opens; they are closed again when they
// were before. mu is held.
func (w *Wallet) signWith(ctx context.Context, d *draft, password string) error {
	if w.encrypted() {
		master, until := w.vault.master, w.vault.until
		locked := w.isLocked()
		w.vault.master = nil
		if err := w.openVault(password, time.Hour); err != nil {
			w.vault.master, w.vault.until = master, until
			return err
		}
		defer func() {
			if locked {
				w.vault.lock()
			} else {
				w.vault.until = until
			}
		}()
	}
	return w.sign(ctx, d)
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
	coins []Coin // by input
	fee   int64
}

// Weights in weight units: of what all transactions have (version, counts, lock time,
// segwit marker), and of a signed input by the form of its script. A DER signature has at
// most 72 bytes.
const overheadWeight = 4*(4+1+1+4) + 2 + 4*2

func inputWeight(script []byte) int64 {
	switch formOf(script) {
	case Bech32m:
		return 4*41 + 1 + 1 + 64
	case Legacy:
		return 4 * (41 + 1 + 72 + 1 + 33)
	case P2SHSegWit:
		return 4*(41+23) + 1 + 1 + 72 + 1 + 33
	}
	return 4*41 + 1 + 1 + 72 + 1 + 33
}

func outputWeight(o wire.Out) int64 { return 4 * int64(8+1+len(o.Script)) }

// feeOf is the fee of a weight, rounded up.
func feeOf(weight, feerate int64) int64 {
	return ((weight+3)/4*feerate + 999) / 1000
}

// draft chooses coins for outs and adds change.
func (w *Wallet) draft(coins []Coin, outs []wire.Out, feerate int64, subtract bool) (*draft, error) {
	var need int64
	weight := int64(overheadWeight)
	for _, o := range outs {
		need += o.Value
		weight += outputWeight(o)
	}
	chosen, sum, err := choose(coins, need, weight, feerate, subtract)
	if err != nil {
		return nil, err
	}
	for _, c := range chosen {
		weight += inputWeight(c.Out.Script)
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
		d.tx.Ins = append(d.tx.Ins, wire.In{Prev: c.Outpoint, Sequence: sequence})
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
	// Not used up yet: that is for the ledger, once the payment is made.
	s, _, err := w.peek(formOf(d.coins[0].Out.Script), true)
	if err != nil {
		return err
	}
	o := wire.Out{Script: s}
	cost := feeOf(outputWeight(o)+inputWeight(s), feerate)
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
func choose(usable []Coin, need, weight, feerate int64, subtract bool) ([]Coin, int64, error) {
	var chosen []Coin
	var sum, have int64
	for _, c := range usable {
		if c.Out.Value <= feeOf(inputWeight(c.Out.Script), feerate) {
			continue
		}
		have += c.Out.Value
		weight += inputWeight(c.Out.Script)
		chosen, sum = append(chosen, c), sum+c.Out.Value
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

func (w *Wallet) spendable() []Coin {
	out := slices.DeleteFunc(w.Coins(), func(c Coin) bool {
		own := c.Depth > 0 || c.Internal && c.FromMe && c.Trusted
		return !own || !c.Mature || c.Locked
	})
	slices.SortStableFunc(out, func(a, b Coin) int {
		if (a.Depth == 0) != (b.Depth == 0) {
			if a.Depth == 0 {
				return 1
			}
			return -1
		}
		return int(min(max(b.Out.Value-a.Out.Value, -1), 1))
	})
	return out
}
