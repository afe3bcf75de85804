package poolrpc

import (
	"context"
	"errors"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) testMethods() []table.Method {
	return []table.Method{{
		Name: "testmempoolaccept", Pool: true, Category: "rawtransactions",
		About: "Returns result of mempool acceptance tests indicating if raw transaction(s) (serialized, hex-encoded) would be accepted by mempool.\n" +
			"\nIf multiple transactions are passed in, parents must come before children and package policies apply: the transactions cannot conflict with any mempool transactions or each other.\n" +
			"\nIf one transaction fails, other transactions may not be fully validated (the 'allowed' key will be blank).\n" +
			"\nThe maximum number of transactions allowed is 25.\n" +
			"\nThis checks if transactions violate the consensus or policy rules.\n" +
			"\nSee sendrawtransaction call.\n",
		Args: []table.Arg{
			{Name: "rawtxs", Kind: table.Array, Need: true, About: "An array of hex strings of raw transactions.",
				Fields: []table.Arg{{Name: "rawtx", Kind: table.HexText}}},
			maxFeerateArg,
		},
		Results: []table.Shape{table.Arr("", "The result of the mempool acceptance test for each raw transaction in the input array.\n"+
			"Returns results for each transaction in the same order they were passed in.\n"+
			"Transactions that cannot be fully validated due to failures in other transactions will not contain an 'allowed' result.\n",
			acceptShape())},
		Examples: buildExample + "\nTest acceptance of the transaction (signed hex)\n" + table.CLI("testmempoolaccept", `'["signedhex"]'`) +
			"\nAs a JSON-RPC call\n" + table.Curl("testmempoolaccept", `["signedhex"]`),
		Call: n.testMempoolAccept,
	}}
}

func acceptShape() table.Shape {
	return table.Obj("", "",
		table.Hex("txid", "The transaction hash in hex"),
		table.Hex("wtxid", "The transaction witness hash in hex"),
		table.Str("package-error", "Package validation error, if any (only possible if rawtxs had more than 1 transaction).").Maybe(),
		table.Bool("allowed", "Whether this tx would be accepted to the mempool and pass client-specified maxfeerate. "+
			"If not present, the tx was not fully validated due to a failure in another tx in the list.").Maybe(),
		table.Num("vsize", "Virtual transaction size as defined in BIP 141. This is different from actual serialized size for witness transactions as witness data is discounted (only present when 'allowed' is true)").Maybe(),
		table.Obj("fees", "Transaction fees (only present if 'allowed' is true)",
			table.Coins("base", "transaction fee in "+currency),
			table.Coins("effective-feerate", "the effective feerate in "+currency+" per KvB. May differ from the base feerate if, for example, there are modified fees from prioritisetransaction or a package feerate was used."),
			table.Arr("effective-includes", "transactions whose fees and vsizes are included in effective-feerate.", table.Hex("", "transaction wtxid in hex")),
		).Maybe(),
		table.Str("reject-reason", "Rejection reason (only present when 'allowed' is false)").Maybe(),
		table.Str("reject-details", "Rejection details (only present when 'allowed' is false and rejection details exist)").Maybe(),
	)
}

type acceptJSON struct {
	TxID      wire.Hash `json:"txid"`
	WitnessID wire.Hash `json:"wtxid"`
	Package   string    `json:"package-error,omitempty"`
	Allowed   *bool     `json:"allowed,omitempty"`
	VSize     int       `json:"vsize,omitempty"`
	Fees      *feesJSON `json:"fees,omitempty"`
	Reason    string    `json:"reject-reason,omitempty"`
	Details   string    `json:"reject-details,omitempty"`
}

// feesJSON are the fees of a transaction that may enter, or did. Those of one that waited have the base alone.
type feesJSON struct {
	Base     view.Coins  `json:"base"`
	Feerate  *view.Coins `json:"effective-feerate,omitempty"`
	Includes []wire.Hash `json:"effective-includes,omitempty"`
}

// feesOf says what a verdict was reached by.
func feesOf(v *mempool.Verdict) *feesJSON {
	perKvB := view.Coins(floorDiv(v.Paid*1000, max(1, v.PaidFor)))
	return &feesJSON{view.Coins(v.Result.Entry.Fee), &perKvB, v.With}
}

// floorDiv rounds down, below zero too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (n *node) testMempoolAccept(_ context.Context, a table.Args) (any, error) {
	list := a.List(0)
	if err := checkCount(len(list)); err != nil {
		return nil, err
	}
	limit, err := maxFeerate(a.Raw(1))
	if err != nil {
		return nil, err
	}
	txs, err := decodeList(list, func(*wire.Tx) error { return nil })
	if err != nil {
		return nil, err
	}
	return n.testAccept(txs, limit)
}

// testAccept judges one transaction, or several as a package.
func (n *node) testAccept(txs []*wire.Tx, limit int64) ([]acceptJSON, error) {
	verdicts, err := n.verdicts(txs)
	var whole *mempool.Error
	if err != nil && !errors.As(err, &whole) {
		return nil, err
	}
	out, stopped := make([]acceptJSON, len(txs)), false
	for i, t := range txs {
		out[i] = acceptJSON{TxID: t.ID(), WitnessID: t.WitnessID()}
		if whole != nil {
			out[i].Package = whole.Error()
			continue
		}
		// What follows one that pays too much would not be sent.
		if !stopped {
			out[i].judged(&verdicts[i], limit)
			stopped = out[i].Reason == "max-fee-exceeded"
		}
	}
	return out, nil
}

// verdicts has the mempool judge. An *mempool.Error is about them all.
func (n *node) verdicts(txs []*wire.Tx) ([]mempool.Verdict, error) {
	if len(txs) > 1 {
		return n.Pool.TestPackage(txs)
	}
	r, err := n.Pool.Test(txs[0])
	var refusal *mempool.Error
	if errors.As(err, &refusal) {
		return []mempool.Verdict{{Refused: refusal}}, nil
	}
	return []mempool.Verdict{{
		Result: &r, Paid: r.Entry.Modified, PaidFor: int64(r.Entry.Size), With: []wire.Hash{txs[0].WitnessID()},
	}}, err
}

// judged fills in a verdict; nothing for a transaction that was not judged.
func (a *acceptJSON) judged(v *mempool.Verdict, limit int64) {
	if v.Result == nil && v.Refused == nil {
		return
	}
	a.Allowed = new(bool)
	if v.Refused != nil {
		if a.Reason = v.Refused.Reason; a.Reason == missingInputs {
			a.Reason = "missing-inputs"
			return
		}
		a.Details = v.Refused.Error()
		return
	}
	e := v.Result.Entry
	if most := maxFee(limit, e.Size); most > 0 && e.Fee > most {
		a.Reason = "max-fee-exceeded"
		return
	}
	*a.Allowed, a.VSize, a.Fees = true, e.Size, feesOf(v)
}
