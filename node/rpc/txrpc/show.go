package txrpc

import (
	"context"
	"encoding/json"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
)

// showMethods look a transaction up wherever it may be.
func (n *node) showMethods() []table.Method {
	return []table.Method{{
		Name: "quern.tx.show", Pool: true, Category: "quern",
		About: "Returns a transaction of the mempool, of the given block, or of a block that is found by the index tx, by what is unspent of it, or by the wallet.",
		Args: []table.Arg{
			{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id"},
			{Name: "blockhash", Kind: table.HexText, About: "The block in which to look"},
		},
		Results: []table.Shape{
			table.Obj("", "", append(placeShape(), txargs.TxFields()...)...).When("for a transaction that waits"),
			table.Obj("", "", append(placeShape(), spendingShape()...)...).When("for one of a block"),
		}, Call: n.txShow,
	}}
}

// showOutputs is how many outputs of a transaction are looked up in the coin
// set to find its block; the wallet and explorers make far fewer.
const showOutputs = 1000

func (n *node) txShow(ctx context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	block := a.Raw(1)
	if block == nil {
		if e, ok := n.Pool.Get(id); ok {
			return view.TxView{Params: n.Params, Hex: true}.Show(e.Tx), nil
		}
		found, ok := n.blockOf(ctx, id)
		if !ok {
			return nil, table.Errorf(table.CodeNotFound, "transaction %s is neither in the mempool nor in the wallet, and all its outputs are spent: name the block that holds it", id)
		}
		block = json.RawMessage(`"` + found.String() + `"`)
	}
	return n.blockTx(id, block, 2)
}

// blockOf finds the block of a transaction by the index, or by an output that is unspent, or by the
// wallet.
func (n *node) blockOf(ctx context.Context, id wire.Hash) (wire.Hash, bool) {
	if n.Txs != nil {
		if f, err := n.Txs.Find(ctx, id); err == nil && f != nil {
			return f.Block, true
		}
	}
	ops := make([]wire.Outpoint, showOutputs)
	for i := range ops {
		ops[i] = wire.Outpoint{TxID: id, Index: uint32(i)}
	}
	if _, found, err := n.Chain.Coins(ops); err == nil {
		for _, c := range found {
			if !c.Missing {
				h, ok := n.Chain.ActiveAt(c.Height)
				return h.ID, ok
			}
		}
	}
	return n.Block(id)
}
