package chainrpc

import (
	"context"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) chainTxStatsMethod() table.Method {
	return table.Method{
		Name: "getchaintxstats", Category: "blockchain", About: "Compute statistics about the total number and rate of transactions in the chain.\n",
		Args: []table.Arg{
			{Name: "nblocks", Kind: table.Integer, Hint: "one month", About: "Size of the window in number of blocks"},
			{Name: "blockhash", Kind: table.HexText, Hint: "chain tip", About: "The hash of the block that ends the window."},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Time("time", "The timestamp for the final block in the window, expressed in UNIX epoch time"),
			table.Num("txcount", "The total number of transactions in the chain up to that point, if known. It may be unknown when using assumeutxo.").Maybe(),
			table.Hex("window_final_block_hash", "The hash of the final block in the window"),
			table.Num("window_final_block_height", "The height of the final block in the window."),
			table.Num("window_block_count", "Size of the window in number of blocks"),
			table.Num("window_interval", `The elapsed time in the window in seconds. Only returned if "window_block_count" is > 0`).Maybe(),
			table.Num("window_tx_count", "The number of transactions in the window. "+
				`Only returned if "window_block_count" is > 0 and if txcount exists for the start and end of the window.`).Maybe(),
			table.Num("txrate", "The average rate of transactions per second in the window. "+
				`Only returned if "window_interval" is > 0 and if window_tx_count exists.`).Maybe(),
		)},
		Examples: table.CLI("getchaintxstats", "") + table.Curl("getchaintxstats", "2016"),
		Call:     n.getChainTxStats,
	}
}

// chainTxStats is the result of getchaintxstats.
type chainTxStats struct {
	Time     uint32       `json:"time"`
	Txs      uint64       `json:"txcount,omitempty"`
	Last     wire.Hash    `json:"window_final_block_hash"`
	Height   uint32       `json:"window_final_block_height"`
	Blocks   int64        `json:"window_block_count"`
	Interval *int64       `json:"window_interval,omitempty"` // seconds
	Between  *uint64      `json:"window_tx_count,omitempty"`
	Rate     *view.Double `json:"txrate,omitempty"` // transactions a second
}

// month is how many blocks a month is meant to have.
func month(p *consensus.Params) int64 { return 30 * 24 * 60 * 60 / int64(p.Spacing) }

func (n *node) getChainTxStats(_ context.Context, a table.Args) (any, error) {
	last, _ := n.Chain.Header(n.Chain.Tip().ID)
	if a.Given(1) {
		id, err := a.Hash(1, "blockhash")
		if err != nil {
			return nil, err
		}
		if last, err = n.header(id); err != nil {
			return nil, err
		}
		if !last.Active {
			return nil, table.Errorf(table.CodeInvalid, "Block is not in main chain")
		}
	}
	blocks := max(0, min(month(n.Params), int64(last.Height)-1))
	if a.Given(0) {
		if blocks = a.Integer(0); blocks < 0 || blocks > 0 && blocks >= int64(last.Height) {
			return nil, table.Errorf(table.CodeInvalid, "Invalid block count: should be between 0 and the block's height - 1")
		}
	}
	first, ok := n.Chain.ActiveAt(last.Height - uint32(blocks))
	if !ok {
		return nil, table.Errorf(table.CodeInternal, "the chain changed meanwhile: ask again")
	}
	return newChainTxStats(first, last, blocks), nil
}

// newChainTxStats compares two blocks of one branch.
func newChainTxStats(first, last chain.HeaderInfo, blocks int64) chainTxStats {
	out := chainTxStats{Time: last.Time, Txs: last.ChainTxs, Last: last.ID, Height: last.Height, Blocks: blocks}
	if blocks == 0 {
		return out
	}
	interval := int64(last.Median) - int64(first.Median)
	out.Interval = &interval
	if first.ChainTxs == 0 || last.ChainTxs == 0 {
		return out
	}
	between := last.ChainTxs - first.ChainTxs
	out.Between = &between
	if interval > 0 {
		rate := view.Double(float64(between) / float64(interval))
		out.Rate = &rate
	}
	return out
}
