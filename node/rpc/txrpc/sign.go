package txrpc

import (
	"context"
	"encoding/hex"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/signing"
)

// signMethods sign transactions and put signatures together.
func (n *node) signMethods() []table.Method {
	return []table.Method{{
		Name: "signrawtransactionwithkey", Pool: true, Category: "rawtransactions",
		About: "Signs the inputs of a transaction with the given private keys and no others.\n" +
			"Outputs that it spends and that are in no block yet are to be given.",
		Args: []table.Arg{
			{Name: "hexstring", Kind: table.Text, Need: true, About: "The transaction in hex"},
			{Name: "privkeys", Kind: table.Array, Need: true, About: "The private keys", Fields: []table.Arg{
				{Name: "privatekey", Kind: table.HexText, About: "A private key in base58"},
			}},
			txargs.PrevoutArg(), txargs.SighashArg(),
		},
		Results: []table.Shape{txargs.SignedShape()},
		Call:    n.signWithKey,
	}, {
		Name: "combinerawtransaction", Pool: true, Category: "rawtransactions",
		About: "Combines the signatures of several partially signed copies of a transaction into one, which may still lack some.",
		Args: []table.Arg{{Name: "txs", Kind: table.Array, Need: true, About: "The copies", Fields: []table.Arg{
			{Name: "hexstring", Kind: table.HexText, About: "A transaction in hex"},
		}}},
		Results: []table.Shape{table.Str("", "The transaction in hex")},
		Call:    n.combineRaw,
	}}
}

const noInputs = "TX decode failed. Make sure the tx has at least one input."

func (n *node) signWithKey(_ context.Context, a table.Args) (any, error) {
	t, ok := view.DecodeTxAs(a.Text(0), true, true)
	if !ok {
		return nil, table.Errorf(table.CodeDecode, noInputs)
	}
	ring := new(signing.Keyring)
	for _, item := range a.List(1) {
		text, err := txargs.ReadText(item)
		if err != nil {
			return nil, err
		}
		k, err := keys.ParseWIF(text, n.Params)
		if err != nil {
			return nil, table.Errorf(table.CodeNotFound, "Invalid private key")
		}
		ring.Add(signing.NewKey(k.Key, !k.Uncompressed))
	}
	coins, err := n.coins(t)
	if err != nil {
		return nil, err
	}
	if err := txargs.Prevouts(a.Raw(2), coins, ring); err != nil {
		return nil, err
	}
	hashType, err := txargs.Sighash(a.Raw(3))
	if err != nil {
		return nil, err
	}
	if hashType == nil {
		hashType = new(signing.SighashDefault)
	}
	t = txargs.Unsealed(t)
	faults := signing.Tx(t, ring, coins.Find, *hashType)
	return txargs.NewSigned(t, faults, coins)
}

// coins finds what a transaction's inputs spend, in the chain and the mempool.
func (n *node) coins(t *wire.Tx) (txargs.Coins, error) {
	ops := make([]wire.Outpoint, len(t.Ins))
	for i := range t.Ins {
		ops[i] = t.Ins[i].Prev
	}
	return n.find(ops)
}

// find looks outpoints up; what waits in the mempool has outputs, too, and whether
// something there spends them does not matter (Core's FindCoins).
func (n *node) find(ops []wire.Outpoint) (txargs.Coins, error) {
	coins := make(txargs.Coins)
	_, found, err := n.Chain.Coins(ops)
	if err != nil {
		return nil, err
	}
	for i, c := range found {
		if e, ok := n.Pool.Get(ops[i].TxID); ok {
			if int64(ops[i].Index) < int64(len(e.Tx.Outs)) {
				coins[ops[i]] = e.Tx.Outs[ops[i].Index]
			}
		} else if !c.Missing {
			coins[ops[i]] = c.Out
		}
	}
	return coins, nil
}

func (n *node) combineRaw(_ context.Context, a table.Args) (any, error) {
	list := a.List(0)
	if len(list) < 2 {
		return nil, table.Errorf(table.CodeDecode, "Missing transactions. At least two transactions required.")
	}
	copies := make([]*wire.Tx, len(list))
	for i, item := range list {
		text, err := txargs.ReadText(item)
		if err != nil {
			return nil, err
		}
		var ok bool
		if copies[i], ok = view.DecodeTxAs(text, true, true); !ok {
			return nil, table.Errorf(table.CodeDecode, "TX decode failed for tx %d. Make sure the tx has at least one input.", i)
		}
		if bare(copies[i]) != bare(copies[0]) {
			return nil, table.Errorf(table.CodeInvalid, "Transaction number %d not compatible with first transaction", i+1)
		}
	}
	return n.merge(copies)
}

// bare is the id of a transaction without its scripts.
func bare(t *wire.Tx) wire.Hash {
	t = txargs.Unsealed(t)
	for i := range t.Ins {
		t.Ins[i].Script, t.Ins[i].Witness = nil, nil
	}
	return t.ID()
}

func (n *node) merge(copies []*wire.Tx) (any, error) {
	merged := txargs.Unsealed(copies[0])
	known, err := n.coins(merged)
	if err != nil {
		return nil, err
	}
	coins := make([]wire.Out, len(merged.Ins))
	for i := range merged.Ins {
		coins[i] = known[merged.Ins[i].Prev] // one that is missing is found below
	}
	// As in Core no signature is looked at with all coins in view, so that taproot's are
	// not merged.
	s := signing.NewSpender(merged, coins, false)
	for i := range merged.Ins {
		if _, ok := known[merged.Ins[i].Prev]; !ok {
			return nil, table.Errorf(table.CodeVerify, "Input not found or already spent")
		}
		d := new(signing.Data)
		for _, t := range copies {
			d.Merge(s.Extract(i, t.Ins[i].Script, t.Ins[i].Witness))
		}
		signing.Produce(new(signing.Keyring), s.Input(i, signing.SighashAll), coins[i].Script, d)
		merged.Ins[i].Script, merged.Ins[i].Witness = d.Script, d.Witness
	}
	return hex.EncodeToString(merged.Append(nil)), nil
}
