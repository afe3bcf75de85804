package poolrpc

import (
	"context"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

// What Core 31 tells of its policy's limits, which are the pool's too.
const (
	maxDataCarrier = 100_000 // bytes
	clusterCount   = 64      // transactions
	clusterSize    = 101_000 // virtual bytes
)

func (n *node) mempoolMethods() []table.Method {
	return []table.Method{{
		Name: "getmempoolinfo", Pool: true, Category: "blockchain",
		About:  "Returns details on the active state of the TX memory pool.",
		Result: "{ \"loaded\", \"size\", \"bytes\", \"usage\", \"total_fee\", \"maxmempool\", \"mempoolminfee\", \"minrelaytxfee\", … }",
		Call:   n.getMempoolInfo,
	}, {
		Name: "getrawmempool", Pool: true, Category: "blockchain",
		About: "Returns all transaction ids in memory pool as a json array of string transaction ids.\n\n" +
			"Hint: use getmempoolentry to fetch a specific transaction from the mempool.",
		Args: []table.Arg{
			{Name: "verbose", Kind: table.Boolean, Def: "false", About: "True for a json object, false for array of transaction ids"},
			{Name: "mempool_sequence", Kind: table.Boolean, Def: "false", About: "If verbose=false, returns a json object with transaction list and mempool sequence number attached."},
		},
		Result: "The ids, or an object of entries by id", Call: n.getRawMempool,
	}, {
		Name: "getmempoolentry", Pool: true, Category: "blockchain",
		About:  "Returns mempool data for given transaction",
		Args:   []table.Arg{{Name: "txid", Kind: table.HexText, Need: true, About: "The transaction id (must be in mempool)"}},
		Result: "{ \"vsize\", \"weight\", \"time\", \"height\", …, \"fees\", \"depends\", \"spentby\", \"unbroadcast\" }", Call: n.getMempoolEntry,
	}}
}

func (n *node) getMempoolInfo(_ context.Context, _ table.Args) (any, error) {
	st := n.Pool.Stats()
	return struct {
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
	}{
		st.Loaded, st.Count, st.VSize, st.Usage, view.Coins(st.Fees), st.MaxUsage, view.Coins(st.MinFee), view.Coins(st.Floor),
		view.Coins(st.Increment), 0, true, maxDataCarrier, clusterCount, clusterSize, true,
	}, nil
}

func (n *node) getRawMempool(_ context.Context, a table.Args) (any, error) {
	verbose, sequence := a.Flag(0), a.Flag(1)
	if verbose && sequence {
		return nil, table.Errorf(table.CodeInvalid, "Verbose results cannot contain mempool sequence values.")
	}
	if !verbose && !sequence {
		return view.NonNil(n.Pool.IDs()), nil
	}
	// The number first: a caller that asks for what came after it may be told
	// twice of a change, but never misses one.
	seq := n.Pool.Stats().Sequence
	_, entries := n.Pool.Entries()
	if verbose {
		out := make(view.Entries, len(entries))
		for i := range entries {
			out[i] = view.NewEntry(&entries[i])
		}
		return out, nil
	}
	ids := make([]wire.Hash, len(entries))
	for i := range entries {
		ids[i] = entries[i].Tx.ID()
	}
	return struct {
		IDs      []wire.Hash `json:"txids"`
		Sequence uint64      `json:"mempool_sequence"`
	}{ids, seq}, nil
}

func (n *node) getMempoolEntry(_ context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	e, ok := n.Pool.Get(id)
	if !ok {
		return nil, table.Errorf(table.CodeNotFound, "Transaction not in mempool")
	}
	return view.NewEntry(&e), nil
}
