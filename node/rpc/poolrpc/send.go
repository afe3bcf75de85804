package poolrpc

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

const (
	maxPackage    = 25 // transactions
	missingInputs = "bad-txns-inputs-missingorspent"
)

var maxFeerateArg = table.Arg{
	Name: "maxfeerate", Kind: table.Amount, Def: `"0.10"`,
	About: "Reject transactions whose fee rate is higher than the specified value, expressed in " + currency +
		"/kvB.\nFee rates larger than 1BTC/kvB are rejected.\nSet to 0 to accept any fee rate.",
}

var maxBurnArg = table.Arg{
	Name: "maxburnamount", Kind: table.Amount, Def: `"0.00"`,
	About: "Reject transactions with provably unspendable outputs (e.g. 'datacarrier' outputs that use the OP_RETURN opcode) greater than the specified value, expressed in " + currency + ".\n" +
		"If burning funds through unspendable outputs is desired, increase this value.\n" +
		"This check is based on heuristics and does not guarantee spendability of outputs.\n",
}

// buildExample begins the examples of methods that are given transactions.
var buildExample = "\nCreate a transaction\n" +
	table.CLI("createrawtransaction", `"[{\"txid\" : \"mytxid\",\"vout\":0}]" "{\"myaddress\":0.01}"`) +
	"Sign the transaction, and get back the hex\n" + table.CLI("signrawtransactionwithwallet", `"myhex"`)

func (n *node) sendMethods() []table.Method {
	return []table.Method{{
		Name: "sendrawtransaction", Pool: true, Category: "rawtransactions",
		About: "Submit a raw transaction (serialized, hex-encoded) to the network.\n" +
			"\nThe transaction is put into the local mempool, and told to peers: along a stem first where\n" +
			"p2p.stem is on, so that nobody learns where it came from.\n" +
			"\nA specific exception, RPC_TRANSACTION_ALREADY_IN_UTXO_SET, may throw if the transaction cannot be added to the mempool.\n" +
			"\nRelated RPCs: createrawtransaction, signrawtransactionwithkey\n",
		Args: []table.Arg{
			{Name: "hexstring", Kind: table.HexText, Need: true, About: "The hex string of the raw transaction"},
			maxFeerateArg, maxBurnArg,
		},
		Results: []table.Shape{table.Hex("", "The transaction hash in hex")},
		Examples: buildExample + "\nSend the transaction (signed hex)\n" + table.CLI("sendrawtransaction", `"signedhex"`) +
			"\nAs a JSON-RPC call\n" + table.Curl("sendrawtransaction", `"signedhex"`),
		Call: n.sendRawTransaction,
	}}
}

// maxFeerate reads a limit, in satoshis per 1000 virtual bytes.
func maxFeerate(raw json.RawMessage) (int64, error) {
	v, err := table.ParseAmount(raw)
	if err == nil && v >= consensus.Coins {
		err = table.Errorf(table.CodeInvalid, "Fee rates larger than or equal to 1BTC/kvB are not accepted")
	}
	return v, err
}

// maxFee is what a limit allows a size, rounded up as Core's CFeeRate does; 0
// for no limit.
func maxFee(perKvB int64, vsize int) int64 { return (perKvB*int64(vsize) + 999) / 1000 }

func (n *node) sendRawTransaction(_ context.Context, a table.Args) (any, error) {
	burn, err := table.ParseAmount(a.Raw(2))
	if err != nil {
		return nil, err
	}
	t, ok := view.DecodeTx(a.Text(0))
	if !ok {
		return nil, table.Errorf(table.CodeDecode, "TX decode failed. Make sure the tx has at least one input.")
	}
	if burns(t, burn) {
		return nil, errBurn
	}
	limit, err := maxFeerate(a.Raw(1))
	if err != nil {
		return nil, err
	}
	if err := n.send(t, maxFee(limit, t.VSize())); err != nil {
		return nil, err
	}
	return t.ID(), nil
}

var (
	errBurn = table.Errorf(table.CodeVerify, "Unspendable output exceeds maximum configured by user (maxburnamount)")
	errFee  = table.Errorf(table.CodeVerify, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
)

// burns says whether an output of t that nobody can spend is worth more than most, in satoshis.
func burns(t *wire.Tx, most int64) bool {
	for _, o := range t.Outs {
		if o.Value > most && (script.IsUnspendable(o.Script) || !wellFormed(o.Script)) {
			return true
		}
	}
	return false
}

// wellFormed says whether every operation of a script can be read.
func wellFormed(s []byte) bool {
	for i := 0; i < len(s); {
		op, size, width := s[i], 0, 0
		i++
		switch {
		case op <= 75:
			size = int(op)
		case op <= 78: // OP_PUSHDATA1, 2 and 4
			width = 1 << (op - 76)
		case op > 0xba: // beyond OP_CHECKSIGADD there are none
			return false
		}
		if len(s)-i < width {
			return false
		}
		for j := range width {
			size |= int(s[i+j]) << (8 * j)
		}
		i += width
		if size > len(s)-i || (width > 0 && size > 520) {
			return false
		}
		i += size
	}
	return true
}

// send hands t to the mempool, unless it waits already, with whichever witness.
func (n *node) send(t *wire.Tx, limit int64) error {
	if _, ok := n.Pool.Has(t.ID()); ok {
		return nil // relaying it again is peering's affair
	}
	_, err := n.Pool.Send(t, limit)
	if err == nil {
		n.Pool.Unsent(t.ID())
		return nil
	}
	// Core asks this first. What is in the chain is refused in any case, since it spends what is spent, so that
	// only refusals need to be looked at again.
	if n.anyUnspent(t) {
		return table.Errorf(table.CodeInChain, "Transaction outputs already in utxo set")
	}
	return sendError(err)
}

// anyUnspent says whether an output of t is unspent: then t is in a block.
func (n *node) anyUnspent(t *wire.Tx) bool {
	ops := make([]wire.Outpoint, len(t.Outs))
	for i := range ops {
		ops[i] = t.Outpoint(i)
	}
	_, found, err := n.Chain.Coins(ops)
	for i := range found {
		if err == nil && !found[i].Missing {
			return true
		}
	}
	return false
}

// sendError gives a refusal Core's code: -25 for missing inputs, -26 else.
func sendError(err error) error {
	var refusal *mempool.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mempool.ErrMaxFee):
		return errFee
	case !errors.As(err, &refusal):
		return err
	case refusal.Reason == missingInputs:
		return table.Errorf(table.CodeVerify, "%s", missingInputs)
	}
	return table.Errorf(table.CodeRejected, "%s", refusal.Error())
}

// decodeList reads the transactions of an array, 1 to 25; look judges each.
func decodeList(list []json.RawMessage, look func(*wire.Tx) error) ([]*wire.Tx, error) {
	txs := make([]*wire.Tx, len(list))
	for i, raw := range list {
		var s string
		if json.Unmarshal(raw, &s) != nil || table.IsNull(raw) {
			return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
		}
		t, ok := view.DecodeTx(s)
		if !ok {
			return nil, table.Errorf(table.CodeDecode, "TX decode failed: %s Make sure the tx has at least one input.", s)
		}
		if err := look(t); err != nil {
			return nil, err
		}
		txs[i] = t
	}
	return txs, nil
}

// checkCount wants 1 to 25 transactions.
func checkCount(n int) error {
	if n < 1 || n > maxPackage {
		return table.Errorf(table.CodeInvalid, "Array must contain between 1 and %d transactions.", maxPackage)
	}
	return nil
}
