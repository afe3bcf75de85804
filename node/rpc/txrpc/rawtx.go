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
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) rawTxMethods() []table.Method {
	const name = "getrawtransaction"
	return []table.Method{{
		Name: name, Pool: true, Category: "rawtransactions",
		About: "By default, this call only returns a transaction if it is in the mempool. If -txindex is enabled\n" +
			"and no blockhash argument is passed, it will return the transaction if it is in the mempool or any block.\n" +
			"If a blockhash argument is passed, it will return the transaction if\n" +
			"the specified block is available and the transaction is in that block.\n\n" +
			"Hint: Use gettransaction for wallet transactions.\n\n" +
			"If verbosity is 0 or omitted, returns the serialized transaction as a hex-encoded string.\n" +
			"If verbosity is 1, returns a JSON Object with information about the transaction.\n" +
			"If verbosity is 2, returns a JSON Object with information about the transaction, including fee and prevout information.",
		Args: []table.Arg{
			{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id"},
			{Name: "verbosity|verbose", Kind: table.Integer, Def: "0", Loose: true, About: "0 for hex-encoded data, 1 for a JSON object, and 2 for JSON object with fee and prevout"},
			{Name: "blockhash", Kind: table.HexText, About: "The block in which to look for the transaction"},
		},
		Results: []table.Shape{
			table.Str("data", "The serialized transaction as a hex-encoded string for 'txid'").When("if verbosity is not set or set to 0"),
			table.Obj("", "", append(placeShape(), txargs.TxFields()...)...).When("if verbosity is set to 1"),
			table.Obj("", "", append(placeShape(), spendingShape()...)...).When("for verbosity = 2"),
		},
		Examples: table.CLI(name, `"mytxid"`) + table.CLI(name, `"mytxid" 1`) + table.Curl(name, `"mytxid", 1`) +
			table.CLI(name, `"mytxid" 0 "myblockhash"`) + table.CLI(name, `"mytxid" 1 "myblockhash"`) + table.CLI(name, `"mytxid" 2 "myblockhash"`),
		Call: n.getRawTransaction,
	}}
}

// placeShape is what a transaction's block adds to it.
func placeShape() []table.Shape {
	return []table.Shape{
		table.Bool("in_active_chain", `Whether specified block is in the active chain or not (only present with explicit "blockhash" argument)`).Maybe(),
		table.Hex("blockhash", "the block hash").Maybe(),
		table.Num("confirmations", "The confirmations").Maybe(),
		table.Time("blocktime", "The block time expressed in UNIX epoch time").Maybe(),
		table.Num("time", `Same as "blocktime"`).Maybe(),
		table.Hex("hex", "The serialized, hex-encoded data for 'txid'"),
	}
}

// spendingShape is a transaction's with its fee and the coins that it spends.
func spendingShape() []table.Shape {
	prev := table.Obj("prevout", "The previous output, omitted if block undo data is not available",
		table.Bool("generated", "Coinbase or not"), table.Num("height", "The height of the prevout"),
		table.Coins("value", "The value in BTC"), txargs.ScriptShape("scriptPubKey")).Maybe()
	fields := txargs.TxFields()
	for i := range fields {
		if fields[i].Key == "vin" {
			in := &fields[i].Fields[0]
			in.Fields = append(in.Fields, prev)
		}
	}
	return append(fields, table.Coins("fee", "transaction fee in BTC, omitted if block undo data is not available").Maybe())
}

func (n *node) getRawTransaction(ctx context.Context, a table.Args) (any, error) {
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
	if e, ok := n.Pool.Get(id); ok {
		if level <= 0 {
			return hex.EncodeToString(e.Tx.Append(nil)), nil
		}
		return view.TxView{Params: n.Params, Hex: true}.Show(e.Tx), nil
	}
	return n.indexedTx(ctx, id, level)
}

// indexedTx looks for a transaction where the index says that it is.
func (n *node) indexedTx(ctx context.Context, id wire.Hash, level int64) (any, error) {
	if n.Txs == nil {
		return nil, unknownTx("No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries")
	}
	ready, err := n.Txs.Ready(ctx)
	if err != nil {
		return nil, err
	}
	f, err := n.Txs.Find(ctx, id)
	if err != nil && !errors.Is(err, chain.ErrNoBlock) {
		return nil, err
	}
	switch {
	case f == nil && !ready:
		return nil, unknownTx("No such mempool transaction. Blockchain transactions are still in the process of being indexed")
	case f == nil:
		return nil, unknownTx("No such mempool or blockchain transaction")
	case level <= 0:
		return hex.EncodeToString(f.Tx.Append(nil)), nil
	}
	h, ok := n.Chain.Header(f.Block)
	if !ok {
		return nil, unknownTx("No such mempool or blockchain transaction")
	}
	return n.place(n.withSpent(f.Tx, f.Block, level), h, false), nil
}

func unknownTx(why string) error {
	return table.Errorf(table.CodeNotFound, "%s. Use gettransaction for wallet transactions.", why)
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
		return nil, unknownTx("No such transaction found in the provided block")
	case level <= 0:
		return hex.EncodeToString(b.Txs[i].Append(nil)), nil
	}
	return n.place(n.withSpent(b.Txs[i], blockID, level), h, true), nil
}

// withSpent shows a transaction of a block; from level 2 on with what it spent,
// where that is known.
func (n *node) withSpent(t *wire.Tx, block wire.Hash, level int64) view.Tx {
	v := view.TxView{Params: n.Params, Hex: true}
	if level < 2 || t.IsCoinbase() {
		return v.Show(t)
	}
	b, err := n.Chain.Block(block)
	if err != nil {
		return v.Show(t)
	}
	spent, err := n.Chain.Spent(block)
	i := slices.IndexFunc(b.Txs, func(o *wire.Tx) bool { return o.ID() == t.ID() })
	if err == nil && i > 0 {
		v.Spent, v.Prevs = view.SpentBy(b, spent)[i], true
	}
	return v.Show(t)
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
