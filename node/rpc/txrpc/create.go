package txrpc

import (
	"context"
	"encoding/hex"

	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
)

var iswitness = table.Arg{
	Name: "iswitness", Kind: table.Boolean, Hint: "depends on heuristic tests",
	About: "Whether the hex is a transaction with witness: if so, only that encoding is tried, else only the one without;\n" +
		"left out, whichever makes sense. Transactions without inputs cannot be told from such with witness otherwise.",
}

// createMethods make transactions and read them.
func (n *node) createMethods() []table.Method {
	return []table.Method{{
		Name: "createrawtransaction", Category: "rawtransactions",
		About: "Makes a transaction that spends the given inputs and makes new outputs, to addresses or with data.\n" +
			"Its inputs are not signed, and it is neither stored nor sent.",
		Args:    txargs.CreateArgs(),
		Results: []table.Shape{table.Hex("transaction", "The transaction")},
		Call:    n.createRawTransaction,
	}, {
		Name: "decoderawtransaction", Category: "rawtransactions",
		About:   "Shows a serialized transaction.",
		Args:    []table.Arg{{Name: "hexstring", Kind: table.HexText, Need: true, About: "The transaction in hex"}, iswitness},
		Results: []table.Shape{table.Obj("", "", txargs.TxFields()...)},
		Call:    n.decodeRawTransaction,
	}}
}

// replaceable reads an argument that says whether a transaction may be replaced.
func replaceable(a table.Args, i int) txargs.Replaceable {
	return txargs.Replaceable{Given: a.Given(i), Value: a.Flag(i)}
}

func (n *node) createRawTransaction(_ context.Context, a table.Args) (any, error) {
	t, err := txargs.Construct(a.Raw(0), a.Raw(1), a.Raw(2), a.Raw(4), replaceable(a, 3), n.Params)
	if err != nil {
		return nil, err
	}
	return hex.EncodeToString(t.Append(nil)), nil
}

// ways are the encodings that an iswitness argument lets be tried.
func ways(a table.Args, i int) (base, witness bool) {
	return !a.Given(i) || !a.Flag(i), !a.Given(i) || a.Flag(i)
}

func (n *node) decodeRawTransaction(_ context.Context, a table.Args) (any, error) {
	base, witness := ways(a, 1)
	t, ok := view.DecodeTxAs(a.Text(0), base, witness)
	if !ok {
		return nil, table.Errorf(table.CodeDecode, "TX decode failed")
	}
	return view.TxView{Params: n.Params}.Show(t), nil
}
