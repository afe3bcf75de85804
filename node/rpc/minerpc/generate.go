package minerpc

import (
	"context"
	"encoding/json"
	"errors"
	"math"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

const defaultTries = "1000000"

func (n *node) generateMethods() []table.Method {
	tries := table.Arg{Name: "maxtries", Kind: table.Long, Def: defaultTries, About: "How many iterations to try."}
	found := []table.Shape{table.Arr("", "hashes of blocks generated", table.Hex("", "blockhash"))}
	return []table.Method{{
		Name: "generatetoaddress", Category: "hidden", About: "Mine to a specified address and return the block hashes.",
		Args: []table.Arg{
			{Name: "nblocks", Kind: table.Integer, Need: true, About: "How many blocks are generated."},
			{Name: "address", Kind: table.Text, Need: true, About: "The address to send the newly generated bitcoin to."},
			{Name: "maxtries", Kind: table.Integer, Def: defaultTries, About: "How many iterations to try."},
		},
		Results: found,
		Examples: "\nGenerate 11 blocks to myaddress\n" + table.CLI("generatetoaddress", `11 "myaddress"`) +
			"If you are using the Quern wallet, you can get a new address to send the newly generated bitcoin to with:\n" +
			table.CLI("getnewaddress", ""),
		Call: n.generateToAddress,
	}, {
		Name: "generatetodescriptor", Category: "hidden", About: "Mine to a specified descriptor and return the block hashes.",
		Args: []table.Arg{
			{Name: "num_blocks", Kind: table.Integer, Need: true, About: "How many blocks are generated."},
			{Name: "descriptor", Kind: table.Text, Need: true, About: "The descriptor to send the newly generated bitcoin to."},
			tries,
		},
		Results:  found,
		Examples: "\nGenerate 11 blocks to mydesc\n" + table.CLI("generatetodescriptor", `11 "mydesc"`),
		Call:     n.generateToDescriptor,
	}, {
		Name: "generateblock", Pool: true, Category: "hidden",
		About: "Mine a set of ordered transactions to a specified address or descriptor and return the block hash.\n" +
			"Transaction fees are not collected in the block reward.",
		Args: []table.Arg{
			{Name: "output", Kind: table.Text, Need: true, About: "The address or descriptor to send the newly generated bitcoin to."},
			{Name: "transactions", Kind: table.Array, Need: true,
				About: "An array of hex strings which are either txids or raw transactions.\n" +
					"Txids must reference transactions currently in the mempool.\n" +
					"All transactions must be valid and in valid order, otherwise the block will be rejected.",
				Fields: []table.Arg{{Name: "rawtx/txid", Kind: table.HexText}}},
			{Name: "submit", Kind: table.Boolean, Def: "true", About: "Whether to submit the block before the RPC call returns or to return it as hex."},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Hex("hash", "hash of generated block"),
			table.Hex("hex", "hex of generated block, only present when submit=false").Maybe(),
		)},
		Examples: "\nGenerate a block to myaddress, with txs rawtx and mempool_txid\n" +
			table.CLI("generateblock", `"myaddress" '["rawtx", "mempool_txid"]'`),
		Call: n.generateBlock,
	}, {
		Name: "generate", Category: "hidden",
		About:   "has been replaced by the -generate cli option. Refer to -help for more information.",
		Results: []table.Shape{table.Any("", "")},
		Call: func(_ context.Context, a table.Args) (any, error) {
			return nil, table.Errorf(table.CodeNoMethod, "%s", a.Help())
		},
	}}
}

func (n *node) generateToAddress(ctx context.Context, a table.Args) (any, error) {
	s, err := address.Decode(a.Text(1), n.Params)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "Error: Invalid address")
	}
	tries := a.Integer(2)
	if tries < 0 {
		tries = math.MaxInt64 // as bitcoind takes it
	}
	return n.generate(ctx, a, s, tries)
}

func (n *node) generateToDescriptor(ctx context.Context, a table.Args) (any, error) {
	tries := a.Integer(2)
	if tries < 0 {
		return nil, table.Errorf(table.CodeMisc, "JSON integer out of range")
	}
	s, err := n.descriptorScript(a.Text(1))
	if err != nil {
		return nil, err
	}
	return n.generate(ctx, a, s, tries)
}

