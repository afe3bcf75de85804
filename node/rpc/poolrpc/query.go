package poolrpc

import (
	"context"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

const currency = "BTC"

func (n *node) queryMethods() []table.Method {
	return []table.Method{{
		Name: "getmempoolinfo", Pool: true, Category: "blockchain",
		About:   "Returns details on the active state of the TX memory pool.",
		Results: []table.Shape{infoShape()}, Examples: table.Both("getmempoolinfo", "", ""), Call: n.getMempoolInfo,
	}, {
		Name: "getrawmempool", Pool: true, Category: "blockchain",
		About: "Returns all transaction ids in memory pool as a json array of string transaction ids.\n" +
			"\nHint: use getmempoolentry to fetch a specific transaction from the mempool.\n",
		Args: []table.Arg{
			{Name: "verbose", Kind: table.Boolean, Def: "false", About: "True for a json object, false for array of transaction ids"},
			{Name: "mempool_sequence", Kind: table.Boolean, Def: "false", About: "If verbose=false, returns a json object with transaction list and mempool sequence number attached."},
		},
		Results: []table.Shape{
			table.Arr("", "", table.Hex("", "The transaction id")).When("for verbose = false"),
			table.Dict("", "", table.Obj("transactionid", "", entryShape()...)).When("for verbose = true"),
			table.Obj("", "",
				table.Arr("txids", "", table.Hex("", "The transaction id")),
				table.Num("mempool_sequence", "The mempool sequence value."),
			).When("for verbose = false and mempool_sequence = true"),
		},
		Examples: table.Both("getrawmempool", "true", "true"), Call: n.getRawMempool,
	}, {
		Name: "getmempoolentry", Pool: true, Category: "blockchain",
		About:    "Returns mempool data for given transaction\n",
		Args:     []table.Arg{txidArg},
		Results:  []table.Shape{table.Obj("", "", entryShape()...)},
		Examples: table.Both("getmempoolentry", `"mytxid"`, `"mytxid"`), Call: n.getMempoolEntry,
	}, {
		Name: "getmempoolfeeratediagram", Pool: true, Category: "hidden",
		About: "Returns the feerate diagram for the whole mempool.",
		Results: []table.Shape{table.Arr("", "", table.Obj("", "",
			table.Num("weight", "cumulative sigops-adjusted weight"),
			table.Num("fee", "cumulative fee"),
		)).When("mempool chunks")},
		Examples: table.Both("getmempoolfeeratediagram", "", ""), Call: n.getDiagram,
	}}
}

var txidArg = table.Arg{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id (must be in mempool)"}

func infoShape() table.Shape {
	return table.Obj("", "",
		table.Bool("loaded", "True if the initial load attempt of the persisted mempool finished"),
		table.Num("size", "Current tx count"),
		table.Num("bytes", "Sum of all virtual transaction sizes as defined in BIP 141. Differs from actual serialized size because witness data is discounted"),
		table.Num("usage", "Total memory usage for the mempool"),
		table.Coins("total_fee", "Total fees for the mempool in "+currency+", ignoring modified fees through prioritisetransaction"),
		table.Num("maxmempool", "Maximum memory usage for the mempool"),
		table.Coins("mempoolminfee", "Minimum fee rate in "+currency+"/kvB for tx to be accepted. Is the maximum of minrelaytxfee and minimum mempool fee"),
		table.Coins("minrelaytxfee", "Current minimum relay fee for transactions"),
		table.Num("incrementalrelayfee", "minimum fee rate increment for mempool limiting or replacement in "+currency+"/kvB"),
		table.Num("unbroadcastcount", "Current number of transactions that haven't passed initial broadcast yet"),
		table.Bool("permitbaremultisig", "True if the mempool accepts transactions with bare multisig outputs"),
		table.Num("maxdatacarriersize", "Maximum number of bytes that can be used by OP_RETURN outputs in the mempool"),
		table.Num("limitclustercount", "Maximum number of transactions that can be in a cluster (configured by -limitclustercount)"),
		table.Num("limitclustersize", "Maximum size of a cluster in virtual bytes (configured by -limitclustersize)"),
		table.Bool("optimal", "If the mempool is in a known-optimal transaction ordering"),
	)
}

// entryShape is Core's MempoolEntryDescription.
func entryShape() []table.Shape {
	return []table.Shape{
		table.Num("vsize", "virtual transaction size as defined in BIP 141. This is different from actual serialized size for witness transactions as witness data is discounted."),
		table.Num("weight", "transaction weight as defined in BIP 141."),
		table.Time("time", "local time transaction entered pool in seconds since 1 Jan 1970 GMT"),
		table.Num("height", "block height when transaction entered pool"),
		table.Num("descendantcount", "number of in-mempool descendant transactions (including this one)"),
		table.Num("descendantsize", "virtual transaction size of in-mempool descendants (including this one)"),
		table.Num("ancestorcount", "number of in-mempool ancestor transactions (including this one)"),
		table.Num("ancestorsize", "virtual transaction size of in-mempool ancestors (including this one)"),
		table.Num("chunkweight", "sigops-adjusted weight (as defined in BIP 141 and modified by '-bytespersigop') of this transaction's chunk"),
		table.Hex("wtxid", "hash of serialized transaction, including witness data"),
		table.Obj("fees", "",
			table.Coins("base", "transaction fee, denominated in "+currency),
			table.Coins("modified", "transaction fee with fee deltas used for mining priority, denominated in "+currency),
			table.Coins("ancestor", "transaction fees of in-mempool ancestors (including this one) with fee deltas used for mining priority, denominated in "+currency),
			table.Coins("descendant", "transaction fees of in-mempool descendants (including this one) with fee deltas used for mining priority, denominated in "+currency),
			table.Coins("chunk", "transaction fees of chunk, denominated in "+currency),
		),
		table.Arr("depends", "unconfirmed transactions used as inputs for this transaction", table.Hex("transactionid", "parent transaction id")),
		table.Arr("spentby", "unconfirmed transactions spending outputs from this transaction", table.Hex("transactionid", "child transaction id")),
		table.Bool("unbroadcast", "Whether this transaction is currently unbroadcast (initial broadcast not yet acknowledged by any peers)"),
	}
}

// infoJSON is what getmempoolinfo returns.
type infoJSON struct {
	Loaded       bool       `json:"loaded"`
	Size         int        `json:"size"`
	Bytes        int64      `json:"bytes"`
	Usage        int64      `json:"usage"`
	Fees         view.Coins `json:"total_fee"`
	Max          int64      `json:"maxmempool"`
	MinFee       view.Coins `json:"mempoolminfee"`
	Floor        view.Coins `json:"minrelaytxfee"`
	Increment    view.Coins `json:"incrementalrelayfee"`
	Unbroadcast  int        `json:"unbroadcastcount"`
	BareMultisig bool       `json:"permitbaremultisig"`
	DataCarrier  int        `json:"maxdatacarriersize"`
	ClusterCount int        `json:"limitclustercount"`
	ClusterSize  int        `json:"limitclustersize"`
	Optimal      bool       `json:"optimal"`
}

func (n *node) getMempoolInfo(_ context.Context, _ table.Args) (any, error) {
	st := n.Pool.Stats()
	return infoJSON{
		st.Loaded, st.Count, st.VSize, st.Usage, view.Coins(st.Fees), st.MaxUsage, view.Coins(st.MinFee), view.Coins(st.Floor),
		view.Coins(st.Increment), st.Unbroadcast, st.BareMultisig, st.DataCarrier, st.ClusterCount, st.ClusterSize, st.Optimal,
	}, nil
}

func (n *node) getRawMempool(_ context.Context, a table.Args) (any, error) {
	verbose, sequence := a.Flag(0), a.Flag(1)
	switch {
	case verbose && sequence:
		return nil, table.Errorf(table.CodeInvalid, "Verbose results cannot contain mempool sequence values.")
	case verbose:
		es, _ := n.Pool.Summaries()
		return view.NewEntries(es), nil
	}
	ids, last := n.Pool.SequencedIDs()
	if !sequence {
		return view.NonNil(ids), nil
	}
	return struct {
		IDs      []wire.Hash `json:"txids"`
		Sequence uint64      `json:"mempool_sequence"`
	}{view.NonNil(ids), last + 1}, nil // Core tells the number that the next event will have
}

func (n *node) getMempoolEntry(_ context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	e, ok := n.Pool.Get(id)
	if !ok {
		return nil, errNotWaiting
	}
	return view.NewEntry(&e), nil
}

var errNotWaiting = table.Errorf(table.CodeNotFound, "Transaction not in mempool")

// pointJSON is one of a feerate diagram.
type pointJSON struct {
	Weight int64      `json:"weight"`
	Fee    view.Coins `json:"fee"`
}

func (n *node) getDiagram(_ context.Context, _ table.Args) (any, error) {
	points := n.Pool.Diagram()
	out := make([]pointJSON, len(points))
	for i, p := range points {
		out[i] = pointJSON{p.Weight, view.Coins(p.Fee)}
	}
	return out, nil
}
