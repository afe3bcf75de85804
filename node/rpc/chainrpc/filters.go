package chainrpc

import (
	"context"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

// basic is the one type of filters that there is.
const basic = "basic"

const exampleBlock = "00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"

func (n *node) filterMethods() []table.Method {
	return []table.Method{{
		Name: "getblockfilter", Category: "blockchain", About: "Retrieve a BIP 157 content filter for a particular block.\n",
		Args: []table.Arg{
			{Name: "blockhash", Kind: table.HexText, Need: true, About: "The hash of the block"},
			{Name: "filtertype", Kind: table.Text, Def: `"basic"`, About: "The type name of the filter"},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Hex("filter", "the hex-encoded filter data"),
			table.Hex("header", "the hex-encoded filter header"),
		)},
		Examples: table.Both("getblockfilter", `"`+exampleBlock+`" "basic"`, `"`+exampleBlock+`", "basic"`),
		Call:     n.getBlockFilter,
	}}
}

// filterIndex is the index of a filter type by its name.
func (n *node) filterIndex(name string) (Filters, error) {
	switch {
	case name != basic:
		return nil, table.Errorf(table.CodeNotFound, "Unknown filtertype")
	case n.Filters == nil:
		return nil, table.Errorf(table.CodeMisc, "Index is not enabled for filtertype %s", name)
	}
	return n.Filters, nil
}

func (n *node) getBlockFilter(ctx context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	index, err := n.filterIndex(a.Text(1))
	if err != nil {
		return nil, err
	}
	h, err := n.header(id)
	if err != nil {
		return nil, err
	}
	ready, err := index.Ready(ctx)
	if err != nil {
		return nil, err
	}
	filter, ok, err := index.Filter(ctx, h.Height, id)
	if err != nil {
		return nil, err
	}
	header, found, err := index.Header(ctx, h.Height, id)
	switch {
	case err != nil:
		return nil, err
	case ok && found:
		return struct {
			Filter view.Hex  `json:"filter"`
			Header wire.Hash `json:"header"`
		}{view.Hex(filter), header}, nil
	case !n.connected(h.ID, h.Active):
		return nil, table.Errorf(table.CodeNotFound, "Filter not found. Block was not connected to active chain.")
	case !ready:
		return nil, table.Errorf(table.CodeMisc, "Filter not found. Block filters are still in the process of being indexed.")
	}
	return nil, table.Errorf(table.CodeInternal, "Filter not found. This error is unexpected and indicates index corruption.")
}

// connected says whether a block is or ever was on the active branch: what it
// spent is known then.
func (n *node) connected(id wire.Hash, active bool) bool {
	if active {
		return true
	}
	_, err := n.Chain.Spent(id)
	return err == nil
}
