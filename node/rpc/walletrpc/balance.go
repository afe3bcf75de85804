package walletrpc

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/wallet"
)

func (n *node) getBalance(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	if a.Given(0) && a.Text(0) != "*" {
		return nil, table.Errorf(table.CodeDeprecated, "dummy first argument must be excluded or set to \"*\".")
	}
	avoid, err := avoidReuse(w, a, 3)
	if err != nil {
		return nil, err
	}
	return view.Coins(w.Balance(a.Integer(1), avoid, false).Trusted), nil
}

// avoidReuse says whether coins of reused addresses are left out.
func avoidReuse(w *wallet.Wallet, a table.Args, i int) (bool, error) {
	can := w.Flags()&wallet.AvoidReuse != 0
	if !a.Given(i) {
		return can, nil
	}
	if a.Flag(i) && !can {
		return false, table.Errorf(table.CodeWallet, "wallet does not have the \"avoid reuse\" feature enabled")
	}
	return a.Flag(i), nil
}

// balances is getbalances' answer.
type balances struct {
	Mine struct {
		Trusted  view.Coins  `json:"trusted"`
		Pending  view.Coins  `json:"untrusted_pending"`
		Immature view.Coins  `json:"immature"`
		Nonpool  view.Coins  `json:"nonmempool"`
		Used     *view.Coins `json:"used,omitempty"`
	} `json:"mine"`
	Last block `json:"lastprocessedblock"`
}

func (n *node) getBalances(_ context.Context, w *wallet.Wallet, _ table.Args) (any, error) {
	b := w.Balance(0, true, true)
	var out balances
	out.Mine.Trusted, out.Mine.Pending = view.Coins(b.Trusted), view.Coins(b.Pending)
	out.Mine.Immature, out.Mine.Nonpool = view.Coins(b.Immature), view.Coins(b.Nonpool)
	if w.Flags()&wallet.AvoidReuse != 0 {
		used := view.Coins(b.Used)
		out.Mine.Used = &used
	}
	out.Last = block{b.Tip.String(), b.TipHeight}
	return out, nil
}

// tally is what addresses received.
type tally struct {
	amount view.Coins
	depth  int64 // of the youngest payment
	txids  []string
}

// tallyAll sums up what each address of the wallet received, of transactions that
// are at least so deep.
func tallyAll(w *wallet.Wallet, depth int64, immature bool) map[string]*tally {
	out := map[string]*tally{}
	w.Txs(false, func(t *wallet.Tx) bool {
		if t.Depth < depth || t.Tx.IsCoinbase() && (t.Depth < 1 || !t.Mature && !immature) {
			return true
		}
		for i, o := range t.Outs {
			if !o.Mine || o.Address == "" {
				continue
			}
			sum := out[o.Address]
			if sum == nil {
				sum = &tally{depth: t.Depth}
				out[o.Address] = sum
			}
			sum.amount += view.Coins(t.Tx.Outs[i].Value)
			sum.depth = min(sum.depth, t.Depth)
			sum.txids = append(sum.txids, t.Tx.ID().String())
		}
		return true
	})
	return out
}

func (n *node) getReceivedByAddress(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	s, err := address.Decode(a.Text(0), n.Params)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "Invalid Bitcoin address")
	}
	text, _ := address.Encode(s, n.Params)
	return n.received(w, a, []string{text})
}

func (n *node) getReceivedByLabel(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	name, err := label(a, 0)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, l := range w.Labels() {
		if l.Label == name {
			all = append(all, l.Address)
		}
	}
	if all == nil {
		return nil, table.Errorf(table.CodeWallet, "Label not found in wallet")
	}
	return n.received(w, a, all)
}

// received sums up what addresses got.
func (n *node) received(w *wallet.Wallet, a table.Args, addresses []string) (any, error) {
	sums, known, sum := tallyAll(w, a.Integer(1), a.Flag(2)), false, view.Coins(0)
	for _, text := range addresses {
		s, err := address.Decode(text, n.Params)
		known = known || err == nil && w.Mine(s)
		if t := sums[text]; t != nil {
			sum += t.amount
		}
	}
	if !known {
		return nil, table.Errorf(table.CodeWallet, "Address not found in wallet")
	}
	return sum, nil
}

