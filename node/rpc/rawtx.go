package rpc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

func rawTxMethods() []method {
	return []method{{
		name: "getrawtransaction", pool: true, category: "rawtransactions",
		about: "By default, this call only returns a transaction if it is in the mempool.\n" +
			"If a blockhash argument is passed, it will return the transaction if the specified block is available and\n" +
			"the transaction is in that block.",
		args: []arg{
			{name: "txid", kind: hexText, need: true, about: "The transaction id"},
			{name: "verbosity|verbose", kind: integer, def: "0", loose: true, about: "0 for hex-encoded data, 1 for a JSON object, and 2 for JSON object with fee and prevout"},
			{name: "blockhash", kind: hexText, about: "The block in which to look for the transaction"},
		},
		result: "The transaction, hex-encoded or as an object", call: getRawTransaction,
	}, {
		name: "decoderawtransaction", category: "rawtransactions",
		about: "Return a JSON object representing the serialized, hex-encoded transaction.",
		args: []arg{
			{name: "hexstring", kind: hexText, need: true, about: "The transaction hex string"},
			{name: "iswitness", kind: boolean, hint: "depends on heuristic tests", about: "Whether the transaction hex is a serialized witness transaction."},
		},
		result: "{ \"txid\", \"hash\", \"version\", \"size\", \"vsize\", \"weight\", \"locktime\", \"vin\", \"vout\" }", call: decodeRawTransaction,
	}}
}

// verbosity reads a level that may also be a boolean (Core's ParseVerbosity).
func verbosity(raw json.RawMessage) (int64, error) {
	switch typeName(raw) {
	case "bool":
		if raw[0] == 't' {
			return 1, nil
		}
		return 0, nil
	case "number":
		return parseInteger(raw, 32)
	}
	return 0, errorf(codeType, "%s", wrongType(raw, "number"))
}

func getRawTransaction(_ context.Context, n *node, a args) (any, error) {
	id, err := a.hash(0, "parameter 1")
	if err != nil {
		return nil, err
	}
	if id == n.Params.Genesis.Header.Merkle {
		return nil, errorf(codeNotFound, "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved")
	}
	level, err := verbosity(a.raw(1))
	if err != nil {
		return nil, err
	}
	if a.given(2) {
		return n.blockTx(id, a, level)
	}
	e, ok := n.Pool.Get(id)
	if !ok {
		return nil, errorf(codeNotFound, "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.")
	}
	if level <= 0 {
		return hex.EncodeToString(e.Tx.Append(nil)), nil
	}
	return txView{params: n.Params, hex: true}.show(e.Tx), nil
}

// placedTx is a transaction with its block, as Core's TxToJSON shows it.
type placedTx struct {
	Active *bool `json:"in_active_chain,omitempty"`
	txJSON
	Block         *wire.Hash `json:"blockhash,omitempty"`
	Confirmations *int64     `json:"confirmations,omitempty"`
	Time          *uint32    `json:"time,omitempty"`
	BlockTime     *uint32    `json:"blocktime,omitempty"`
}

// blockTx looks for a transaction in the block that the caller named.
func (n *node) blockTx(id wire.Hash, a args, level int64) (any, error) {
	blockID, err := a.hash(2, "parameter 3")
	if err != nil {
		return nil, err
	}
	h, ok := n.Chain.Header(blockID)
	if !ok {
		return nil, errorf(codeNotFound, "Block hash not found")
	}
	b, err := n.Chain.Block(blockID)
	if errors.Is(err, chain.ErrNoBlock) {
		return nil, errorf(codeMisc, "Block not available")
	}
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(b.Txs, func(t *wire.Tx) bool { return t.ID() == id })
	switch {
	case i < 0:
		return nil, errorf(codeNotFound, "No such transaction found in the provided block. Use gettransaction for wallet transactions.")
	case level <= 0:
		return hex.EncodeToString(b.Txs[i].Append(nil)), nil
	}
	v := txView{params: n.Params, hex: true}
	if level >= 2 && i > 0 {
		if spent, err := n.Chain.Spent(blockID); err == nil {
			v.spent, v.prevs = spentBy(b, spent)[i], true
		}
	}
	return n.place(v.show(b.Txs[i]), h, true), nil
}

// place adds what a transaction's block says. Of a block off the active
// branch Core tells no time, and no confirmations.
func (n *node) place(t txJSON, h chain.HeaderInfo, asked bool) placedTx {
	out := placedTx{txJSON: t, Block: &h.ID, Confirmations: new(int64)}
	if asked {
		out.Active = &h.Active
	}
	if h.Active {
		*out.Confirmations = n.confirmations(h)
		out.Time, out.BlockTime = &h.Time, &h.Time
	}
	return out
}

// spentBy cuts the coins that a block spent by transaction; nil for the coinbase.
func spentBy(b *wire.Block, spent []consensus.Coin) [][]consensus.Coin {
	out := make([][]consensus.Coin, len(b.Txs))
	if len(spent) != b.Spends() {
		return out
	}
	for i, t := range b.Txs[1:] {
		out[i+1], spent = spent[:len(t.Ins):len(t.Ins)], spent[len(t.Ins):]
	}
	return out
}

func decodeRawTransaction(_ context.Context, n *node, a args) (any, error) {
	t, ok := decodeTx(a.text(0))
	if !ok || (a.given(1) && !a.flag(1) && t.HasWitness()) {
		return nil, errorf(codeDecode, "TX decode failed")
	}
	return txView{params: n.Params}.show(t), nil
}
