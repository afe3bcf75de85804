package poolrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) packageMethods() []table.Method {
	return []table.Method{{
		Name: "submitpackage", Pool: true, Category: "rawtransactions",
		About: "Submit a package of raw transactions (serialized, hex-encoded) to local node.\n" +
			"The package will be validated according to consensus and mempool policy rules. If any transaction passes, it will be accepted to mempool.\n" +
			"This RPC is experimental and the interface may be unstable. Refer to doc/policy/packages.md for documentation on package policies.\n" +
			"Warning: successful submission does not mean the transactions will propagate throughout the network.\n",
		Args: []table.Arg{
			{Name: "package", Kind: table.Array, Need: true, About: "An array of raw transactions.\n" +
				"The package must consist of a transaction with (some, all, or none of) its unconfirmed parents. A single transaction is permitted.\n" +
				"None of the parents may depend on each other. Parents that are already in mempool do not need to be present in the package.\n" +
				"The package must be topologically sorted, with the child being the last element in the array if there are multiple elements.",
				Fields: []table.Arg{{Name: "rawtx", Kind: table.HexText}}},
			maxFeerateArg, maxBurnArg,
		},
		Results: []table.Shape{packageShape()},
		Examples: table.Curl("submitpackage", `["raw-parent-tx-1", "raw-parent-tx-2", "raw-child-tx"]`) +
			table.CLI("submitpackage", `'["raw-tx-without-unconfirmed-parents"]'`),
		Call: n.submitPackage,
	}}
}

func packageShape() table.Shape {
	return table.Obj("", "",
		table.Str("package_msg", `The transaction package result message. "success" indicates all transactions were accepted into or are already in the mempool.`),
		table.Dict("tx-results", "The transaction results keyed by wtxid. An entry is returned for every submitted wtxid.",
			table.Obj("wtxid", "transaction wtxid",
				table.Hex("txid", "The transaction hash in hex"),
				table.Hex("other-wtxid", "The wtxid of a different transaction with the same txid but different witness found in the mempool. This means the submitted transaction was ignored.").Maybe(),
				table.Num("vsize", "Sigops-adjusted virtual transaction size.").Maybe(),
				table.Obj("fees", "Transaction fees",
					table.Coins("base", "transaction fee in "+currency),
					table.Coins("effective-feerate", "if the transaction was not already in the mempool, the effective feerate in "+currency+" per KvB. For example, the package feerate and/or feerate with modified fees from prioritisetransaction.").Maybe(),
					table.Arr("effective-includes", "if effective-feerate is provided, the wtxids of the transactions whose fees and vsizes are included in effective-feerate.",
						table.Hex("", "transaction wtxid in hex")).Maybe(),
				).Maybe(),
				table.Str("error", `Error string if rejected from mempool, or "package-not-validated" when the package aborts before any per-tx processing.`).Maybe(),
			)),
		table.Arr("replaced-transactions", "List of txids of replaced transactions", table.Hex("", "The transaction id")).Maybe(),
	)
}

// packageJSON is what submitpackage returns.
type packageJSON struct {
	Message  string         `json:"package_msg"`
	Results  packageResults `json:"tx-results"`
	Replaced []wire.Hash    `json:"replaced-transactions"`
}

type packageResult struct {
	wid wire.Hash

	TxID  wire.Hash  `json:"txid"`
	Other *wire.Hash `json:"other-wtxid,omitempty"`
	VSize int        `json:"vsize,omitempty"`
	Fees  *feesJSON  `json:"fees,omitempty"`
	Error string     `json:"error,omitempty"`
}

// packageResults is an object by id with witness, in the package's order.
type packageResults []packageResult

// MarshalJSON writes the object.
func (rs packageResults) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // refusals have "<" in them
	b.WriteByte('{')
	for i := range rs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + rs[i].wid.String() + `":`)
		if err := e.Encode(&rs[i]); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (n *node) submitPackage(_ context.Context, a table.Args) (any, error) {
	list := a.List(0)
	if err := checkCount(len(list)); err != nil {
		return nil, err
	}
	limit, err := maxFeerate(a.Raw(1))
	if err != nil {
		return nil, err
	}
	burn, err := table.ParseAmount(a.Raw(2))
	if err != nil {
		return nil, err
	}
	txs, err := decodeList(list, func(t *wire.Tx) error {
		if burns(t, burn) {
			return errBurn
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(txs) > 1 && (!mempool.ChildWithParents(txs) || related(txs[:len(txs)-1])) {
		return nil, table.Errorf(table.CodeVerify, "package topology disallowed. not child-with-parents or parents depend on each other.")
	}
	verdicts, whole, err := n.Pool.AddPackage(txs, limit)
	if err != nil {
		return nil, err
	}
	return packageOf(txs, verdicts, whole), nil
}

// related says whether any of txs spends from another.
func related(txs []*wire.Tx) bool {
	ids := make(map[wire.Hash]bool, len(txs))
	for _, t := range txs {
		ids[t.ID()] = true
	}
	for _, t := range txs {
		for i := range t.Ins {
			if ids[t.Ins[i].Prev.TxID] {
				return true
			}
		}
	}
	return false
}

// packageOf shows what came of a package; without verdicts nothing was judged.
func packageOf(txs []*wire.Tx, verdicts []mempool.Verdict, whole *mempool.Error) packageJSON {
	out := packageJSON{Message: "success", Replaced: []wire.Hash{}}
	if whole != nil {
		out.Message = whole.Error()
	}
	for i, t := range txs {
		r := packageResult{wid: t.WitnessID(), TxID: t.ID(), Error: "package-not-validated"}
		if i < len(verdicts) {
			r.fill(&verdicts[i])
			if got := verdicts[i].Result; got != nil {
				out.Replaced = append(out.Replaced, got.Replaced...)
			}
		}
		out.Results = append(out.Results, r)
	}
	slices.SortFunc(out.Replaced, func(a, b wire.Hash) int { return bytes.Compare(a[:], b[:]) })
	out.Replaced = slices.Compact(out.Replaced)
	return out
}

func (r *packageResult) fill(v *mempool.Verdict) {
	r.Error = ""
	switch {
	case v.Refused != nil:
		r.Error = v.Refused.Error()
	case v.Waits != nil:
		r.VSize, r.Fees = v.Waits.Size, &feesJSON{Base: view.Coins(v.Waits.Fee)}
	case v.Result != nil:
		r.VSize, r.Fees = v.Result.Entry.Size, feesOf(v)
	default:
		r.Other = &v.Other
	}
}
