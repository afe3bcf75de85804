package spending

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Errors of making a transaction, in Core's words.
var (
	ErrFunds  = errors.New("Insufficient funds")
	ErrMaxFee = errors.New("Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")

	errNobody     = errors.New("Transaction must have at least one recipient")
	errNegative   = errors.New("Transaction amounts must not be negative")
	errDust       = errors.New("Transaction amount too small")
	errNothing    = errors.New("Transaction requires one destination of non-zero value, a non-zero feerate, or a pre-selected input")
	errChangeAt   = errors.New("Transaction change output index out of range")
	errUnsolvable = errors.New("Missing solving data for estimating transaction size")
	errTooLarge   = errors.New("Transaction too large")
	errCluster    = errors.New("too many unconfirmed transactions in cluster")
	errFeeOver    = errors.New("The transaction amount is too small to pay the fee")
	errFeeDust    = errors.New("The transaction amount is too small to send after the fee has been deducted")
)

// Limits and usual values.
const (
	MaxWeight   = 400_000 // of a standard transaction, in weight units
	leastWeight = 65 * 4

	DustFeerate     Feerate = 3000
	DiscardFeerate  Feerate = 10_000
	LongTermFeerate Feerate = 10_000
	MaxFee                  = consensus.Coins / 10 // satoshis

	// Sequences of inputs.
	SequenceReplaceable = 0xfffffffd
	SequenceLocking     = 0xfffffffe
)

// Create makes a transaction. Coins of one script are spent together if that costs
// nothing more: it tells less about who owns what.
func Create(o Order) (*Draft, error) {
	if len(o.To) == 0 {
		return nil, errNobody
	}
	for _, r := range o.To {
		if r.Out.Value < 0 {
			return nil, errNegative
		}
	}
	d, err := create(&o)
	if err != nil || d.Fee == 0 || o.Together {
		return d, err
	}
	o.Together = true
	if other, err := create(&o); err == nil && other.Fee <= d.Fee {
		return other, nil
	}
	return d, nil
}

// IsDust says whether an output costs more to spend than it holds, at a feerate: DustFeerate
// unless the node relays by another.
func IsDust(out *wire.Out, f Feerate) bool { return out.Value < dustOf(out, f) }

func dustOf(out *wire.Out, f Feerate) int64 {
	if script.IsUnspendable(out.Script) {
		return 0
	}
	_, _, witness := script.WitnessProgram(out.Script)
	return DustThreshold(outSize(out), witness, f)
}

func outSize(out *wire.Out) int {
	return 8 + wire.VarintSize(uint64(len(out.Script))) + len(out.Script)
}

func (o *Order) params() (*params, error) {
	p := &params{
		feerate: o.Feerate, longTerm: o.LongTerm, discard: o.Discard, together: o.Together, unsafe: o.Unsafe, truc: o.Version == 3,
		maxWeight: cmp.Or(o.MaxWeight, MaxWeight), longestLine: o.LongestLine, rng: o.Rand, bump: o.Bump,
	}
	if p.maxWeight < leastWeight || p.maxWeight > MaxWeight {
		return nil, fmt.Errorf("Maximum transaction weight must be between %d and %d", leastWeight, MaxWeight)
	}
	p.fixedSize = 10 + int64(wire.VarintSize(uint64(len(o.To))))
	var sum int64
	for i := range o.To {
		r := &o.To[i]
		if IsDust(&r.Out, o.Dust) {
			return nil, errDust
		}
		p.fixedSize += int64(outSize(&r.Out))
		sum += r.Out.Value
		p.whole = p.whole || r.Subtract
	}
	change := wire.Out{Script: o.Change}
	p.changeSize, p.changeSpendSize = int64(outSize(&change)), o.ChangeSpendSize
	p.changeFee = p.feerate.Fee(p.changeSize)
	spend := p.discard.Fee(p.changeSpendSize)
	p.changeCost = spend + p.changeFee
	p.changeTarget = changeTarget(sum/int64(len(o.To)), p.changeFee, p.rng)
	p.changeLeast = max(spend+1, dustOf(&change, p.discard))
	return p, nil
}

func (o *Order) sum() (sum int64) {
	for i := range o.To {
		sum += o.To[i].Out.Value
	}
	return sum
}

