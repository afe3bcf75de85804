package chainrpc

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) activityMethod() table.Method {
	objects := scanObjects()
	objects.Need = true
	objects.About = "The list of descriptors (scan objects) to examine for activity. Every scan object is either a string descriptor or an object:"
	return table.Method{
		Name: "getdescriptoractivity", Category: "blockchain",
		About: "Get spend and receive activity associated with a set of descriptors for a set of blocks. " +
			"This command pairs well with the `relevant_blocks` output of `scanblocks()`.\n" +
			"This call may take several minutes. If you encounter timeouts, try specifying no RPC timeout (bitcoin-cli -rpcclienttimeout=0)",
		Args: []table.Arg{
			{
				Name: "blockhashes", Kind: table.Array, Need: true,
				About:  "The list of blockhashes to examine for activity. Order doesn't matter. Must be along main chain or an error is thrown.\n",
				Fields: []table.Arg{{Name: "blockhash", Kind: table.HexText, About: "A valid blockhash"}},
			},
			objects,
			{Name: "include_mempool", Kind: table.Boolean, Def: "true", About: "Whether to include unconfirmed activity"},
		},
		Results:  []table.Shape{activityShape()},
		Examples: table.CLI("getdescriptoractivity", `'["000000000000000000001347062c12fded7c528943c8ce133987e2e2f5a840ee"]' '["addr(bc1qzl6nsgqzu89a66l50cvwapnkw5shh23zarqkw9)"]'`),
		Pool:     true, Call: n.getDescriptorActivity,
	}
}

func activityShape() table.Shape {
	return table.Obj("", "", table.Arr("activity", "events",
		table.Obj("", "",
			table.Str("type", "always 'spend'"),
			table.Coins("amount", "The total amount in BTC of the spent output"),
			table.Hex("blockhash", "The blockhash this spend appears in (omitted if unconfirmed)").Maybe(),
			table.Num("height", "Height of the spend (omitted if unconfirmed)").Maybe(),
			table.Hex("spend_txid", "The txid of the spending transaction"),
			table.Num("spend_vin", "The input index of the spend"),
			table.Hex("prevout_txid", "The txid of the prevout"),
			table.Num("prevout_vout", "The vout of the prevout"),
			txargs.ScriptShape("prevout_spk"),
		),
		table.Obj("", "",
			table.Str("type", "always 'receive'"),
			table.Coins("amount", "The total amount in BTC of the new output"),
			table.Hex("blockhash", "The block that this receive is in (omitted if unconfirmed)").Maybe(),
			table.Num("height", "The height of the receive (omitted if unconfirmed)").Maybe(),
			table.Hex("txid", "The txid of the receiving transaction"),
			table.Num("vout", "The vout of the receiving output"),
			txargs.ScriptShape("output_spk"),
		),
	).Unchecked())
}

// placed is where an event is; nothing for one that waits for a block.
type placed struct {
	Block  *wire.Hash `json:"blockhash,omitempty"`
	Height *uint32    `json:"height,omitempty"`
}

type spendJSON struct {
	Type   string     `json:"type"`
	Amount view.Coins `json:"amount"`
	placed
	TxID       wire.Hash   `json:"spend_txid"`
	In         int         `json:"spend_vin"`
	PrevTxID   wire.Hash   `json:"prevout_txid"`
	PrevOut    uint32      `json:"prevout_vout"`
	PrevScript view.Script `json:"prevout_spk"`
}

type receiveJSON struct {
	Type   string     `json:"type"`
	Amount view.Coins `json:"amount"`
	placed
	TxID   wire.Hash   `json:"txid"`
	Out    int         `json:"vout"`
	Script view.Script `json:"output_spk"`
}

// activity gathers what happened to watched scripts, in order.
type activity struct {
	params  *consensus.Params
	scripts map[string]string // watched; what they map to does not matter here
	events  []any             // spendJSON or receiveJSON
}