// receivedBy is one line of listreceivedbyaddress.
type receivedBy struct {
	Address string     `json:"address"`
	Amount  view.Coins `json:"amount"`
	Depth   int64      `json:"confirmations"`
	Label   string     `json:"label"`
	TxIDs   []string   `json:"txids"`
}

func (n *node) listReceivedByAddress(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	only := a.Text(3)
	if only != "" {
		s, err := address.Decode(only, n.Params)
		if err != nil {
			return nil, table.Errorf(table.CodeWallet, "address_filter parameter was invalid")
		}
		only, _ = address.Encode(s, n.Params)
	}
	sums, out := tallyAll(w, a.Integer(0), a.Flag(4)), []receivedBy{}
	for _, l := range w.Labels() {
		t := sums[l.Address]
		if only != "" && l.Address != only || t == nil && !a.Flag(1) {
			continue
		}
		if t == nil {
			t = new(tally)
		}
		out = append(out, receivedBy{l.Address, t.amount, t.depth, l.Label, view.NonNil(t.txids)})
	}
	return out, nil
}

func (n *node) listReceivedByLabel(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	type line struct {
		Amount view.Coins `json:"amount"`
		Depth  int64      `json:"confirmations"`
		Label  string     `json:"label"`
	}
	sums, lines := tallyAll(w, a.Integer(0), a.Flag(3)), map[string]*line{}
	paid := map[string]bool{}
	for _, l := range w.Labels() {
		t := sums[l.Address]
		if t == nil && !a.Flag(1) {
			continue
		}
		one := lines[l.Label]
		if one == nil {
			one = &line{Label: l.Label}
			lines[l.Label] = one
		}
		if t == nil {
			continue
		}
		one.Amount += t.amount
		if !paid[l.Label] || t.depth < one.Depth {
			one.Depth = t.depth
		}
		paid[l.Label] = true
	}
	out := []*line{}
	for _, l := range lines {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *line) int { return strings.Compare(a.Label, b.Label) })
	return out, nil
}

func (n *node) simulateRawTransaction(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	var change int64
	made, spent := map[wire.Outpoint]int64{}, map[wire.Outpoint]bool{}
	for _, raw := range a.List(0) {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
		}
		t, ok := view.DecodeTxAs(text, true, true)
		if !ok {
			return nil, table.Errorf(table.CodeDecode, "Transaction hex string decoding failure.")
		}
		if err := n.simulateSpends(w, t, made, spent, &change); err != nil {
			return nil, err
		}
		for i, o := range t.Outs {
			value := int64(0)
			if w.Mine(o.Script) {
				value = o.Value
			}
			made[t.Outpoint(i)] = value
			change += value
		}
	}
	return struct {
		Change view.Coins `json:"balance_change"`
	}{view.Coins(change)}, nil
}

// simulateSpends takes off what t spends of the wallet's.
func (n *node) simulateSpends(w *wallet.Wallet, t *wire.Tx, made map[wire.Outpoint]int64, spent map[wire.Outpoint]bool, change *int64) error {
	ops := make([]wire.Outpoint, len(t.Ins))
	for i, in := range t.Ins {
		ops[i] = in.Prev
	}
	unspent, err := n.unspent(ops)
	if err != nil {
		return err
	}
	for i, op := range ops {
		value, new := made[op]
		switch {
		case spent[op]:
			return table.Errorf(table.CodeInvalid, "Transaction(s) are spending the same output more than once")
		case new:
			*change -= value
			delete(made, op)
		case !unspent[i]:
			return table.Errorf(table.CodeInvalid, "One or more transaction inputs are missing or have been spent already")
		default:
			*change -= w.Value(op)
		}
		spent[op] = true
	}
	return nil
}