// descriptorScript is the script that blocks pay to for a descriptor. Of a
// combo it is P2WPKH or, for an uncompressed key, P2PKH.
func (n *node) descriptorScript(text string) ([]byte, error) {
	list, err := descriptor.Parse(text, n.Params)
	switch {
	case err != nil:
		return nil, table.Errorf(table.CodeNotFound, "%v", err)
	case len(list) > 1:
		return nil, table.Errorf(table.CodeInvalid, "Multipath descriptor not accepted")
	}
	d := list[0]
	if d.Ranged() {
		return nil, table.Errorf(table.CodeInvalid, "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?")
	}
	e, err := d.Expand(0)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "Cannot derive script without private keys")
	}
	switch len(e.Scripts) {
	case 0:
		return nil, table.Errorf(table.CodeMisc, "The descriptor has no script")
	case 1:
		return e.Scripts[0], nil
	case 4:
		return e.Scripts[2], nil
	}
	return e.Scripts[1], nil
}

// generate mines, one call at a time: two that mined on one tip would make a
// branch that neither caller wants.
func (n *node) generate(ctx context.Context, a table.Args, s []byte, tries int64) (any, error) {
	blocks := a.Integer(0)
	if blocks <= 0 || tries == 0 {
		return []wire.Hash{}, nil
	}
	n.mining.Lock()
	defer n.mining.Unlock()
	ids, err := n.Assembler.Generate(ctx, int(blocks), s, uint64(tries))
	if errors.Is(err, mining.ErrTries) {
		err = nil // Core returns what was found
	}
	if err != nil {
		return nil, testError(err)
	}
	return view.NonNil(ids), nil
}

func (n *node) generateBlock(ctx context.Context, a table.Args) (any, error) {
	s, err := n.descriptorScript(a.Text(0))
	if _, other := descriptor.Parse(a.Text(0), n.Params); other != nil {
		if s, err = address.Decode(a.Text(0), n.Params); err != nil {
			return nil, table.Errorf(table.CodeNotFound, "Error: Invalid address or descriptor")
		}
	}
	if err != nil {
		return nil, err
	}
	txs, err := n.namedTxs(a.List(1))
	if err != nil {
		return nil, err
	}
	n.mining.Lock()
	defer n.mining.Unlock()
	b, err := n.Assembler.GenerateBlock(ctx, s, txs, a.Flag(2))
	if err != nil {
		return nil, blockError(err, txs)
	}
	out := struct {
		Hash wire.Hash `json:"hash"`
		Hex  view.Hex  `json:"hex,omitempty"`
	}{Hash: b.ID()}
	if !a.Flag(2) {
		out.Hex = b.Bytes()
	}
	return out, nil
}

// blockError words what is wrong with a block of given transactions, and with which of them.
func blockError(err error, txs []*wire.Tx) error {
	var rule *consensus.RuleError
	if !errors.As(err, &rule) || rule.Tx < 1 || rule.Tx > len(txs) {
		return testError(err)
	}
	words := string(rule.Rule)
	if rule.Detail != "" {
		words += ", " + rule.Detail
	}
	switch rule.Rule {
	case consensus.InputsMissing, consensus.Premature, consensus.InValueRange, consensus.InBelowOut: // Core's CheckTxInputs
		words += " in transaction " + txs[rule.Tx-1].ID().String()
	}
	return table.Errorf(table.CodeVerify, "TestBlockValidity failed: %s", words)
}

// namedTxs looks up ids in the mempool and decodes the rest.
func (n *node) namedTxs(list []json.RawMessage) ([]*wire.Tx, error) {
	txs := make([]*wire.Tx, len(list))
	for i, raw := range list {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
		}
		if id, err := wire.ParseHash(s); err == nil {
			e, ok := n.Pool.Get(id)
			if !ok {
				return nil, table.Errorf(table.CodeNotFound, "Transaction %s not in mempool.", s)
			}
			txs[i] = e.Tx
			continue
		}
		t, ok := view.DecodeTx(s)
		if !ok {
			return nil, table.Errorf(table.CodeDecode, "Transaction decode failed for %s. Make sure the tx has at least one input.", s)
		}
		txs[i] = t
	}
	return txs, nil
}
