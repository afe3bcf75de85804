package minerpc

import (
	"context"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/work"
)

// hashrateSpan is over how many blocks the network's speed is reckoned by default.
const hashrateSpan = 120

func (n *node) infoMethods() []table.Method {
	return []table.Method{{
		Name: "getnetworkhashps", Category: "mining",
		About: "Returns the estimated network hashes per second based on the last n blocks.\n" +
			"Pass in [blocks] to override # of blocks, -1 specifies since last difficulty change.\n" +
			"Pass in [height] to estimate the network speed at the time when a certain block was found.\n",
		Args: []table.Arg{
			{Name: "nblocks", Kind: table.Integer, Def: "120", About: "The number of previous blocks to calculate estimate from, or -1 for blocks since last difficulty change."},
			{Name: "height", Kind: table.Integer, Def: "-1", About: "To estimate at the time of the given height."},
		},
		Results:  []table.Shape{table.Num("", "Hashes per second estimated")},
		Examples: table.Both("getnetworkhashps", "", ""), Call: n.getNetworkHashPS,
	}, {
		Name: "getmininginfo", Pool: true, Category: "mining", About: "Returns a json object containing mining-related information.",
		Results: []table.Shape{table.Obj("", "",
			table.Num("blocks", "The current block"),
			table.Num("currentblockweight", "The block weight (including reserved weight for block header, txs count and coinbase tx) of the last assembled block (only present if a block was ever assembled)").Maybe(),
			table.Num("currentblocktx", "The number of block transactions (excluding coinbase) of the last assembled block (only present if a block was ever assembled)").Maybe(),
			table.Hex("bits", "The current nBits, compact representation of the block difficulty target"),
			table.Num("difficulty", "The current difficulty"),
			table.Hex("target", "The current target"),
			table.Num("networkhashps", "The network hashes per second"),
			table.Num("pooledtx", "The size of the mempool"),
			table.Coins("blockmintxfee", "Minimum feerate of packages selected for block inclusion in BTC/kvB"),
			table.Str("chain", "current network name (main, test, testnet4, signet, regtest)"),
			table.Hex("signet_challenge", "The block challenge (aka. block script), in hexadecimal (only present if the current network is a signet)").Maybe(),
			table.Obj("next", "The next block",
				table.Num("height", "The next height"),
				table.Hex("bits", "The next target nBits"),
				table.Num("difficulty", "The next difficulty"),
				table.Hex("target", "The next target"),
			),
			table.Arr("warnings", "any network and blockchain warnings (run with `-deprecatedrpc=warnings` to return the latest warning as a single string)",
				table.Str("", "warning")),
		)},
		Examples: table.Both("getmininginfo", "", ""), Call: n.getMiningInfo,
	}}
}

type targetJSON struct {
	Height     uint32      `json:"height"`
	Bits       view.Hex32  `json:"bits"`
	Difficulty view.Double `json:"difficulty"`
	Target     string      `json:"target"`
}

func (n *node) getMiningInfo(_ context.Context, _ table.Args) (any, error) {
	tip := n.Chain.Tip()
	next := consensus.NextBits(&tip, n.nextTime(&tip))
	out := struct {
		Blocks     uint32      `json:"blocks"`
		Weight     *int        `json:"currentblockweight,omitempty"`
		Txs        *int        `json:"currentblocktx,omitempty"`
		Bits       view.Hex32  `json:"bits"`
		Difficulty view.Double `json:"difficulty"`
		Target     string      `json:"target"`
		Hashrate   view.Double `json:"networkhashps"`
		Pooled     int         `json:"pooledtx"`
		MinFee     view.Coins  `json:"blockmintxfee"`
		Chain      string      `json:"chain"`
		Next       targetJSON  `json:"next"`
		Challenge  view.Hex    `json:"signet_challenge,omitempty"`
		Warnings   []string    `json:"warnings"`
	}{
		Blocks: tip.Height, Bits: view.Hex32(tip.Past.Bits), Difficulty: view.Double(tip.Past.Bits.Difficulty()),
		Target: view.Target(uint32(tip.Past.Bits)), Hashrate: n.hashrate(hashrateSpan, tip.Height),
		Pooled: n.Pool.Stats().Count, MinFee: view.Coins(n.Assembler.MinFee()), Chain: n.Params.RPCName,
		Next:      targetJSON{tip.Height + 1, view.Hex32(next), view.Double(next.Difficulty()), view.Target(uint32(next))},
		Challenge: n.Params.SignetChallenge, Warnings: n.Warnings(),
	}
	if last, ok := n.Assembler.Last(); ok {
		out.Weight, out.Txs = &last.Weight, &last.Txs
	}
	return out, nil
}

// nextTime is what a block found now would be stamped with.
func (n *node) nextTime(tip *consensus.State) uint32 {
	return max(mining.MinTime(tip), uint32(n.Now().Unix()))
}

func (n *node) getNetworkHashPS(_ context.Context, a table.Args) (any, error) {
	height, span := a.Integer(1), a.Integer(0)
	tip := n.Chain.Tip()
	switch {
	case span < -1 || span == 0:
		return nil, table.Errorf(table.CodeInvalid, "Invalid nblocks. Must be a positive number or -1.")
	case height < -1 || height > int64(tip.Height):
		return nil, table.Errorf(table.CodeInvalid, "Block does not exist at specified height")
	case height == -1:
		height = int64(tip.Height)
	}
	if span == -1 {
		period := int64(max(1, mining.Interval(n.Params)))
		span = height%period + 1
	}
	return n.hashrate(span, uint32(height)), nil
}

// hashrate is the work of the span blocks up to height by the time they took,
// in hashes a second (Core's GetNetworkHashPS).
func (n *node) hashrate(span int64, height uint32) view.Double {
	last, ok := n.Chain.ActiveAt(height)
	if !ok || height == 0 {
		return 0
	}
	first, least, most := last, last.Time, last.Time
	for i := int64(0); i < span && first.Height > 0; i++ {
		h, ok := n.Chain.ActiveAt(first.Height - 1)
		if !ok {
			break
		}
		first, least, most = h, min(least, h.Time), max(most, h.Time)
	}
	if least == most {
		return 0
	}
	hashes := work.Work(last.Work).Sub(work.Work(first.Work))
	f, unit := 0.0, 1.0
	for _, limb := range hashes {
		f += float64(limb) * unit
		unit *= 1 << 64
	}
	return view.Double(f / (time.Duration(most-least) * time.Second).Seconds())
}
