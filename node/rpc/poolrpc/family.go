package poolrpc

import (
	"context"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) familyMethods() []table.Method {
	return []table.Method{
		familyMethod("ancestor", n.Pool.Ancestors),
		familyMethod("descendant", n.Pool.Descendants),
		{
			Name: "getmempoolcluster", Pool: true, Category: "blockchain",
			About:    "Returns mempool data for given cluster\n",
			Args:     []table.Arg{{Name: "txid", Kind: table.HexText, Need: true, About: "The txid of a transaction in the cluster"}},
			Results:  []table.Shape{clusterShape()},
			Examples: table.Both("getmempoolcluster", "txid", "txid"), Call: n.getMempoolCluster,
		},
	}
}

// familyMethod lists the ancestors or descendants of a waiting transaction.
func familyMethod(word string, list func(wire.Hash) ([]mempool.Entry, bool)) table.Method {
	name := "getmempool" + word + "s"
	return table.Method{
		Name: name, Pool: true, Category: "blockchain",
		About: "If txid is in the mempool, returns all in-mempool " + word + "s.\n",
		Args: []table.Arg{
			txidArg,
			{Name: "verbose", Kind: table.Boolean, Def: "false", About: "True for a json object, false for array of transaction ids"},
		},
		Results: []table.Shape{
			table.Arr("", "", table.Hex("", "The transaction id of an in-mempool "+word+" transaction")).When("for verbose = false"),
			table.Dict("", "", table.Obj("transactionid", "", entryShape()...)).When("for verbose = true"),
		},
		Examples: table.Both(name, `"mytxid"`, `"mytxid"`),
		Call: func(_ context.Context, a table.Args) (any, error) {
			id, err := a.Hash(0, "txid")
			if err != nil {
				return nil, err
			}
			es, ok := list(id)
			if !ok {
				return nil, errNotWaiting
			}
			if a.Flag(1) {
				return view.NewEntries(es), nil
			}
			ids := make([]wire.Hash, len(es))
			for i := range es {
				ids[i] = es[i].ID
			}
			return ids, nil
		},
	}
}

func clusterShape() table.Shape {
	return table.Obj("", "",
		table.Num("clusterweight", "total sigops-adjusted weight (as defined in BIP 141 and modified by '-bytespersigop')"),
		table.Num("txcount", "number of transactions"),
		table.Arr("chunks", "chunks in this cluster (in mining order)", table.Obj("chunk", "",
			table.Num("chunkfee", "fees of the transactions in this chunk"),
			table.Num("chunkweight", "sigops-adjusted weight of all transactions in this chunk"),
			table.Arr("txs", "transactions in this chunk in mining order", table.Hex("txid", "transaction id")),
		)),
	)
}

// clusterJSON is what getmempoolcluster returns.
type clusterJSON struct {
	Weight int64       `json:"clusterweight"`
	Count  int         `json:"txcount"`
	Chunks []chunkJSON `json:"chunks"`
}

type chunkJSON struct {
	Fee    view.Coins  `json:"chunkfee"`
	Weight int64       `json:"chunkweight"`
	Txs    []wire.Hash `json:"txs"`
}

func (n *node) getMempoolCluster(_ context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	chunks, ok := n.Pool.Cluster(id)
	if !ok {
		return nil, errNotWaiting
	}
	var out clusterJSON
	for _, c := range chunks {
		out.Weight += c.Weight
		out.Count += len(c.IDs)
		out.Chunks = append(out.Chunks, chunkJSON{view.Coins(c.Fee), c.Weight, c.IDs})
	}
	return out, nil
}
