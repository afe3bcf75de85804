package walletrpc

import (
	"context"
	"math"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/wallet"
)

// unspentView is a coin as listunspent shows it.
type unspentView struct {
	TxID          wire.Hash  `json:"txid"`
	Out           uint32     `json:"vout"`
	Address       string     `json:"address,omitempty"`
	Label         *string    `json:"label,omitempty"`
	Redeem        view.Hex   `json:"redeemScript,omitempty"`
	WitnessScript view.Hex   `json:"witnessScript,omitempty"`
	Script        view.Hex   `json:"scriptPubKey"`
	Amount        view.Coins `json:"amount"`
	Confirmations int64      `json:"confirmations"`
	Ancestors     int        `json:"ancestorcount,omitempty"`
	AncestorSize  int64      `json:"ancestorsize,omitempty"`
	AncestorFees  int64      `json:"ancestorfees,omitempty"` // satoshis, as Core has it
	Spendable     bool       `json:"spendable"`
	Solvable      bool       `json:"solvable"`
	Desc          string     `json:"desc,omitempty"`
	Parents       []string   `json:"parent_descs"`
	Reused        *bool      `json:"reused,omitempty"`
	Safe          bool       `json:"safe"`
}

func (n *node) listUnspent(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	c := newControl(w)
	c.minDepth, c.maxDepth, c.unsafe = a.Integer(0), a.Integer(1), a.Flag(3)
	addresses := make(map[string]bool)
	for _, item := range a.List(2) {
		text, err := txargs.ReadText(item)
		if err != nil {
			return nil, err
		}
		s, err := address.Decode(text, n.Params)
		if err != nil {
			return nil, table.Errorf(table.CodeNotFound, "Invalid Bitcoin address: %s", text)
		}
		if addresses[string(s)] {
			return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, duplicated address: %s", text)
		}
		addresses[string(s)] = true
	}
	q, err := readQuery(a, 4)
	if err != nil {
		return nil, err
	}
	coins := n.available(w, c, q.coinFilter)
	out := []unspentView{}
	var sum int64
	for i := range coins {
		if sum >= q.sum || q.count > 0 && int64(i) >= q.count {
			break
		}
		sum += coins[i].Out.Value
		if len(addresses) > 0 && !addresses[string(coins[i].Out.Script)] {
			continue
		}
		out = append(out, n.showCoin(w, &coins[i]))
	}
	return out, nil
}

// query narrows a list of coins.
type query struct {
	coinFilter
	sum   int64 // satoshis after which the list ends
	count int64 // 0: no limit
}

func readQuery(a table.Args, i int) (query, error) {
	q := query{coinFilter: coinFilter{most: math.MaxInt64, anyVersion: true}, sum: math.MaxInt64}
	o, err := options(a, i)
	if err != nil {
		return q, err
	}
	if err := o.Strict(txargs.Of("minimumAmount", ""), txargs.Of("maximumAmount", ""), txargs.Of("minimumSumAmount", ""),
		txargs.Of("maximumCount", "number"), txargs.Of("include_immature_coinbase", "bool")); err != nil {
		return q, err
	}
	for key, to := range map[string]*int64{"minimumAmount": &q.least, "maximumAmount": &q.most, "minimumSumAmount": &q.sum} {
		if o.Has(key) {
			if *to, err = table.ParseAmount(o.Get(key)); err != nil {
				return q, err
			}
		}
	}
	if o.Has("maximumCount") {
		if q.count, err = table.ParseInteger(o.Get("maximumCount"), 64); err != nil {
			return q, err
		}
	}
	q.immature = truth(o.Get("include_immature_coinbase"))
	return q, nil
}