func create(o *Order) (*Draft, error) {
	p, err := o.params()
	if err != nil {
		return nil, err
	}
	sum := o.sum()
	target := sum
	if !p.whole {
		target += p.feerate.Fee(p.fixedSize)
	}
	if target == 0 && len(o.Preset) == 0 {
		return nil, errNothing
	}
	preset, coins := make([]*Coin, len(o.Preset)), []*Coin(nil)
	for i := range o.Preset {
		preset[i] = &o.Preset[i].Coin
		preset[i].price(p)
		if preset[i].Weight < 0 {
			return nil, fmt.Errorf("Not solvable pre-selected input %s", outpointText(preset[i].Outpoint))
		}
	}
	if o.Others {
		for i := range o.Coins {
			coins = append(coins, &o.Coins[i])
			o.Coins[i].price(p)
		}
	}
	s, err := selectCoins(coins, preset, target, o.Others, p)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return nil, short(coins, preset, sum, target)
	}
	return o.build(s, p)
}

// outpointText writes an outpoint as Core's COutPoint::ToString does.
func outpointText(op wire.Outpoint) string {
	return fmt.Sprintf("COutPoint(%s, %d)", op.TxID.String()[:10], op.Index)
}

// short says whether it is only the fee that is missing.
func short(coins, preset []*Coin, sum, target int64) error {
	var have, effective int64
	for _, c := range slices.Concat(coins, preset) {
		have += c.Out.Value
		effective += c.effective()
	}
	if have >= sum && effective < target {
		return &feeError{target - sum}
	}
	return ErrFunds
}

// ErrFee says that only the fee is missing; errors that are it tell how much it is.
var ErrFee = errors.New("The total exceeds your balance when the transaction fee is included.")

type feeError struct{ fee int64 }

func (e *feeError) Error() string {
	return fmt.Sprintf("The total exceeds your balance when the %s transaction fee is included.", Money(e.fee))
}

// Is makes it ErrFee.
func (e *feeError) Is(err error) bool { return err == ErrFee }

// Money writes satoshis in coins with at least two decimals, as Core does.
func Money(v int64) string {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	text := fmt.Sprintf("%s%d.%08d", sign, v/consensus.Coins, v%consensus.Coins)
	for len(text) > 0 && text[len(text)-1] == '0' && text[len(text)-3] != '.' {
		text = text[:len(text)-1]
	}
	return text
}

// build puts the transaction together and settles its fee.
func (o *Order) build(s *selection, p *params) (*Draft, error) {
	d := &Draft{Tx: &wire.Tx{Version: o.Version}, ChangeAt: -1}
	for i := range o.To {
		d.Tx.Outs = append(d.Tx.Outs, o.To[i].Out)
	}
	if change := s.change(p); change > 0 {
		d.ChangeAt = p.rng.IntN(len(d.Tx.Outs) + 1)
		if o.ChangeAt != nil {
			d.ChangeAt = *o.ChangeAt
		}
		if d.ChangeAt > len(d.Tx.Outs) {
			return nil, errChangeAt
		}
		d.Tx.Outs = slices.Insert(d.Tx.Outs, d.ChangeAt, wire.Out{Value: change, Script: o.Change})
	}
	coins := o.inputs(d, s.coins, p)
	o.lock(d, p)
	var ok bool
	if d.Weight, ok = signedWeight(d.Tx, coins); !ok {
		return nil, errUnsolvable
	}
	if err := o.settle(d, s, p); err != nil {
		return nil, err
	}
	switch {
	case d.ChangeAt >= 0 && len(o.Change) == 0:
		return nil, o.ChangeErr
	case d.Weight > MaxWeight:
		return nil, errTooLarge
	case d.Fee > o.MaxFee:
		return nil, ErrMaxFee
	case o.Connects != nil && !o.Connects(d.Tx, d.Weight):
		return nil, errCluster
	}
	return d, nil
}

