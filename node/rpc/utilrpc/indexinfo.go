package utilrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/rpc/table"
)

func (n *node) indexMethods() []table.Method {
	return []table.Method{{
		Name: "getindexinfo", Category: "util", About: "Returns the status of one or all available indices currently running in the node.\n",
		Args: []table.Arg{{Name: "index_name", Kind: table.Text, About: "Filter results for an index with a specific name."}},
		Results: []table.Shape{table.Dict("", "", table.Obj("name", "The name of the index",
			table.Bool("synced", "Whether the index is synced or not"),
			table.Num("best_block_height", "The block height to which the index is synced"),
		))},
		Examples: table.CLI("getindexinfo", "") + table.Curl("getindexinfo", "") + table.CLI("getindexinfo", "txindex") + table.Curl("getindexinfo", "txindex"),
		Call:     n.getIndexInfo,
	}}
}

// indexNames are Core's names, in Core's order.
var indexNames = []struct{ ours, core string }{
	{index.TxName, "txindex"},
	{index.CoinsName, "coinstatsindex"},
	{index.SpendersName, "txospenderindex"},
	{index.FiltersName, "basic block filter index"},
}

// indexList is shown as an object whose fields keep their order.
type indexList []index.Status

// MarshalJSON writes one field an index.
func (l indexList) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, st := range l {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(st.Name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `%s:{"synced":%t,"best_block_height":%d}`, name, st.Synced, st.Height)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (n *node) getIndexInfo(_ context.Context, a table.Args) (any, error) {
	all := n.Indexes()
	out := indexList{}
	for _, name := range indexNames {
		for _, st := range all {
			if st.Name != name.ours || a.Text(0) != "" && a.Text(0) != name.core {
				continue
			}
			st.Name = name.core
			out = append(out, st)
		}
	}
	return out, nil
}
