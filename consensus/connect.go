package consensus

import (
	"fmt"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Connect judges b, which passed ApplyHeader, CheckBlock and
// CheckBlockContext, against the coins it spends: all but the scripts, which
// come back as checks. next is the state after b's header. It changes none of
// its arguments but in.Spent's entries for coins that the block creates. The
// update keeps in.Spent.
func Connect(prev, next State, b *wire.Block, in Inputs) (Update, []script.Check, error) {
	n := b.Spends()
	switch {
	case len(in.Spent) != n:
		return Update{}, nil, fmt.Errorf("block %v spends %d coins, %d were given", next.ID, n, len(in.Spent))
	case b.Header.Parent != prev.ID || b.ID() != next.ID || next.Height != prev.Height+1:
		return Update{}, nil, fmt.Errorf("block %v does not lead from %v to %v", b.ID(), prev.ID, next.ID)
	}
	if in.Clash != nil && prev.Params.BIP30Exempt[next.Height] != next.ID {
		return Update{}, nil, broken(Overwrites, "tried to overwrite transaction")
	}
	c := connecting{
		prev:   &prev,
		block:  b,
		height: next.Height,
		median: prev.MedianTimePast(),
		flags:  NextFlags(&prev, next.ID),
		inputs: newInputSet(b, n),
		outs:   make([]wire.Out, n),
		shared: make([]script.Spend, len(b.Txs)),
		checks: make([]script.Check, 0, n),
	}
	for i := range b.Txs {
		if e := c.tx(i, in.Spent); e != nil {
			return Update{}, nil, e
		}
	}
	most := c.fees + prev.Params.Subsidy(next.Height)
	if got := outSum(b.Txs[0]); got > most {
		return Update{}, nil, broken(CoinbaseTooMuch, "the coinbase pays %d satoshis, at most %d are allowed", got, most).at(0, -1)
	}
	return Update{Prev: prev, Next: next, Block: b, Spent: in.Spent, Fees: c.fees}, c.checks, nil
}

// connecting is a block being judged, up to a transaction.
type connecting struct {
	prev   *State
	block  *wire.Block
	height uint32
	median uint32 // of the parent
	flags  script.Flags

	inputs  inputSet       // inputs so far
	created txIndex        // the block's transactions; built when first needed
	spends  int            // coins spent so far: the place in Spent
	outs    []wire.Out     // what checks see of the coins, in one piece
	shared  []script.Spend // what the checks of one transaction share, in one piece
	checks  []script.Check
	fees    int64
	sigops  int
}

// tx judges transaction i, in Core's order.
func (c *connecting) tx(i int, all []Coin) *RuleError {
	t := c.block.Txs[i]
	var spent []Coin
	if i > 0 {
		from, to := c.spends, c.spends+len(t.Ins)
		c.spends = to
		spent = all[from:to:to]
		if e := c.spend(i, spent); e != nil {
			return e
		}
	}
	c.sigops += SigopCost(t, spent, c.flags)
	if c.sigops > MaxSigopCost {
		return broken(TooManySigops, "operations up to here cost %d, at most %d are allowed", c.sigops, MaxSigopCost).at(i, -1)
	}
	if i > 0 {
		c.check(i, spent)
	}
	return nil
}

// spend judges the coins that transaction i spends.
func (c *connecting) spend(i int, spent []Coin) *RuleError {
	t := c.block.Txs[i]
	for j := range t.Ins {
		if !c.inputs.add(i, j) {
			return broken(InputsMissing, missing).at(i, j)
		}
		if spent[j].Missing && !c.fill(&spent[j], t.Ins[j].Prev, i) {
			return broken(InputsMissing, missing).at(i, j)
		}
	}
	fee, e := checkValues(c.prev.Params, t, spent, c.height)
	if e != nil {
		return e.at(i, e.In)
	}
	if c.fees += fee; c.fees > MaxMoney {
		return broken(FeesOutOfRange, "fees up to here are %d satoshis", c.fees).at(i, -1)
	}
	if c.height >= c.prev.Params.CSV {
		if j := lockedInput(t, spent, c.height, c.median); j >= 0 {
			return broken(NotFinal, "relative lock of sequence %#08x has not passed", t.Ins[j].Sequence).at(i, j)
		}
	}
	return nil
}

// fill makes coin the output at op, if a transaction before number i of the
// block creates it.
func (c *connecting) fill(coin *Coin, op wire.Outpoint, i int) bool {
	if c.created.slots == nil {
		c.created = newTxIndex(c.block)
	}
	from := c.created.find(op.TxID)
	if from < 0 || from >= i {
		return false
	}
	t := c.block.Txs[from]
	if uint64(op.Index) >= uint64(len(t.Outs)) || script.IsUnspendable(t.Outs[op.Index].Script) {
		return false
	}
	*coin = Coin{Out: t.Outs[op.Index], Height: c.height, TimePast: c.median, Coinbase: from == 0}
	return true
}

// check adds the script checks of transaction i.
func (c *connecting) check(i int, spent []Coin) {
	to := c.spends
	outs := c.outs[to-len(spent) : to : to]
	for j := range spent {
		outs[j] = spent[j].Out
	}
	s := &c.shared[i]
	s.Tx, s.Coins, s.Flags = c.block.Txs[i], outs, c.flags
	for j := range spent {
		c.checks = append(c.checks, script.Check{Spend: s, In: j, TxIndex: i})
	}
}

// missing is what Core says of a coin that is not there, or not any more.
const missing = "CheckTxInputs: inputs missing/spent"

// checkValues judges maturity and money of a transaction in a block at the
// given height; none of its coins is missing. It returns the fee in satoshis.
func checkValues(p *Params, t *wire.Tx, spent []Coin, height uint32) (int64, *RuleError) {
	var sum int64
	for i := range spent {
		coin := &spent[i]
		if coin.Coinbase && uint64(coin.Height)+uint64(p.Maturity) > uint64(height) {
			return 0, broken(Premature, "tried to spend coinbase at depth %d", height-coin.Height).at(-1, i)
		}
		if coin.Value < 0 || coin.Value > MaxMoney {
			return 0, broken(InValueRange, "a coin of %d satoshis", coin.Value).at(-1, i)
		}
		if sum += coin.Value; sum > MaxMoney {
			return 0, broken(InValueRange, "coins of %d satoshis", sum).at(-1, i)
		}
	}
	out := outSum(t)
	if sum < out {
		return 0, broken(InBelowOut, "value in (%s) < value out (%s)", Amount(sum), Amount(out))
	}
	return sum - out, nil
}

// outSum is what t pays, in satoshis. CheckTx has seen that it is in range.
func outSum(t *wire.Tx) int64 {
	var sum int64
	for i := range t.Outs {
		sum += t.Outs[i].Value
	}
	return sum
}

// ConnectTx judges t as part of the block after s: finality, inputs, maturity,
// sequence locks, money. spent has one coin an input. It returns the fee in
// satoshis and one check an input, to be run with the given flags. t passed
// CheckTx and is no coinbase. Rules and their order are those of Core's
// mempool, which calls a block's NotFinal by other names and holds BIP68 and
// BIP113 to be in force at any height.
func ConnectTx(s *State, t *wire.Tx, spent []Coin, flags script.Flags) (fee int64, checks []script.Check, err error) {
	if len(spent) != len(t.Ins) {
		return 0, nil, fmt.Errorf("transaction %v spends %d coins, %d were given", t.ID(), len(t.Ins), len(spent))
	}
	height, median := s.Height+1, s.MedianTimePast()
	if !IsFinal(t, height, median) {
		return 0, nil, broken(TxNotFinal, "lock time %d is not reached at height %d, median time %d", t.LockTime, height, median)
	}
	for i := range spent {
		if spent[i].Missing {
			return 0, nil, broken(InputsMissing, missing).at(-1, i)
		}
	}
	if i := lockedInput(t, spent, height, median); i >= 0 {
		return 0, nil, broken(TxNotBIP68Final, "relative lock of sequence %#08x has not passed", t.Ins[i].Sequence).at(-1, i)
	}
	fee, e := checkValues(s.Params, t, spent, height)
	if e != nil {
		return 0, nil, e
	}
	outs := make([]wire.Out, len(spent))
	for i := range spent {
		outs[i] = spent[i].Out
	}
	spend := script.NewSpend(t, outs, flags)
	checks = make([]script.Check, len(spent))
	for i := range checks {
		checks[i] = script.Check{Spend: spend, In: i}
	}
	return fee, checks, nil
}
