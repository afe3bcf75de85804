package chainrpc

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"sync/atomic"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index/gcs"
	"github.com/quernnet/quern/node/rpc/table"
)

// filterScan is the one search of filters that may run at a time.
type filterScan struct {
	scan
	height atomic.Uint32 // where it is
}

func (n *node) scanBlocksMethods() []table.Method {
	start := `"start", ["addr(bcrt1q4u4nsgk6ug0sqz7r3rj9tykjxrsl0yy4d0wwte)"], `
	cli := `start '["addr(bcrt1q4u4nsgk6ug0sqz7r3rj9tykjxrsl0yy4d0wwte)"]' `
	return []table.Method{{
		Name: "scanblocks", Category: "blockchain",
		About: "Return relevant blockhashes for given descriptors (requires blockfilterindex).\n" +
			"This call may take several minutes. Make sure to use no RPC timeout (bitcoin-cli -rpcclienttimeout=0)",
		Args: []table.Arg{
			scanAction(), scanObjects(),
			{Name: "start_height", Kind: table.Integer, Def: "0", About: "Height to start to scan from"},
			{Name: "stop_height", Kind: table.Integer, Hint: "chain tip", About: "Height to stop to scan"},
			{Name: "filtertype", Kind: table.Text, Def: `"basic"`, About: "The type name of the filter"},
			{Name: "options", Kind: table.Options, Oneline: "options", Fields: []table.Arg{
				{Name: "filter_false_positives", Kind: table.Boolean, Def: "false", About: "Filter false positives (slower and may fail on pruned nodes). Otherwise they may occur at a rate of 1/M"},
			}},
		},
		Results: []table.Shape{
			scanIdle(),
			table.Obj("", "",
				table.Num("from_height", "The height we started the scan from"),
				table.Num("to_height", "The height we ended the scan at"),
				table.Arr("relevant_blocks", "Blocks that may have matched a scanobject.", table.Hex("blockhash", "A relevant blockhash")),
				table.Bool("completed", "true if the scan process was not aborted"),
			).When("When action=='start'; only returns after scan completes"),
			table.Obj("", "",
				table.Num("progress", "Approximate percent complete"),
				table.Num("current_height", "Height of the block currently being scanned"),
			).When("when action=='status' and a scan is currently in progress"),
			scanAborted(),
		},
		Examples: table.CLI("scanblocks", cli+"300000") + table.CLI("scanblocks", cli+"100 150 basic") + table.CLI("scanblocks", "status") +
			table.Curl("scanblocks", start+"300000") + table.Curl("scanblocks", start+`100, 150, "basic"`) + table.Curl("scanblocks", `"status"`),
		Call: n.scanBlocks,
	}}
}

func (n *node) scanBlocks(ctx context.Context, a table.Args) (any, error) {
	switch a.Text(0) {
	case "status":
		if !n.filters.running() {
			return nil, nil
		}
		return struct {
			Progress int32  `json:"progress"`
			Height   uint32 `json:"current_height"`
		}{n.filters.progress.Load(), n.filters.height.Load()}, nil
	case "abort":
		return n.filters.abort(), nil
	case "start":
	default:
		return nil, table.Errorf(table.CodeInvalid, "Invalid action '%s'", a.Text(0))
	}
	scanning, end, ok := n.filters.begin(ctx)
	if !ok {
		return nil, table.Errorf(table.CodeInvalid, `Scan already in progress, use action "abort" or "status"`)
	}
	defer end()
	w, err := n.scanWanted(scanning, a)
	if err != nil {
		return nil, err
	}
	out, err := n.scanRange(scanning, w)
	if err != nil && (ctx.Err() != nil || scanning.Err() == nil) {
		return nil, err
	}
	return out, nil // an aborted scan tells what it found
}

// wanted is what a scan of filters looks for, and where.
type wanted struct {
	index       Filters
	scripts     map[string]string
	first, last chain.HeaderInfo
	sure        bool // look into the blocks that match
}

