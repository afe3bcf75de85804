package rpc

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// What Core 31 tells of its policy's limits, which are the pool's too.
const (
	maxDataCarrier = 100_000 // bytes
	clusterCount   = 64      // transactions
	clusterSize    = 101_000 // virtual bytes
)

func mempoolMethods() []method {
	return []method{{
		name: "getmempoolinfo", pool: true, category: "blockchain",
		about:  "Returns details on the active state of the TX memory pool.",
		result: "{ \"loaded\", \"size\", \"bytes\", \"usage\", \"total_fee\", \"maxmempool\", \"mempoolminfee\", \"minrelaytxfee\", … }",
		call:   getMempoolInfo,
	}, {
		name: "getrawmempool", pool: true, category: "blockchain",
		about: "Returns all transaction ids in memory pool as a json array of string transaction ids.\n\n" +
			"Hint: use getmempoolentry to fetch a specific transaction from the mempool.",
		args: []arg{
			{name: "verbose", kind: boolean, def: "false", about: "True for a json object, false for array of transaction ids"},
			{name: "mempool_sequence", kind: boolean, def: "false", about: "If verbose=false, returns a json object with transaction list and mempool sequence number attached."},
		},
		result: "The ids, or an object of entries by id", call: getRawMempool,
	}, {
		name: "getmempoolentry", pool: true, category: "blockchain",
		about:  "Returns mempool data for given transaction",
		args:   []arg{{name: "txid", kind: hexText, need: true, about: "The transaction id (must be in mempool)"}},
		result: "{ \"vsize\", \"weight\", \"time\", \"height\", …, \"fees\", \"depends\", \"spentby\", \"unbroadcast\" }", call: getMempoolEntry,
	}}
}

func getMempoolInfo(_ context.Context, n *node, _ args) (any, error) {
	st := n.Pool.Stats()
	return struct {
		Loaded       bool  `json:"loaded"`
		Size         int   `json:"size"`
		Bytes        int64 `json:"bytes"`
		Usage        int64 `json:"usage"`
		Fees         coins `json:"total_fee"`
		Max          int64 `json:"maxmempool"`
		MinFee       coins `json:"mempoolminfee"`
		Floor        coins `json:"minrelaytxfee"`
		Increment    coins `json:"incrementalrelayfee"`
		Unbroadcast  int   `json:"unbroadcastcount"`
		BareMultisig bool  `json:"permitbaremultisig"`
		DataCarrier  int   `json:"maxdatacarriersize"`
		ClusterCount int   `json:"limitclustercount"`
		ClusterSize  int   `json:"limitclustersize"`
		Optimal      bool  `json:"optimal"`
	}{
		st.Loaded, st.Count, st.VSize, st.Usage, coins(st.Fees), st.MaxUsage, coins(st.MinFee), coins(st.Floor),
		coins(st.Increment), 0, true, maxDataCarrier, clusterCount, clusterSize, true,
	}, nil
}

func getRawMempool(_ context.Context, n *node, a args) (any, error) {
	verbose, sequence := a.flag(0), a.flag(1)
	if verbose && sequence {
		return nil, errorf(codeInvalid, "Verbose results cannot contain mempool sequence values.")
	}
	if !verbose && !sequence {
		return nonNil(n.Pool.IDs()), nil
	}
	// The number first: a caller that asks for what came after it may be told
	// twice of a change, but never misses one.
	seq := n.Pool.Stats().Sequence
	_, entries := n.Pool.Entries()
	if verbose {
		out := make(entriesJSON, len(entries))
		for i := range entries {
			out[i] = entryOf(&entries[i])
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

func getMempoolEntry(_ context.Context, n *node, a args) (any, error) {
	id, err := a.hash(0, "txid")
	if err != nil {
		return nil, err
	}
	e, ok := n.Pool.Get(id)
	if !ok {
		return nil, errorf(codeNotFound, "Transaction not in mempool")
	}
	return entryOf(&e), nil
}

// entryJSON is a waiting transaction as Core's entryToJSON shows it. The
// chunk is there for one alone in its cluster, which is its own chunk.
type entryJSON struct {
	id wire.Hash

	VSize           int         `json:"vsize"`
	Weight          int         `json:"weight"`
	Time            int64       `json:"time"`
	Height          uint32      `json:"height"`
	DescendantCount int         `json:"descendantcount"`
	DescendantSize  int64       `json:"descendantsize"`
	AncestorCount   int         `json:"ancestorcount"`
	AncestorSize    int64       `json:"ancestorsize"`
	WitnessID       wire.Hash   `json:"wtxid"`
	ChunkWeight     int         `json:"chunkweight,omitempty"`
	Fees            feesJSON    `json:"fees"`
	Depends         []wire.Hash `json:"depends"`
	SpentBy         []wire.Hash `json:"spentby"`
	Unbroadcast     bool        `json:"unbroadcast"`
}

type feesJSON struct {
	Base       coins  `json:"base"`
	Modified   coins  `json:"modified"`
	Ancestor   coins  `json:"ancestor"`
	Descendant coins  `json:"descendant"`
	Chunk      *coins `json:"chunk,omitempty"`
}

func entryOf(e *mempool.Entry) entryJSON {
	out := entryJSON{
		id: e.Tx.ID(), VSize: e.Size, Weight: e.Tx.Weight(), Time: e.Time.Unix(), Height: e.Height,
		DescendantCount: e.DescendantCount, DescendantSize: e.DescendantSize,
		AncestorCount: e.AncestorCount, AncestorSize: e.AncestorSize, WitnessID: e.Tx.WitnessID(),
		Fees:    feesJSON{Base: coins(e.Fee), Modified: coins(e.Fee), Ancestor: coins(e.AncestorFees), Descendant: coins(e.DescendantFees)},
		Depends: displayOrder(e.Parents), SpentBy: nonNil(e.Children),
	}
	if e.AncestorCount == 1 && e.DescendantCount == 1 {
		fee := coins(e.Fee)
		out.ChunkWeight, out.Fees.Chunk = e.Tx.Weight(), &fee
	}
	return out
}

// entriesJSON is an object of entries by id, in the pool's order.
type entriesJSON []entryJSON

// MarshalJSON writes the object.
func (es entriesJSON) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range es {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + es[i].id.String() + `":`)
		raw, err := json.Marshal(&es[i])
		if err != nil {
			return nil, err
		}
		b.Write(raw)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// displayOrder sorts ids as their text sorts.
func displayOrder(ids []wire.Hash) []wire.Hash {
	out := nonNil(slices.Clone(ids))
	slices.SortFunc(out, func(a, b wire.Hash) int { return cmp.Compare(a.String(), b.String()) })
	return out
}

// nonNil makes JSON show no values as [].
func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
