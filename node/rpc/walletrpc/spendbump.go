package walletrpc

import (
	"context"
	"fmt"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/spending"
	"github.com/quernnet/quern/node/wallet"
)

// bump is a payment that is to be made anew with a higher fee.
type bump struct {
	c        *control
	outputs  []wire.Out // new ones; nil: as they were
	changeAt *uint32    // which of the old ones is change
	format   uint32     // of a PSBT
	asPSBT   bool
}

// bumped is bumpfee's result.
type bumped struct {
	PSBT   string     `json:"psbt,omitempty"`
	TxID   *wire.Hash `json:"txid,omitempty"`
	OldFee view.Coins `json:"origfee"`
	Fee    view.Coins `json:"fee"`
	Errors []string   `json:"errors"`
}

func (n *node) bumpFee(asPSBT bool) handler {
	return func(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
		if w.Flags()&wallet.NoPrivateKeys != 0 && !asPSBT {
			return nil, table.Errorf(table.CodeWallet, "bumpfee is not available with wallets that have private keys disabled. Use psbtbumpfee instead.")
		}
		id, err := a.Hash(0, "txid")
		if err != nil {
			return nil, err
		}
		b, err := n.readBump(w, a, asPSBT)
		if err != nil {
			return nil, err
		}
		if err := unlocked(w); err != nil {
			return nil, err
		}
		return n.bump(ctx, w, id, b)
	}
}

func (n *node) readBump(w *wallet.Wallet, a table.Args, asPSBT bool) (*bump, error) {
	b := &bump{c: newControl(w), format: 2, asPSBT: asPSBT}
	b.c.rbf = new(true)
	o, err := options(a, 1)
	if err != nil {
		return nil, err
	}
	if err := o.Strict(txargs.Of("confTarget", "number"), txargs.Of("conf_target", "number"), txargs.Of("fee_rate", ""), txargs.Of("replaceable", "bool"),
		txargs.Of("estimate_mode", "string"), txargs.Of("outputs", ""), txargs.Of("original_change_index", "number"), txargs.Of("psbt_version", "number")); err != nil {
		return nil, err
	}
	if has(o, "confTarget") && has(o, "conf_target") {
		return nil, table.Errorf(table.CodeInvalid, "confTarget and conf_target options should not both be set. Use conf_target (confTarget is deprecated).")
	}
	target, _ := first(o, "conf_target", "confTarget")
	if v := o.Get("replaceable"); given(v) {
		b.c.rbf = new(truth(v))
	}
	if err := b.c.setFee(target, o.Get("estimate_mode"), o.Get("fee_rate"), false); err != nil {
		return nil, err
	}
	if v := o.Get("outputs"); given(v) {
		if list, err := txargs.ReadList(v); err == nil && len(list) == 0 {
			return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, output argument cannot be an empty array")
		}
		if b.outputs, err = txargs.AddOutputs(v, n.Params); err != nil {
			return nil, err
		}
	}
	if v := o.Get("original_change_index"); given(v) {
		at, err := txargs.ReadUint32(v)
		if err != nil {
			return nil, err
		}
		b.changeAt = &at
	}
	if v := o.Get("psbt_version"); given(v) {
		if b.format, err = txargs.ReadUint32(v); err != nil {
			return nil, err
		}
	}
	if b.format != 0 && b.format != 2 {
		return nil, table.Errorf(table.CodeInvalid, "The PSBT version can only be 2 or 0")
	}
	return b, nil
}

