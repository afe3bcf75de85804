package poolrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) spendingMethods() []table.Method {
	const name, id = "gettxspendingprevout", "a08e6907dbbd3d809776dbfc5d82e371b764ed838b5655e72f463568df1aadf0"
	const asked = `[{\"txid\":\"` + id + `\",\"vout\":3}]`
	return []table.Method{{
		Name: name, Pool: true, Category: "blockchain",
		About: "Scans the mempool (and the txospenderindex, if available) to find transactions spending any of the given outputs",
		Args: []table.Arg{
			{Name: "outputs", Kind: table.Array, Need: true, About: "The transaction outputs that we want to check, and within each, the txid (string) vout (numeric).", Fields: []table.Arg{
				{Kind: table.Object, Fields: []table.Arg{
					{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id"},
					{Name: "vout", Kind: table.Integer, Need: true, About: "The output number"},
				}},
			}},
			{Name: "options", Kind: table.Options, Fields: []table.Arg{
				{Name: "mempool_only", Kind: table.Boolean, Hint: "true if txospenderindex unavailable, otherwise false", About: "If false and mempool lacks a relevant spend, use txospenderindex (throws an exception if not available)."},
				{Name: "return_spending_tx", Kind: table.Boolean, Hint: "false", About: "If true, return the full spending tx."},
			}},
		},
		Results: []table.Shape{table.Arr("", "", table.Obj("", "",
			table.Hex("txid", "the transaction id of the checked output"),
			table.Num("vout", "the vout value of the checked output"),
			table.Hex("spendingtxid", "the transaction id of the mempool transaction spending this output (omitted if unspent)").Maybe(),
			table.Hex("spendingtx", "the transaction spending this output (only if return_spending_tx is set, omitted if unspent)").Maybe(),
			table.Hex("blockhash", "the hash of the spending block (omitted if unspent or the spending tx is not confirmed)").Maybe(),
		))},
		Examples: table.CLI(name, `"`+asked+`"`) + table.Curl(name, `"`+asked+`"`) +
			table.CLINamed(name, table.Pair{Name: "outputs", Value: `[{"txid":"` + id + `","vout":3}]`}, table.Pair{Name: "return_spending_tx", Value: "true"}),
		Call: n.getTxSpendingPrevout,
	}}
}

// spending is a line of gettxspendingprevout's result: the object that the caller
// gave, and after its fields what is known.
type spending struct {
	asked json.RawMessage
	Tx    *wire.Hash `json:"spendingtxid,omitempty"`
	Hex   view.Hex   `json:"spendingtx,omitempty"`
	Block *wire.Hash `json:"blockhash,omitempty"`
}

// MarshalJSON writes both as one object.
func (s spending) MarshalJSON() ([]byte, error) {
	type known spending
	more, err := json.Marshal(known(s))
	if err != nil || len(more) == len("{}") {
		return s.asked, err
	}
	return slices.Concat(s.asked[:len(s.asked)-1], []byte{','}, more[1:]), nil
}

// by notes who spent the output.
func (s *spending) by(t *wire.Tx, whole bool) {
	id := t.ID()
	if s.Tx = &id; whole {
		s.Hex = t.Append(nil)
	}
}

// question is one output that is asked for.
type question struct {
	op  wire.Outpoint
	raw json.RawMessage
}

func (n *node) getTxSpendingPrevout(ctx context.Context, a table.Args) (any, error) {
	outs := a.List(0)
	if len(outs) == 0 {
		return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, outputs are missing")
	}
	poolOnly, whole, err := spendingOptions(a.Raw(1), n.Spenders == nil)
	if err != nil {
		return nil, err
	}
	asked := make([]question, len(outs))
	for i, raw := range outs {
		if asked[i], err = newQuestion(raw); err != nil {
			return nil, err
		}
	}
	result, rest := n.spentInPool(asked, poolOnly, whole)
	if len(rest) == 0 {
		return result, nil
	}
	confirmed, err := n.spentInBlocks(ctx, rest, whole)
	if err != nil {
		return nil, err
	}
	return append(result, confirmed...), nil
}

func spendingOptions(raw json.RawMessage, poolOnly bool) (pool, whole bool, err error) {
	if raw == nil {
		return poolOnly, false, nil
	}
	o, err := txargs.ReadObject(raw)
	if err == nil {
		err = o.Want(true, txargs.Of("mempool_only", "bool"), txargs.Of("return_spending_tx", "bool"))
	}
	if err == nil {
		err = o.Only("mempool_only", "return_spending_tx")
	}
	if err != nil {
		return false, false, err
	}
	for _, f := range o {
		if table.IsNull(f.Value) { // it may be there, but is then read
			return false, false, table.Errorf(table.CodeType, "%s", table.WrongType(f.Value, "bool"))
		}
		switch yes := string(f.Value) == "true"; f.Key {
		case "mempool_only":
			poolOnly = yes
		case "return_spending_tx":
			whole = yes
		}
	}
	return poolOnly, whole, nil
}

// spentInPool answers for what the mempool spends, and if there is nothing else
// to ask for all; the others are left.
func (n *node) spentInPool(asked []question, all, whole bool) (result []spending, rest []question) {
	result = []spending{}
	for _, q := range asked {
		s := spending{asked: q.raw}
		id, spent := n.Pool.Spender(q.op)
		if spent {
			e, ok := n.Pool.Get(id)
			if spent = ok; ok {
				s.by(e.Tx, whole)
			}
		}
		if spent || all {
			result = append(result, s)
		} else {
			rest = append(rest, q)
		}
	}
	return result, rest
}

func (n *node) spentInBlocks(ctx context.Context, asked []question, whole bool) (result []spending, err error) {
	ready := false
	if n.Spenders != nil {
		if ready, err = n.Spenders.Ready(ctx); err != nil {
			return nil, err
		}
	}
	if !ready {
		return nil, table.Errorf(table.CodeMisc, "Mempool lacks a relevant spend, and txospenderindex is unavailable.")
	}
	for _, q := range asked {
		s := spending{asked: q.raw}
		f, err := n.Spenders.Find(ctx, q.op)
		if err != nil {
			return nil, table.Errorf(table.CodeMisc, "IO error finding spending tx for outpoint %s:%d.", q.op.TxID, q.op.Index)
		}
		if f != nil {
			s.by(f.Tx, whole)
			s.Block = &f.Block
		}
		result = append(result, s)
	}
	return result, nil
}

func newQuestion(raw json.RawMessage) (q question, err error) {
	o, err := txargs.ReadObject(raw)
	if err == nil {
		err = o.Want(false, txargs.Of("txid", "string"), txargs.Of("vout", "number"))
	}
	if err == nil {
		err = o.Only("txid", "vout")
	}
	if err != nil {
		return q, err
	}
	if q.op.TxID, err = o.Hash("txid"); err != nil {
		return q, err
	}
	index, err := table.ParseInteger(o.Get("vout"), 32)
	if err != nil {
		return q, err
	}
	if index < 0 {
		return q, table.Errorf(table.CodeInvalid, "Invalid parameter, vout cannot be negative")
	}
	q.op.Index = uint32(index)
	var b bytes.Buffer
	err = json.Compact(&b, raw)
	q.raw = b.Bytes()
	return q, err
}