func (n *node) scanWanted(ctx context.Context, a table.Args) (w wanted, err error) {
	if w.index, err = n.filterIndex(a.Text(4)); err != nil {
		return w, err
	}
	var ok bool
	if w.first, ok = n.blockAt(a.Integer(2)); !ok {
		return w, table.Errorf(table.CodeMisc, "Invalid start_height")
	}
	tip := n.Chain.Tip()
	w.last, _ = n.Chain.Header(tip.ID)
	if a.Given(3) {
		if w.last, ok = n.blockAt(a.Integer(3)); !ok || w.last.Height < w.first.Height {
			return w, table.Errorf(table.CodeMisc, "Invalid stop_height")
		}
	}
	var options struct {
		Sure bool `json:"filter_false_positives"`
	}
	a.Read(5, &options)
	w.sure = options.Sure
	if !a.Given(1) {
		return w, table.Errorf(table.CodeType, "%s", table.WrongType(json.RawMessage("null"), "array"))
	}
	w.scripts = make(map[string]string)
	for _, raw := range a.List(1) {
		if err := n.expand(ctx, raw, w.scripts); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (n *node) blockAt(height int64) (h chain.HeaderInfo, ok bool) {
	if height < 0 {
		return h, false
	}
	return n.Chain.ActiveAt(uint32(height))
}

// blocksFound is the result of scanblocks.
type blocksFound struct {
	From      uint32      `json:"from_height"`
	To        uint32      `json:"to_height"`
	Blocks    []wire.Hash `json:"relevant_blocks"`
	Completed bool        `json:"completed"`
}

// scanRange goes through the filters. With an error it returns what was found up to then.
func (n *node) scanRange(ctx context.Context, w wanted) (*blocksFound, error) {
	out := &blocksFound{From: w.first.Height, To: w.first.Height, Blocks: []wire.Hash{}}
	var elements [][]byte
	for s := range maps.Keys(w.scripts) {
		elements = append(elements, []byte(s))
	}
	query := gcs.NewQuery(elements)
	for height := w.first.Height; height <= w.last.Height; height++ {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		h, ok := n.Chain.ActiveAt(height)
		if !ok {
			break // a reorganisation has made the chain shorter
		}
		match, err := n.matches(ctx, w, query, h)
		if err != nil {
			return out, err
		}
		if match {
			out.Blocks = append(out.Blocks, h.ID)
		}
		out.To = height
		n.filters.height.Store(height)
		n.filters.progress.Store(int32(100 * uint64(height-w.first.Height+1) / uint64(w.last.Height-w.first.Height+1)))
	}
	out.Completed = true
	return out, nil
}

// matches says whether a block has a script that is looked for, or may have one.
// One whose filter is not there, because the index is being built, has none.
func (n *node) matches(ctx context.Context, w wanted, q *gcs.Query, h chain.HeaderInfo) (bool, error) {
	f, ok, err := w.index.Filter(ctx, h.Height, h.ID)
	if err != nil || !ok {
		return false, err
	}
	match, err := q.Match(f, gcs.KeyOf(h.ID))
	if err != nil || !match || !w.sure {
		return match, err
	}
	b, spent, err := n.blockAndSpent(h)
	if err != nil {
		return false, err
	}
	for _, t := range b.Txs {
		for i := range t.Outs {
			if _, ok := w.scripts[string(t.Outs[i].Script)]; ok {
				return true, nil
			}
		}
	}
	for i := range spent {
		if _, ok := w.scripts[string(spent[i].Script)]; ok {
			return true, nil
		}
	}
	return false, nil
}

// missing words a block that is not stored as Core does.
func missing(err error, what string) error {
	if errors.Is(err, chain.ErrNoBlock) {
		return table.Errorf(table.CodeMisc, "%s", what)
	}
	return err
}
