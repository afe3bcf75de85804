package wallet

import (
	"context"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/spending"
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
	defer w.BeginPayment()()
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
	if err := w.offer(d.tx); err != nil {
		return Sent{}, err
	}
	if err := w.hear(); err != nil {
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

// nestedInputSize is what spending change is reckoned to take when nobody knows, in
// virtual bytes.
const nestedInputSize = 91

// draft chooses coins for outs and adds change. mu is held.
func (w *Wallet) draft(coins []Coin, outs []wire.Out, feerate int64, subtract bool) (*draft, error) {
	var seed [32]byte
	if _, err := io.ReadFull(w.c.Rand, seed[:]); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	tip, st := w.height, w.c.Pool.Stats()
	o := spending.Order{
		Others: true, Version: 2, ChangeSpendSize: nestedInputSize,
		Feerate: spending.Feerate(feerate), LongTerm: spending.LongTermFeerate, Discard: spending.DiscardFeerate, Dust: spending.Feerate(st.DustRate),
		Replaceable: !w.c.Habits.Final, Tip: &tip, MaxFee: w.c.Habits.MaxFee, Together: w.c.Habits.Whole, LongestLine: spending.LongestLine(st.ClusterCount), Connects: w.c.Pool.Connects,
		Rand: mrand.New(mrand.NewChaCha8(seed)),
	}
	for _, out := range outs {
		o.To = append(o.To, spending.Recipient{Out: out, Subtract: subtract})
	}
	at := make(map[wire.Outpoint]Coin, len(coins))
	for _, c := range coins {
		at[c.Outpoint] = c
		o.Coins = append(o.Coins, w.candidate(&c))
	}
	w.chooseChange(&o, coins)
	d, err := spending.Create(o)
	switch {
	case errors.Is(err, spending.ErrFunds), errors.Is(err, spending.ErrFee):
		return nil, fmt.Errorf("%w: %w", ErrFunds, err)
	case err != nil:
		return nil, err
	}
	out := &draft{tx: d.Tx, fee: d.Fee}
	for _, in := range d.Tx.Ins {
		out.coins = append(out.coins, at[in.Prev])
	}
	return out, nil
}

// candidate is a coin as spending takes it. mu is held.
func (w *Wallet) candidate(c *Coin) spending.Coin {
	out := spending.Coin{Outpoint: c.Outpoint, Out: c.Out, Depth: c.Depth, FromMe: c.FromMe, Form: formOf(c.Out.Script).String()}
	out.Weight, out.Witness = w.inputWeight(c.Out.Script)
	if e, ok := w.c.Pool.Get(c.Outpoint.TxID); ok && c.Depth == 0 {
		out.Ancestors, out.Cluster = e.AncestorCount, e.AncestorCount
	}
	return out
}

// inputWeight is the most that an input weighs that spends a script; -1: nobody knows.
func (w *Wallet) inputWeight(s []byte) (int64, bool) {
	ring, _ := w.solve(s)
	if d := descriptor.InferWith(s, ring, w.c.Params); d != nil {
		if weight, witness, ok := d.InputWeight(false); ok {
			return weight, witness
		}
	}
	return -1, false
}

// chooseChange finds where change goes: to an address like that of the coins. It is
// not used up yet: that is for the ledger, once the payment is made.
func (w *Wallet) chooseChange(o *spending.Order, coins []Coin) {
	form := defaultType
	if len(coins) > 0 {
		form = formOf(coins[0].Out.Script)
	}
	if o.Change, _, o.ChangeErr = w.peek(form, true); o.ChangeErr != nil {
		return
	}
	if weight, _ := w.inputWeight(o.Change); weight >= 0 {
		o.ChangeSpendSize = (weight + 3) / 4
	}
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