// bump makes a payment anew (Core's CreateRateBumpTransaction).
func (n *node) bump(ctx context.Context, w *wallet.Wallet, id wire.Hash, b *bump) (any, error) {
	if len(b.outputs) > 0 && b.changeAt != nil {
		return nil, table.Errorf(table.CodeInvalid, "The options 'outputs' and 'original_change_index' are incompatible. You can only either specify a new set of outputs, or designate a change output to be recycled.")
	}
	old, ok := w.Tx(id)
	if !ok {
		return nil, table.Errorf(table.CodeNotFound, "Invalid or non-wallet transaction id")
	}
	if b.changeAt != nil && uint64(*b.changeAt) >= uint64(len(old.Tx.Outs)) {
		return nil, table.Errorf(table.CodeInvalid, "Change position is out of range")
	}
	coins, fee, err := n.spentBy(old.Tx)
	if err != nil {
		return nil, err
	}
	if err := n.bumpable(w, id, &old, coins, !b.asPSBT); err != nil {
		return nil, err
	}
	to, err := b.recipients(w, &old)
	if err != nil {
		return nil, err
	}
	if err := n.bumpRate(&old, b, n.weighed(w, &old, b, coins), fee); err != nil {
		return nil, err
	}
	c := b.c
	for _, in := range old.Tx.Ins {
		c.inputs = append(c.inputs, wire.In{Prev: in.Prev})
	}
	c.minDepth = 1 // whoever waits for others' transactions does not wait for more of them
	d, err := n.fund(w, to, c)
	if err != nil {
		return nil, coded(fmt.Errorf("Unable to create transaction. %w", err), table.CodeWallet)
	}
	return n.replace(ctx, w, &old, b, d, fee)
}

// spentBy looks up what a waiting transaction spends, and its fee.
func (n *node) spentBy(t *wire.Tx) (txargs.Coins, int64, error) {
	coins, err := n.find(t.Ins)
	if err != nil {
		return nil, 0, err
	}
	var fee int64
	for _, in := range t.Ins {
		coin, ok := coins[in.Prev]
		if !ok {
			return nil, 0, table.Errorf(table.CodeMisc, "%s:%d is already spent", in.Prev.TxID, in.Prev.Index)
		}
		fee += coin.Value
	}
	for i := range t.Outs {
		fee -= t.Outs[i].Value
	}
	return coins, fee, nil
}

// bumpable says why a transaction cannot be replaced (Core's PreconditionChecks).
func (n *node) bumpable(w *wallet.Wallet, id wire.Hash, old *wallet.Tx, coins txargs.Coins, mine bool) error {
	for i := range old.Tx.Outs {
		if _, spent, ok := w.Coin(old.Tx.Outpoint(i)); ok && spent {
			return table.Errorf(table.CodeInvalid, "Transaction has descendants in the wallet")
		}
	}
	if e, ok := n.Pool.Get(id); ok && e.DescendantCount > 1 {
		return table.Errorf(table.CodeInvalid, "Transaction has descendants in the mempool")
	}
	if old.Depth != 0 {
		return table.Errorf(table.CodeWallet, "Transaction has been mined, or is conflicted with a mined transaction")
	}
	if old.ReplacedBy != nil {
		return table.Errorf(table.CodeWallet, "Cannot bump transaction %s which was already bumped by transaction %s", id, *old.ReplacedBy)
	}
	if !mine {
		return nil
	}
	for _, in := range old.Tx.Ins {
		if !w.Mine(coins[in.Prev].Script) {
			return table.Errorf(table.CodeWallet, "Transaction contains inputs that don't belong to this wallet")
		}
	}
	return nil
}

// recipients are who is paid: all but the change, or, when there is nothing but
// change, the change, less the fee.
func (b *bump) recipients(w *wallet.Wallet, old *wallet.Tx) ([]spending.Recipient, error) {
	outs := b.outputs
	if len(outs) == 0 {
		outs = old.Tx.Outs
	}
	var to []spending.Recipient
	var sum int64
	for i, o := range outs {
		sum += o.Value
		change := w.IsChange(o.Script)
		if b.changeAt != nil {
			change = uint64(*b.changeAt) == uint64(i)
		}
		if change {
			b.c.change = o.Script
		} else {
			to = append(to, spending.Recipient{Out: o})
		}
	}
	if len(to) == 0 {
		if b.c.change == nil {
			return nil, table.Errorf(table.CodeInvalid, "Unable to create transaction. Transaction must have at least one recipient")
		}
		to = []spending.Recipient{{Out: wire.Out{Value: sum, Script: b.c.change}, Subtract: true}}
		b.c.change = nil
	}
	return to, nil
}

// walletIncrement is how much more per 1000 virtual bytes a replacement pays, at least, in
// case what relays ask for has grown.
const walletIncrement spending.Feerate = 5000