// inputs adds the inputs: preset ones in their order, then the others in any.
func (o *Order) inputs(d *Draft, chosen []*Coin, p *params) []*Coin {
	place := make(map[wire.Outpoint]int)
	for i := range o.Preset {
		place[o.Preset[i].Outpoint] = i + 1
	}
	coins := slices.Clone(chosen)
	p.rng.Shuffle(len(coins), func(i, j int) { coins[i], coins[j] = coins[j], coins[i] })
	at := func(c *Coin) int { return cmp.Or(place[c.Outpoint], len(o.Preset)+1) }
	slices.SortStableFunc(coins, func(a, b *Coin) int { return cmp.Compare(at(a), at(b)) })
	for _, c := range coins {
		in := wire.In{Prev: c.Outpoint, Sequence: SequenceLocking}
		if o.Replaceable {
			in.Sequence = SequenceReplaceable
		}
		if i := place[c.Outpoint]; i > 0 {
			pre := &o.Preset[i-1]
			in.Script, in.Witness = pre.Script, pre.Witnesses
			if pre.Sequence != nil {
				in.Sequence = *pre.Sequence
			}
		}
		d.Tx.Ins = append(d.Tx.Ins, in)
		d.Coins = append(d.Coins, c.Out)
	}
	return coins
}

// lock sets the lock time.
func (o *Order) lock(d *Draft, p *params) {
	if o.LockTime != nil {
		d.Tx.LockTime = *o.LockTime
		return
	}
	if o.Tip == nil || slices.ContainsFunc(o.Preset, func(pre Preset) bool { return pre.Sequence != nil }) {
		return
	}
	d.Tx.LockTime = LockTime(*o.Tip, p.rng)
}

// LockTime is the tip's height: so the transaction cannot be mined below the tip, and
// nobody gains by mining the tip anew. Now and then it is a little lower, as that of
// transactions is that were held back.
func LockTime(tip uint32, rng *rand.Rand) uint32 {
	if rng.IntN(10) == 0 {
		return tip - min(tip, uint32(rng.IntN(100)))
	}
	return tip
}

// signedWeight is the transaction's weight once signed, at most.
func signedWeight(t *wire.Tx, coins []*Coin) (int64, bool) {
	w := int64(4+4+wire.VarintSize(uint64(len(t.Ins)))+wire.VarintSize(uint64(len(t.Outs)))) * 4
	witness := slices.ContainsFunc(coins, func(c *Coin) bool { return c.Witness })
	if witness {
		w += 2
	}
	for i := range t.Outs {
		w += 4 * int64(outSize(&t.Outs[i]))
	}
	for _, c := range coins {
		if c.Weight < 0 {
			return 0, false
		}
		w += c.Weight
		if !witness && !c.Fixed {
			w-- // without any witness there are no empty ones either
		}
	}
	return w, true
}

// settle makes the fee what it must be: what is too much goes to the change; with
// the fee on the recipients they pay it, or get back what is too much.
func (o *Order) settle(d *Draft, s *selection, p *params) error {
	need := p.feerate.Fee((d.Weight+3)/4) + s.bumps()
	fee := s.value() - paid(d.Tx)
	if d.ChangeAt >= 0 && need < fee {
		d.Tx.Outs[d.ChangeAt].Value += fee - need
		fee = need
	}
	if p.whole {
		if err := o.subtract(d, need-fee); err != nil {
			return err
		}
		fee = s.value() - paid(d.Tx)
	}
	if need > fee {
		return fmt.Errorf("a fee of %d satoshis is needed and %d are paid: choosing coins went wrong", need, fee)
	}
	d.Fee = fee
	return nil
}

func paid(t *wire.Tx) (sum int64) {
	for i := range t.Outs {
		sum += t.Outs[i].Value
	}
	return sum
}

// subtract takes an amount from the outputs that pay the fee, the first the
// remainder of the division.
func (o *Order) subtract(d *Draft, amount int64) error {
	var n int64
	for i := range o.To {
		if o.To[i].Subtract {
			n++
		}
	}
	at, first := 0, true
	for i := range o.To {
		if at == d.ChangeAt {
			at++
		}
		out := &d.Tx.Outs[at]
		at++
		if !o.To[i].Subtract {
			continue
		}
		out.Value -= amount / n
		if first {
			out.Value -= amount % n
			first = false
		}
		if IsDust(out, o.Dust) {
			if out.Value < 0 {
				return errFeeOver
			}
			return errFeeDust
		}
	}
	return nil
}

// SignedWeight is what a transaction that spends coins, in its inputs' order, weighs
// once signed, at most; false when it is not known how one of them is spent.
func SignedWeight(t *wire.Tx, coins []Coin) (int64, bool) {
	list := make([]*Coin, len(coins))
	for i := range coins {
		list[i] = &coins[i]
	}
	return signedWeight(t, list)
}
