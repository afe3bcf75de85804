package minerpc

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
)

func (n *node) submitMethods() []table.Method {
	return []table.Method{{
		Name: "submitblock", Category: "mining",
		About: "Attempts to submit new block to network.\n" +
			"See https://en.bitcoin.it/wiki/BIP_0022 for full specification.\n",
		Args: []table.Arg{
			{Name: "hexdata", Kind: table.HexText, Need: true, About: "the hex-encoded block data to submit"},
			{Name: "dummy", Kind: table.Text, Hint: "ignored", About: "dummy value, for compatibility with BIP22. This value is ignored."},
		},
		Results: []table.Shape{
			table.Null("").When("If the block was accepted"),
			table.Str("", "According to BIP22").When("Otherwise"),
		},
		Examples: table.Both("submitblock", `"mydata"`, `"mydata"`), Call: n.submitBlock,
	}, {
		Name: "submitheader", Category: "mining",
		About: "Decode the given hexdata as a header and submit it as a candidate chain tip if valid." +
			"\nThrows when the header is invalid.\n",
		Args:     []table.Arg{{Name: "hexdata", Kind: table.HexText, Need: true, About: "the hex-encoded block header data"}},
		Results:  []table.Shape{table.Null("None")},
		Examples: table.Both("submitheader", `"aabbcc"`, `"aabbcc"`), Call: n.submitHeader,
	}}
}

// decodeBlock reads a block in hex. What follows it is not looked at, as bitcoind does not.
func decodeBlock(s string) (*wire.Block, error) {
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, table.Errorf(table.CodeDecode, "Block decode failed")
	}
	b, err := wire.DecodeBlock(wire.BlockPrefix(raw))
	if err != nil {
		return nil, table.Errorf(table.CodeDecode, "Block decode failed")
	}
	return b, nil
}

func (n *node) submitBlock(ctx context.Context, a table.Args) (any, error) {
	b, err := decodeBlock(a.Text(0))
	if err != nil {
		return nil, err
	}
	b = n.withReserved(b)
	_, known := n.Chain.Header(b.ID())
	parent, _ := n.Chain.Header(b.Header.Parent)
	if err := n.Chain.AddBlock(ctx, b); err != nil {
		if alone := n.checkAlone(b); alone != nil {
			return bip22(alone) // what is wrong with it by itself comes first, even if it is known
		}
		switch follows := consensus.RuleOf(err) == badParent || errors.Is(err, chain.ErrSetAside); {
		case follows && known:
			return "duplicate-invalid", nil
		case follows && parent.Invalid:
			return string(badParent), nil
		case follows:
			return "inconclusive", nil // an ancestor was judged only now, to have this one follow
		}
		return bip22(err)
	}
	h, ok := n.Chain.Header(b.ID())
	if ok && !h.Active {
		return "inconclusive", nil
	}
	return nil, nil
}

// badParent is what is said of a block that follows a bad one.
const badParent consensus.Rule = "bad-prevblk"

// checkAlone judges a block by itself, as Core does before it looks at what it knows.
func (n *node) checkAlone(b *wire.Block) error {
	if err := consensus.CheckWork(n.Params, &b.Header, b.ID()); err != nil {
		return err
	}
	return consensus.CheckBlock(n.Params, b, script.NewBatch(nil))
}

// withReserved adds the coinbase's witness to a block from a miner that knows
// the witness commitment only as an output to copy (Core's
// UpdateUncommittedBlockStructures).
func (n *node) withReserved(b *wire.Block) *wire.Block {
	prev, ok := n.Chain.StateAt(b.Header.Parent)
	if !ok || prev.Height+1 < n.Params.Segwit || len(b.Txs) == 0 || !b.Txs[0].IsCoinbase() || b.Txs[0].HasWitness() || !commits(b.Txs[0]) {
		return b
	}
	coinbase := *b.Txs[0]
	fresh := &wire.Tx{Version: coinbase.Version, Ins: append([]wire.In(nil), coinbase.Ins...), Outs: coinbase.Outs, LockTime: coinbase.LockTime}
	fresh.Ins[0].Witness = [][]byte{make([]byte, 32)}
	txs := append([]*wire.Tx{fresh.Seal()}, b.Txs[1:]...)
	return wire.NewBlock(b.Header, txs)
}

// commits says whether a coinbase has a witness commitment (BIP141).
func commits(t *wire.Tx) bool {
	for _, o := range t.Outs {
		if len(o.Script) >= 38 && string(o.Script[:6]) == "\x6a\x24\xaa\x21\xa9\xed" {
			return true
		}
	}
	return false
}

// bip22 words the chain's verdict.
func bip22(err error) (any, error) {
	switch {
	case err == nil:
		return nil, nil
	case consensus.RuleOf(err) != "":
		return string(consensus.RuleOf(err)), nil
	case errors.Is(err, chain.ErrDuplicate):
		return "duplicate", nil
	case errors.Is(err, chain.ErrSetAside):
		return "duplicate-invalid", nil
	case errors.Is(err, chain.ErrNoParent):
		return "prev-blk-not-found", nil
	case errors.Is(err, chain.ErrNotNext):
		return "inconclusive-not-best-prevblk", nil
	}
	return nil, table.Errorf(table.CodeVerify, "%v", err)
}

func (n *node) submitHeader(ctx context.Context, a table.Args) (any, error) {
	raw, err := hex.DecodeString(a.Text(0))
	if err != nil || len(raw) < wire.HeaderSize {
		return nil, table.Errorf(table.CodeDecode, "Block header decode failed")
	}
	h, err := wire.DecodeHeader(raw[:wire.HeaderSize]) // a whole block will do, as with bitcoind
	if err != nil {
		return nil, table.Errorf(table.CodeDecode, "Block header decode failed")
	}
	if _, ok := n.Chain.Header(h.Parent); !ok {
		return nil, table.Errorf(table.CodeVerify, "Must submit previous header (%s) first", h.Parent)
	}
	_, known := n.Chain.Header(h.ID())
	_, err = n.Chain.AddHeaders(ctx, []wire.Header{h})
	switch {
	case err == nil:
		return nil, nil
	case known && (errors.Is(err, chain.ErrSetAside) || consensus.RuleOf(err) == badParent):
		return nil, table.Errorf(table.CodeVerify, "duplicate-invalid")
	case errors.Is(err, chain.ErrSetAside):
		return nil, table.Errorf(table.CodeVerify, "%s", badParent)
	case consensus.RuleOf(err) != "":
		return nil, table.Errorf(table.CodeVerify, "%s", consensus.RuleOf(err))
	}
	return nil, table.Errorf(table.CodeVerify, "%v", err)
}