// bumpRate finds the new feerate, or judges the one that was asked for.
func (n *node) bumpRate(old *wallet.Tx, b *bump, ins []spending.Coin, fee int64) error {
	st := n.Pool.Stats()
	increment := spending.Feerate(st.Increment)
	if b.c.feerate == nil {
		rate := spending.Feerate(fee*1000/int64(old.Tx.VSize())) + 1 + max(increment, walletIncrement)
		least, _ := n.feerate(b.c)
		b.c.feerate = new(max(rate, least))
		return nil
	}
	rate := *b.c.feerate
	if rate < spending.Feerate(st.Rolling) {
		return table.Errorf(table.CodeWallet, "New fee rate (%s) is lower than the minimum fee rate (%s) to get into the mempool -- ",
			spending.Money(int64(rate)), spending.Money(st.Rolling))
	}
	size, err := bumpedSize(old, b, ins)
	if err != nil {
		return err
	}
	ops := make([]wire.Outpoint, len(old.Tx.Ins))
	for i := range old.Tx.Ins {
		ops[i] = old.Tx.Ins[i].Prev
	}
	total, more := rate.Fee(size)+n.bumps(ops, rate), increment.Fee(size)
	required := max(leastFeerate, spending.Feerate(st.Floor)).Fee(size)
	switch {
	case total < fee+more:
		return table.Errorf(table.CodeInvalid, "Insufficient total fee %s, must be at least %s (oldFee %s + incrementalFee %s)",
			spending.Money(total), spending.Money(fee+more), spending.Money(fee), spending.Money(more))
	case total < required:
		return table.Errorf(table.CodeInvalid, "Insufficient total fee (cannot be less than required fee %s)", spending.Money(required))
	case total > b.c.maxFee:
		return table.Errorf(table.CodeWallet, "Specified or calculated fee %s is too high (cannot be higher than -maxtxfee %s)",
			spending.Money(total), spending.Money(b.c.maxFee))
	}
	return nil
}

// weighed is what the old inputs will weigh once signed. Others' are to be signed as they
// are now, and b learns their weights.
func (n *node) weighed(w *wallet.Wallet, old *wallet.Tx, b *bump, coins txargs.Coins) []spending.Coin {
	list := make([]spending.Coin, len(old.Tx.Ins))
	for i, in := range old.Tx.Ins {
		list[i].Out = coins[in.Prev]
		ring, _ := w.Solve(list[i].Out.Script)
		list[i].Weight, list[i].Witness = n.inputWeight(list[i].Out.Script, ring, signsElsewhere(w))
		if list[i].Weight < 0 {
			signed, none := wire.Tx{Ins: []wire.In{in}}, wire.Tx{}
			list[i].Weight, list[i].Fixed = int64(signed.Weight()-none.Weight()), true
			list[i].Witness = len(in.Witness) > 0
			b.c.weights[in.Prev] = max(list[i].Weight, leastInputWeight)
		}
	}
	return list
}

// bumpedSize is what the old inputs and the new outputs will take, in virtual bytes.
func bumpedSize(old *wallet.Tx, b *bump, ins []spending.Coin) (int64, error) {
	t := txargs.Unsealed(old.Tx)
	if len(b.outputs) > 0 {
		t.Outs = b.outputs
	}
	weight, ok := spending.SignedWeight(t, ins)
	if !ok {
		return 0, table.Errorf(table.CodeWallet, "Missing solving data for estimating transaction size")
	}
	return (weight + 3) / 4, nil
}

// replace signs and sends the new payment, or shows it. It is for whom and what the old one was.
func (n *node) replace(ctx context.Context, w *wallet.Wallet, old *wallet.Tx, b *bump, d *funded, fee int64) (any, error) {
	out := bumped{OldFee: view.Coins(fee), Fee: view.Coins(d.Fee), Errors: []string{}}
	if b.asPSBT {
		p, err := n.emptyPSBT(d.Tx, fmt.Append(nil, b.format))
		if err != nil {
			return nil, err
		}
		if _, err := n.fill(w, p, filling{origins: true}); err != nil {
			return nil, err
		}
		out.PSBT = p.Base64()
		return out, nil
	}
	ok, err := sign(w, d.Draft)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, table.Errorf(table.CodeWallet, "Can't sign transaction.")
	}
	t := d.Tx.Seal()
	out.TxID = new(t.ID())
	return out, commit(ctx, w, t, wallet.Note{Comment: old.Comment, To: old.To, Replaces: new(old.Tx.ID())})
}
