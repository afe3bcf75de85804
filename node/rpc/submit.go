package rpc

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

func submitMethods() []method {
	return []method{{
		name: "submitblock", category: "mining",
		about: "Attempts to submit new block to network.\nSee BIP22 for full specification.",
		args: []arg{
			{name: "hexdata", kind: hexText, need: true, about: "the hex-encoded block data to submit"},
			{name: "dummy", kind: text, hint: "ignored", about: "dummy value, for compatibility with BIP22. This value is ignored."},
		},
		result: "null when the block was accepted, else why not (BIP22)", call: submitBlock,
	}, {
		name: "submitheader", category: "mining",
		about:  "Decode the given hexdata as a header and submit it as a candidate chain tip if valid.\nThrows when the header is invalid.",
		args:   []arg{{name: "hexdata", kind: hexText, need: true, about: "the hex-encoded block header data"}},
		result: "null", call: submitHeader,
	}}
}

// decodeBlock reads a block in hex. One without transactions is none.
func decodeBlock(s string) (*wire.Block, error) {
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, errorf(codeDecode, "Block decode failed")
	}
	b, err := wire.DecodeBlock(raw)
	if err != nil {
		return nil, errorf(codeDecode, "Block decode failed")
	}
	return b, nil
}

func submitBlock(ctx context.Context, n *node, a args) (any, error) {
	b, err := decodeBlock(a.text(0))
	if err != nil {
		return nil, err
	}
	if h, ok := n.Chain.Header(b.ID()); ok && h.Invalid {
		return "duplicate-invalid", nil
	}
	b = n.withReserved(b)
	err = n.Chain.AddBlock(ctx, b)
	if err != nil {
		return bip22(err)
	}
	h, ok := n.Chain.Header(b.ID())
	if ok && !h.Active {
		return "inconclusive", nil
	}
	return nil, nil
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
	return nil, errorf(codeVerify, "%v", err)
}

func submitHeader(ctx context.Context, n *node, a args) (any, error) {
	raw, err := hex.DecodeString(a.text(0))
	if err != nil || len(raw) != wire.HeaderSize {
		return nil, errorf(codeDecode, "Block header decode failed")
	}
	h, err := wire.DecodeHeader(raw)
	if err != nil {
		return nil, errorf(codeDecode, "Block header decode failed")
	}
	if _, ok := n.Chain.Header(h.Parent); !ok {
		return nil, errorf(codeVerify, "Must submit previous header (%s) first", h.Parent)
	}
	_, err = n.Chain.AddHeaders(ctx, []wire.Header{h})
	switch {
	case err == nil:
		return nil, nil
	case consensus.RuleOf(err) != "":
		return nil, errorf(codeVerify, "%s", consensus.RuleOf(err))
	case errors.Is(err, chain.ErrSetAside):
		return nil, errorf(codeVerify, "duplicate-invalid")
	}
	return nil, errorf(codeVerify, "%v", err)
}