func (n *node) showCoin(w *wallet.Wallet, c *wallet.Coin) unspentView {
	s := c.Out.Script
	out := unspentView{
		TxID: c.Outpoint.TxID, Out: c.Outpoint.Index, Address: c.Address, Script: s, Amount: view.Coins(c.Out.Value),
		Confirmations: c.Depth, Spendable: true, Parents: view.NonNil(c.Descs), Safe: safe(c),
	}
	if c.Labeled {
		out.Label = &c.Label
	}
	ring, _ := w.Solve(s)
	if script.IsP2SH(s) {
		out.Redeem = ring.Scripts[[20]byte(s[2:22])]
		s = out.Redeem
	}
	if script.Classify(s) == script.TypeWitnessV0ScriptHash {
		out.WitnessScript, _ = ring.WitnessScript([32]byte(s[2:]))
	}
	if e, ok := n.Pool.Get(c.Outpoint.TxID); ok && c.Depth == 0 {
		out.Ancestors, out.AncestorSize, out.AncestorFees = e.AncestorCount, e.AncestorSize, e.AncestorFees
	}
	if weight, _ := n.inputWeight(c.Out.Script, ring, signsElsewhere(w)); weight >= 0 {
		out.Solvable = true
		out.Desc = descriptor.InferWith(c.Out.Script, ring, n.Params).String()
	}
	if w.Flags()&wallet.AvoidReuse != 0 {
		out.Reused = &c.Reused
	}
	return out
}

// outpointView names an output.
type outpointView struct {
	TxID wire.Hash `json:"txid"`
	Out  uint32    `json:"vout"`
}

func (n *node) listLockUnspent(_ context.Context, w *wallet.Wallet, _ table.Args) (any, error) {
	out := []outpointView{}
	for _, op := range w.LockedCoins() {
		out = append(out, outpointView{op.TxID, op.Index})
	}
	return out, nil
}

func (n *node) lockUnspent(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	unlock, keep := a.Flag(0), a.Flag(2)
	if !a.Given(1) {
		if unlock {
			return true, w.UnlockCoins()
		}
		return true, nil
	}
	var ops []wire.Outpoint
	for _, item := range a.List(1) {
		o, err := txargs.ReadObject(item)
		if err != nil {
			return nil, err
		}
		op, err := lockable(w, o, unlock, keep)
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	if unlock {
		if len(ops) == 0 {
			return true, nil
		}
		return true, w.UnlockCoins(ops...)
	}
	for _, op := range ops {
		if err := w.LockCoin(op, keep); err != nil {
			return nil, err
		}
	}
	return true, nil
}

// lockable reads a coin that is to be locked or unlocked.
func lockable(w *wallet.Wallet, o txargs.Object, unlock, keep bool) (op wire.Outpoint, err error) {
	if err := o.Want(false, txargs.Of("txid", "string"), txargs.Of("vout", "number")); err != nil {
		return op, err
	}
	if op.TxID, err = o.Hash("txid"); err != nil {
		return op, err
	}
	at, err := table.ParseInteger(o.Get("vout"), 32)
	if err != nil {
		return op, err
	}
	bad := func(text string) (wire.Outpoint, error) {
		return op, table.Errorf(table.CodeInvalid, "Invalid parameter, %s", text)
	}
	if at < 0 {
		return bad("vout cannot be negative")
	}
	op.Index = uint32(at)
	t, ok := w.Tx(op.TxID)
	if !ok {
		return bad("unknown transaction")
	}
	if at >= int64(len(t.Tx.Outs)) {
		return bad("vout index out of bounds")
	}
	locked := w.IsLockedCoin(op)
	switch _, spent, _ := w.Coin(op); {
	case spent:
		return bad("expected unspent output")
	case unlock && !locked:
		return bad("expected locked output")
	case !unlock && locked && !keep:
		return bad("output already locked")
	}
	return op, nil
}

func (n *node) signMessage(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	if err := unlocked(w); err != nil {
		return nil, err
	}
	s, err := address.Decode(a.Text(0), n.Params)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "Invalid address")
	}
	hash, ok := script.PubKeyHash(s)
	if !ok {
		return nil, table.Errorf(table.CodeType, "Address does not refer to key")
	}
	ring, err := w.Signer(s)
	if err != nil {
		return nil, err
	}
	k, ok := ring.Private[[20]byte(hash)]
	if !ok {
		return nil, table.Errorf(table.CodeWallet, "Private key not available")
	}
	return keys.Private{Key: k.Secret(), Uncompressed: !k.Public().Compressed()}.SignMessage(a.Text(1)), nil
}