// add looks at one transaction. spent are the outputs that its inputs spend,
// nil where one is not known.
func (a *activity) add(t *wire.Tx, spent []*wire.Out, at placed) {
	for i, o := range spent {
		if o == nil {
			continue
		}
		if _, ok := a.scripts[string(o.Script)]; ok {
			prev := t.Ins[i].Prev
			a.events = append(a.events, spendJSON{
				Type: "spend", Amount: view.Coins(o.Value), placed: at, TxID: t.ID(), In: i,
				PrevTxID: prev.TxID, PrevOut: prev.Index, PrevScript: view.NewScript(o.Script, a.params),
			})
		}
	}
	for i := range t.Outs {
		if _, ok := a.scripts[string(t.Outs[i].Script)]; ok {
			a.events = append(a.events, receiveJSON{
				Type: "receive", Amount: view.Coins(t.Outs[i].Value), placed: at, TxID: t.ID(), Out: i,
				Script: view.NewScript(t.Outs[i].Script, a.params),
			})
		}
	}
}

func (n *node) getDescriptorActivity(ctx context.Context, a table.Args) (any, error) {
	blocks, err := n.activeBlocks(a)
	if err != nil {
		return nil, err
	}
	found := activity{params: n.Params, scripts: make(map[string]string), events: []any{}}
	for _, raw := range a.List(1) {
		if err := n.expand(ctx, raw, found.scripts); err != nil {
			return nil, err
		}
	}
	for _, h := range blocks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, spent, err := n.blockAndSpent(h)
		if err != nil {
			return nil, err
		}
		found.block(b, spent, placed{&h.ID, &h.Height})
	}
	if a.Flag(2) {
		if err := n.waiting(ctx, &found); err != nil {
			return nil, err
		}
	}
	return map[string][]any{"activity": found.events}, nil
}

// activeBlocks reads a list of blocks of the active branch, and sorts it by height, each once.
func (n *node) activeBlocks(a table.Args) (out []chain.HeaderInfo, err error) {
	for _, raw := range a.List(0) {
		if table.TypeName(raw) != "string" {
			return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
		}
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
		id, err := table.ParseHash(text, "blockhash")
		if err != nil {
			return nil, err
		}
		h, err := n.header(id)
		if err != nil {
			return nil, err
		}
		if !h.Active {
			return nil, table.Errorf(table.CodeInvalid, "Block is not in main chain")
		}
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b chain.HeaderInfo) int { return cmp.Compare(a.Height, b.Height) })
	return slices.CompactFunc(out, func(a, b chain.HeaderInfo) bool { return a.ID == b.ID }), nil
}

// block adds a block's transactions; spent are its coins, in order.
func (a *activity) block(b *wire.Block, spent []consensus.Coin, at placed) {
	for _, t := range b.Txs {
		if t.IsCoinbase() {
			a.add(t, nil, at)
			continue
		}
		outs := make([]*wire.Out, len(t.Ins))
		for i := range outs {
			outs[i] = &spent[i].Out
		}
		spent = spent[len(outs):]
		a.add(t, outs, at)
	}
}

// waiting adds the mempool's transactions, in mining order. What leaves it
// meanwhile is not told of.
func (n *node) waiting(ctx context.Context, a *activity) error {
	for _, id := range n.Pool.IDs() {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, ok := n.Pool.Get(id)
		if !ok {
			continue
		}
		outs, err := n.outsSpent(e.Tx)
		if err != nil {
			return err
		}
		a.add(e.Tx, outs, placed{})
	}
	return nil
}

// outsSpent are the outputs that a waiting transaction spends, of the chain or of
// the mempool.
func (n *node) outsSpent(t *wire.Tx) ([]*wire.Out, error) {
	ops := make([]wire.Outpoint, len(t.Ins))
	for i := range t.Ins {
		ops[i] = t.Ins[i].Prev
	}
	_, coins, err := n.Chain.Coins(ops)
	if err != nil {
		return nil, err
	}
	outs := make([]*wire.Out, len(ops))
	for i, op := range ops {
		if !coins[i].Missing {
			outs[i] = &coins[i].Out
			continue
		}
		if e, ok := n.Pool.Get(op.TxID); ok && int64(op.Index) < int64(len(e.Tx.Outs)) {
			outs[i] = &e.Tx.Outs[op.Index]
		}
	}
	return outs, nil
}
