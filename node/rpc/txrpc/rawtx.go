package txrpc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) rawTxMethods() []table.Method {
	return []table.Method{{
		Name: "getrawtransaction", Pool: true, Category: "rawtransactions",
		About: "By default, this call only returns a transaction if it is in the mempool.\n" +
			"If a blockhash argument is passed, it will return the transaction if the specified block is available and\n" +
			"the transaction is in that block.",
		Args: []table.Arg{
			{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id"},
			{Name: "verbosity|verbose", Kind: table.Integer, Def: "0", Loose: true, About: "0 for hex-encoded data, 1 for a JSON object, and 2 for JSON object with fee and prevout"},
			{Name: "blockhash", Kind: table.HexText, About: "The block in which to look for the transaction"},
		},
		Result: "The transaction, hex-encoded or as an object", Call: n.getRawTransaction,
	}}
}

func (n *node) getRawTransaction(_ context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "parameter 1")
	if err != nil {
		return nil, err
	}
	if id == n.Params.Genesis.Header.Merkle {
		return nil, table.Errorf(table.CodeNotFound, "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved")
	}
	level, err := table.Verbosity(a.Raw(1))
	if err != nil {
		return nil, err
	}
	if a.Given(2) {
		return n.blockTx(id, a.Raw(2), level)
	}
	e, ok := n.Pool.Get(id)
	if !ok {
		return nil, table.Errorf(table.CodeNotFound, "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.")
	}
	if level <= 0 {
		return hex.EncodeToString(e.Tx.Append(nil)), nil
	}
	return view.TxView{Params: n.Params, Hex: true}.Show(e.Tx), nil
}

// placedTx is a transaction with its block, as Core's TxToJSON shows it.
type placedTx struct {
	Active *bool `json:"in_active_chain,omitempty"`
	view.Tx
	Block         *wire.Hash `json:"blockhash,omitempty"`
	Confirmations *int64     `json:"confirmations,omitempty"`
	Time          *uint32    `json:"time,omitempty"`
	BlockTime     *uint32    `json:"blocktime,omitempty"`
}

// blockTx looks for a transaction in the block that the caller named.
func (n *node) blockTx(id wire.Hash, block json.RawMessage, level int64) (any, error) {
	var name string
	_ = json.Unmarshal(block, &name) // of a text, as binding saw
	blockID, err := table.ParseHash(name, "parameter 3")
	if err != nil {
		return nil, err
	}
	h, ok := n.Chain.Header(blockID)
	if !ok {
		return nil, table.Errorf(table.CodeNotFound, "Block hash not found")
	}
	b, err := n.Chain.Block(blockID)
	if errors.Is(err, chain.ErrNoBlock) {
		return nil, table.Errorf(table.CodeMisc, "Block not available")
	}
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(b.Txs, func(t *wire.Tx) bool { return t.ID() == id })
	switch {
	case i < 0:
		return nil, table.Errorf(table.CodeNotFound, "No such transaction found in the provided block. Use gettransaction for wallet transactions.")
	case level <= 0:
		return hex.EncodeToString(b.Txs[i].Append(nil)), nil
	}
	v := view.TxView{Params: n.Params, Hex: true}
	if level >= 2 && i > 0 {
		if spent, err := n.Chain.Spent(blockID); err == nil {
			v.Spent, v.Prevs = view.SpentBy(b, spent)[i], true
		}
	}
	return n.place(v.Show(b.Txs[i]), h, true), nil
}

// place adds what a transaction's block says. Of a block off the active
// branch Core tells no time, and no confirmations.
func (n *node) place(t view.Tx, h chain.HeaderInfo, asked bool) placedTx {
	out := placedTx{Tx: t, Block: &h.ID, Confirmations: new(int64)}
	if asked {
		out.Active = &h.Active
	}
	if h.Active {
		*out.Confirmations = view.Confirmations(h, n.Chain.Tip().Height)
		out.Time, out.BlockTime = &h.Time, &h.Time
	}
	return out
}
