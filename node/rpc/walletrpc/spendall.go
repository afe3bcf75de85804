package walletrpc

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/spending"
	"github.com/quernnet/quern/node/wallet"
)

func (n *node) sendAll(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	o, err := options(a, 4)
	if err != nil {
		return nil, err
	}
	if err := feeInstructions(a, 1, &o); err != nil {
		return nil, err
	}
	if err := outdated(o); err != nil {
		return nil, err
	}
	outputs, rest, err := sharers(a.List(0))
	if err != nil {
		return nil, err
	}
	c := newControl(w)
	if err := c.setFee(o.Get("conf_target"), o.Get("estimate_mode"), o.Get("fee_rate"), false); err != nil {
		return nil, err
	}
	if err := c.readDepths(o, "Invalid minconf (minconf cannot be negative): "+string(o.Get("minconf"))); err != nil {
		return nil, err
	}
	version := o.Get("version")
	if given(version) {
		v, err := txargs.ReadUint32(version)
		if err != nil {
			return nil, err
		}
		c.version = int32(min(v, 1<<30))
	}
	rate, _, err := n.payable(c)
	if fault := (*feeError)(nil); errors.As(err, &fault) {
		if c.feerate != nil {
			return nil, table.Errorf(table.CodeInvalid, "%v", err)
		}
		return nil, table.Errorf(table.CodeWallet, "%v", err)
	}
	rbf := txargs.Replaceable{Given: true, Value: !c.final}
	if v := o.Get("replaceable"); given(v) {
		rbf.Value = truth(v)
	}
	lockTime := o.Get("locktime")
	if !given(lockTime) {
		lockTime = nil
	}
	raw, err := json.Marshal(c.version)
	if err != nil {
		return nil, err
	}
	t, err := txargs.Construct(o.Get("inputs"), outputs, lockTime, raw, rbf, n.Params)
	if err != nil {
		return nil, err
	}
	coins, err := n.allCoins(w, t, o, c, rate, rbf.Value)
	if err != nil {
		return nil, err
	}
	if err := n.share(t, coins, rest, rate, c, truth(o.Get("send_max"))); err != nil {
		return nil, err
	}
	if truth(o.Get("lock_unspents")) {
		for _, in := range t.Ins {
			if err := w.LockCoin(in.Prev, false); err != nil {
				return nil, err
			}
		}
	}
	return n.finish(ctx, w, o, t)
}

// sharers reads recipients: those without an amount share what is left.
func sharers(list []json.RawMessage) (outputs json.RawMessage, rest map[string]bool, err error) {
	rest = make(map[string]bool)
	pairs := []json.RawMessage{}
	for _, item := range list {
		if table.TypeName(item) == "string" {
			name, _ := txargs.ReadText(item)
			rest[name] = true
			pair, err := json.Marshal(map[string]int{name: 0})
			if err != nil {
				return nil, nil, err
			}
			item = pair
		}
		pairs = append(pairs, item)
	}
	if len(rest) == 0 {
		return nil, nil, table.Errorf(table.CodeInvalid, "Must provide at least one address without a specified amount")
	}
	outputs, err = json.Marshal(pairs)
	return outputs, rest, err
}

// allCoins are what is spent: the inputs that were given, or all that may be spent.
func (n *node) allCoins(w *wallet.Wallet, t *wire.Tx, o txargs.Object, c *control, rate spending.Feerate, rbf bool) ([]spending.Coin, error) {
	switch named := has(o, "inputs"); {
	case named && has(o, "send_max"):
		return nil, table.Errorf(table.CodeInvalid, "Cannot combine send_max with specific inputs.")
	case named && (has(o, "minconf") || has(o, "maxconf")):
		return nil, table.Errorf(table.CodeInvalid, "Cannot combine minconf or maxconf with specific inputs.")
	case named:
		return n.namedCoins(w, t, c, rate)
	}
	f := payingCoins()
	f.least = 0

	var out []spending.Coin
	sequence := uint32(spending.SequenceLocking)
	if rbf {
		sequence = spending.SequenceReplaceable
	}
	for _, coin := range n.available(w, c, f) {
		s := n.candidate(w, &coin, rate)
		if truth(o.Get("send_max")) && rate.Fee((s.Weight+3)/4) > s.Out.Value {
			continue
		}
		if coin.Depth == 0 && c.version == truc {
			c.maxWeight = trucChild
		}
		t.Ins = append(t.Ins, wire.In{Prev: coin.Outpoint, Sequence: sequence})
		out = append(out, s)
	}
	return out, nil
}

