package chainrpc

import (
	"context"
	"math"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
)

var tipShape = []table.Shape{table.Obj("", "",
	table.Hex("hash", "The blockhash"),
	table.Num("height", "Block height"),
)}

const waitWords = "\n\nReturns the current block on timeout or exit.\n" +
	"\nMake sure to use no RPC timeout (bitcoin-cli -rpcclienttimeout=0)"

func timeoutArg() table.Arg {
	return table.Arg{Name: "timeout", Kind: table.Integer, Def: "0", About: "Time in milliseconds to wait for a response. 0 indicates no timeout."}
}

func (n *node) waitMethods() []table.Method {
	const id = `"0000000000079f8ef3d2c688c244eb7a4570b24c9ed7b4a8c619eb02596f8862"`
	return []table.Method{{
		Name: "waitfornewblock", Category: "blockchain",
		About: "Waits for any new block and returns useful info about it." + waitWords,
		Args: []table.Arg{timeoutArg(),
			{Name: "current_tip", Kind: table.HexText, About: "Method waits for the chain tip to differ from this."}},
		Results: tipShape, Examples: table.Both("waitfornewblock", "1000", "1000"), Call: n.waitForNewBlock,
	}, {
		Name: "waitforblock", Category: "blockchain",
		About: "Waits for a specific new block and returns useful info about it." + waitWords,
		Args: []table.Arg{
			{Name: "blockhash", Kind: table.HexText, Need: true, About: "Block hash to wait for."}, timeoutArg()},
		Results: tipShape, Examples: table.Both("waitforblock", id+" 1000", id+", 1000"), Call: n.waitForBlock,
	}, {
		Name: "waitforblockheight", Category: "blockchain",
		About: "Waits for (at least) block height and returns the height and hash\nof the current tip." + waitWords,
		Args: []table.Arg{
			{Name: "height", Kind: table.Integer, Need: true, About: "Block height to wait for."}, timeoutArg()},
		Results: tipShape, Examples: table.Both("waitforblockheight", "100 1000", "100, 1000"), Call: n.waitForBlockHeight,
	}}
}

type tipJSON struct {
	Hash   wire.Hash `json:"hash"`
	Height uint32    `json:"height"`
}

func (n *node) waitForNewBlock(ctx context.Context, a table.Args) (any, error) {
	last := n.Chain.Tip().ID
	timeout, err := timeoutOf(a, 0)
	if err != nil {
		return nil, err
	}
	if a.Given(1) {
		if last, err = a.Hash(1, "current_tip"); err != nil {
			return nil, err
		}
	}
	return n.wait(ctx, timeout, func(s consensus.State) bool { return s.ID != last }), nil
}

func (n *node) waitForBlock(ctx context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	timeout, err := timeoutOf(a, 1)
	if err != nil {
		return nil, err
	}
	return n.wait(ctx, timeout, func(s consensus.State) bool { return s.ID == id }), nil
}

func (n *node) waitForBlockHeight(ctx context.Context, a table.Args) (any, error) {
	height := a.Integer(0)
	timeout, err := timeoutOf(a, 1)
	if err != nil {
		return nil, err
	}
	return n.wait(ctx, timeout, func(s consensus.State) bool { return int64(s.Height) >= height }), nil
}

func timeoutOf(a table.Args, i int) (time.Duration, error) {
	ms := a.Integer(i)
	if ms < 0 {
		return 0, table.Errorf(table.CodeMisc, "Negative timeout")
	}
	if ms == 0 {
		return math.MaxInt64, nil
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// wait returns the first tip that is the right one, or the one there is when the time is
// over or nobody waits any more.
func (n *node) wait(ctx context.Context, timeout time.Duration, right func(consensus.State) bool) (tip tipJSON) {
	table.Idle(ctx, func() {
		end := time.NewTimer(timeout)
		defer end.Stop()
		for {
			changed := n.Chain.Changed()
			s := n.Chain.Tip()
			tip = tipJSON{s.ID, s.Height}
			if right(s) {
				return
			}
			select {
			case <-changed:
			case <-end.C:
				return
			case <-ctx.Done():
				return
			}
		}
	})
	return tip
}
