package minerpc

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
)

func (n *node) priorityMethods() []table.Method {
	return []table.Method{{
		Name: "prioritisetransaction", Category: "mining", Pool: true,
		About: "Accepts the transaction into mined blocks at a higher (or lower) priority\n",
		Args: []table.Arg{
			{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id."},
			{Name: "dummy", Kind: table.Number, About: "API-Compatibility for previous API. Must be zero or null.\n" +
				"                  DEPRECATED. For forward compatibility use named arguments and omit this parameter."},
			{Name: "fee_delta", Kind: table.Long, Need: true, About: "The fee value (in satoshis) to add (or subtract, if negative).\n" +
				"                  Note, that this value is not a fee rate. It is a value to modify absolute fee of the TX.\n" +
				"                  The fee is not actually paid, only the algorithm for selecting transactions into a block\n" +
				"                  considers the transaction as it would have paid a higher (or lower) fee."},
		},
		Results:  []table.Shape{table.Bool("", "Returns true")},
		Examples: table.Both("prioritisetransaction", `"txid" 0.0 10000`, `"txid", 0.0, 10000`), Call: n.prioritise,
	}, {
		Name: "getprioritisedtransactions", Category: "mining", Pool: true,
		About: "Returns a map of all user-created (see prioritisetransaction) fee deltas by txid, and whether the tx is present in mempool.",
		Results: []table.Shape{table.Dict("", "prioritisation keyed by txid", table.Obj("<transactionid>", "",
			table.Num("fee_delta", "transaction fee delta in satoshis"),
			table.Bool("in_mempool", "whether this transaction is currently in mempool"),
			table.Num("modified_fee", "modified fee in satoshis. Only returned if in_mempool=true").Maybe(),
		))},
		Examples: table.Both("getprioritisedtransactions", "", ""), Call: n.prioritised,
	}}
}

func (n *node) prioritise(_ context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	var dummy float64
	if a.Read(1, &dummy); dummy != 0 {
		return nil, table.Errorf(table.CodeInvalid, "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.")
	}
	if n.Pool.Dusty(id) {
		return nil, table.Errorf(table.CodeInvalid, "Priority is not supported for transactions with dust outputs.")
	}
	n.Pool.Prioritise(id, a.Integer(2))
	return true, nil
}

type priorityJSON struct {
	Delta    int64  `json:"fee_delta"` // satoshis
	Waits    bool   `json:"in_mempool"`
	Modified *int64 `json:"modified_fee,omitempty"` // satoshis
}

func (n *node) prioritised(context.Context, table.Args) (any, error) {
	return priorities(n.Pool.Priorities()), nil
}

// priorities is an object by id, in Core's order.
type priorities []mempool.Priority

// MarshalJSON writes the object.
func (ps priorities) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, p := range ps {
		j := priorityJSON{Delta: p.Delta, Waits: p.Waits}
		if p.Waits {
			j.Modified = &p.Modified
		}
		raw, err := json.Marshal(j)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(fmt.Appendf(b, "%q:", p.ID), raw...)
	}
	return append(b, '}'), nil
}