const trucChild = 4000 // weight units, of the child of a waiting transaction of version 3

func (n *node) namedCoins(w *wallet.Wallet, t *wire.Tx, c *control, rate spending.Feerate) ([]spending.Coin, error) {
	var out []spending.Coin
	for _, in := range t.Ins {
		coin, spent, ok := w.Coin(in.Prev)
		switch {
		case spent:
			return nil, table.Errorf(table.CodeInvalid, "Input not available. UTXO (%s:%d) was already spent.", in.Prev.TxID, in.Prev.Index)
		case !ok:
			return nil, table.Errorf(table.CodeInvalid, "Input not found. UTXO (%s:%d) is not part of wallet.", in.Prev.TxID, in.Prev.Index)
		}
		if err := versionFits(&coin, c.version); err != nil {
			return nil, table.Errorf(table.CodeInvalid, "%v", err)
		}
		out = append(out, n.candidate(w, &coin, rate))
	}
	return out, nil
}

// share divides what is left after the fee and the given amounts.
func (n *node) share(t *wire.Tx, coins []spending.Coin, rest map[string]bool, rate spending.Feerate, c *control, most bool) error {
	weight, ok := spending.SignedWeight(t, coins)
	if !ok {
		return table.Errorf(table.CodeWallet, "Unable to determine the size of the transaction, the wallet contains unsolvable descriptors")
	}
	var total, claimed int64
	for i := range coins {
		total += coins[i].Out.Value
	}
	for i := range t.Outs {
		claimed += t.Outs[i].Value
	}
	fee := rate.Fee((weight + 3) / 4)
	ops := make([]wire.Outpoint, len(t.Ins))
	for i := range t.Ins {
		ops[i] = t.Ins[i].Prev
	}
	left := total - fee - n.bumps(ops, rate)
	limit := int64(spending.MaxWeight)
	if c.version == truc {
		limit = trucWeight
	}
	if c.maxWeight > 0 {
		limit = c.maxWeight
	}
	switch {
	case fee > c.maxFee:
		return table.Errorf(table.CodeWallet, "%v", spending.ErrMaxFee)
	case left <= 0 && most:
		return table.Errorf(table.CodeNoFunds, "Total value of UTXO pool too low to pay for transaction, try using lower feerate.")
	case left <= 0:
		return table.Errorf(table.CodeNoFunds, "Total value of UTXO pool too low to pay for transaction. Try using lower feerate or excluding uneconomic UTXOs with 'send_max' option.")
	case weight > limit:
		return table.Errorf(table.CodeWallet, "Transaction too large.")
	case claimed > total:
		return table.Errorf(table.CodeNoFunds, "Assigned more value to outputs than available funds.")
	case left < claimed:
		return table.Errorf(table.CodeNoFunds, "Insufficient funds for fees after creating specified outputs.")
	}
	return n.divide(t, rest, left-claimed)
}

func (n *node) divide(t *wire.Tx, rest map[string]bool, left int64) error {
	first := true
	for i := range t.Outs {
		o := &t.Outs[i]
		name := n.addressOf(o.Script)
		shares := rest[name]
		if shares {
			o.Value = left / int64(len(rest))
			if first {
				o.Value += left % int64(len(rest))
				first = false
			}
		}
		switch dust := spending.IsDust(o, n.dustFeerate()); {
		case dust && shares:
			return table.Errorf(table.CodeNoFunds, "Dynamically assigned remainder results in dust output.")
		case dust:
			return table.Errorf(table.CodeInvalid, "Specified output amount to %s is below dust threshold.", name)
		}
	}
	return nil
}
