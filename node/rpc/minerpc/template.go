package minerpc

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

// How long a caller that polls waits for new transactions: a minute at first,
// then ten seconds at a time (Core's).
const (
	firstPoll = time.Minute
	nextPoll  = 10 * time.Second
)

func (n *node) templateMethods() []table.Method {
	return []table.Method{{
		Name: "getblocktemplate", Category: "mining",
		About: "If the request parameters include a 'mode' key, that is used to explicitly select between the default 'template' request or a 'proposal'.\n" +
			"It returns data needed to construct a block to work on.\n" +
			"For full specification, see BIPs 22, 23, 9, and 145.",
		Args: []table.Arg{{Name: "template_request", Kind: table.Options, Need: true, About: "Format of the template", Fields: []table.Arg{
			{Name: "mode", Kind: table.Text, About: "This must be set to \"template\", \"proposal\" (see BIP 23), or omitted"},
			{Name: "capabilities", Kind: table.Array, About: "A list of strings"},
			{Name: "rules", Kind: table.Array, Need: true, About: "A list of strings: \"segwit\" must be in it"},
			{Name: "longpollid", Kind: table.Text, About: "delay processing request until the result would vary significantly from the \"longpollid\" of a prior template"},
			{Name: "data", Kind: table.HexText, About: "proposed block data to check, encoded in hexadecimal; valid only for mode=\"proposal\""},
		}}},
		Result: "{ \"version\", \"rules\", …, \"previousblockhash\", \"transactions\", \"coinbasevalue\", …, \"default_witness_commitment\" }",
		Call:   n.getBlockTemplate,
	}}
}

func (n *node) getBlockTemplate(ctx context.Context, a table.Args) (any, error) {
	var o map[string]json.RawMessage
	a.Read(0, &o)
	mode := "template"
	if raw, ok := o["mode"]; ok && !table.IsNull(raw) && json.Unmarshal(raw, &mode) != nil {
		return nil, table.Errorf(table.CodeInvalid, "Invalid mode")
	}
	if mode == "proposal" {
		return n.propose(ctx, o["data"])
	}
	var rules []string
	if raw, ok := o["rules"]; ok && table.TypeName(raw) == "array" && json.Unmarshal(raw, &rules) != nil {
		return nil, table.Errorf(table.CodeType, "rules is not an array of strings")
	}
	if mode != "template" {
		return nil, table.Errorf(table.CodeInvalid, "Invalid mode")
	}
	if err := n.readyToMine(); err != nil {
		return nil, err
	}
	if raw, ok := o["longpollid"]; ok && !table.IsNull(raw) {
		if err := n.poll(ctx, raw); err != nil {
			return nil, err
		}
	}
	if n.Params.SignetChallenge != nil && !slices.Contains(rules, "signet") {
		return nil, table.Errorf(table.CodeInvalid, `getblocktemplate must be called with the signet rule set (call with {"rules": ["segwit", "signet"]})`)
	}
	if !slices.Contains(rules, "segwit") {
		return nil, table.Errorf(table.CodeInvalid, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`)
	}
	seq := n.Pool.Stats().Sequence
	// What the coinbase pays to is the miner's to choose; anyone could spend this.
	t, err := n.Assembler.Build(ctx, []byte{0x51}, 0, nil)
	if err != nil {
		return nil, generateError(err)
	}
	return n.template(t, seq), nil
}

// readyToMine refuses on Bitcoin's own chain what only a node that is
// connected and has caught up should do. On all others a lonely node may mine.
func (n *node) readyToMine() error {
	if n.Params.Name != "main" {
		return nil
	}
	if n.Peers() == 0 {
		return table.Errorf(table.CodeNotConnected, "Quern is not connected!")
	}
	if n.Syncing() {
		return table.Errorf(table.CodeInitialDownload, "Quern is in initial sync and waiting for blocks...")
	}
	return nil
}

// poll waits until the tip is no longer the one of the id, or after a while
// the mempool has changed.
func (n *node) poll(ctx context.Context, raw json.RawMessage) error {
	tip, seq := n.Chain.Tip().ID, n.Pool.Stats().Sequence
	var id string
	if json.Unmarshal(raw, &id) == nil {
		var err error
		if tip, err = table.ParseHash(id[:min(len(id), 64)], "longpollid"); err != nil {
			return err
		}
		seq, _ = strconv.ParseUint(id[64:], 10, 64) // no number: no transaction seen, as in Core
	}
	wait := time.NewTimer(firstPoll)
	defer wait.Stop()
	for {
		changed := n.Chain.Changed()
		if n.Chain.Tip().ID != tip {
			return nil
		}
		select {
		case <-changed:
		case <-wait.C:
			if n.Pool.Stats().Sequence != seq {
				return nil
			}
			wait.Reset(nextPoll)
		case <-ctx.Done():
			return table.Errorf(table.CodeNotConnected, "Shutting down")
		}
	}
}

// propose judges a block that has no proof of work yet (BIP23).
func (n *node) propose(ctx context.Context, raw json.RawMessage) (any, error) {
	var data string
	if raw == nil || json.Unmarshal(raw, &data) != nil || table.IsNull(raw) {
		return nil, table.Errorf(table.CodeType, "Missing data String key for proposal")
	}
	b, err := decodeBlock(data)
	if err != nil {
		return nil, err
	}
	if h, ok := n.Chain.Header(b.ID()); ok {
		switch {
		case h.Invalid:
			return "duplicate-invalid", nil
		case h.Active:
			return "duplicate", nil
		}
		return "duplicate-inconclusive", nil
	}
	// A draft's Merkle root is not judged, so it is here.
	if root, _ := wire.MerkleRoot(b.TxIDs()); root != b.Header.Merkle {
		return string(consensus.BadMerkleRoot), nil
	}
	return bip22(n.Chain.TestBlock(ctx, b, true))
}

type templateTx struct {
	Data    view.Hex  `json:"data"`
	TxID    wire.Hash `json:"txid"`
	Hash    wire.Hash `json:"hash"`
	Depends []int     `json:"depends"` // places in the block, the coinbase being 0
	Fee     int64     `json:"fee"`     // satoshis
	Sigops  int       `json:"sigops"`
	Weight  int       `json:"weight"`
}

type templateJSON struct {
	Capabilities []string       `json:"capabilities"`
	Version      int32          `json:"version"`
	Rules        []string       `json:"rules"`
	Available    map[string]int `json:"vbavailable"`
	Required     int            `json:"vbrequired"`
	Prev         wire.Hash      `json:"previousblockhash"`
	Txs          []templateTx   `json:"transactions"`
	Aux          struct{}       `json:"coinbaseaux"`
	Value        int64          `json:"coinbasevalue"` // satoshis
	LongPoll     string         `json:"longpollid"`
	Target       string         `json:"target"`
	MinTime      uint32         `json:"mintime"`
	Mutable      []string       `json:"mutable"`
	Nonces       string         `json:"noncerange"`
	Sigops       int            `json:"sigoplimit"`
	Size         int            `json:"sizelimit"`
	Weight       int            `json:"weightlimit,omitempty"`
	Time         uint32         `json:"curtime"`
	Bits         view.Hex32     `json:"bits"`
	Height       uint32         `json:"height"`
	Challenge    view.Hex       `json:"signet_challenge,omitempty"`
	Commitment   view.Hex       `json:"default_witness_commitment,omitempty"`
}

func (n *node) template(t *mining.Template, seq uint64) templateJSON {
	h, coinbase := &t.Block.Header, t.Block.Txs[0]
	// Before segwit sigops are counted in a scale four times coarser.
	scale, segwit := consensus.WitnessScale, t.Height() >= n.Params.Segwit
	out := templateJSON{
		Capabilities: []string{"proposal"}, Version: h.Version, Rules: []string{"csv"}, Available: map[string]int{},
		Prev: h.Parent, Txs: []templateTx{}, Value: coinbase.Outs[0].Value,
		LongPoll: h.Parent.String() + strconv.FormatUint(seq, 10), Target: view.Target(h.Bits), MinTime: t.MinTime,
		Mutable: []string{"time", "transactions", "prevblock"}, Nonces: "00000000ffffffff",
		Sigops: consensus.MaxSigopCost / scale, Size: consensus.MaxWeight / scale,
		Time: h.Time, Bits: view.Hex32(h.Bits), Height: t.Height(), Challenge: n.Params.SignetChallenge,
	}
	if segwit {
		scale = 1
		out.Rules = append(out.Rules, "!segwit", "taproot")
		out.Sigops, out.Size, out.Weight = consensus.MaxSigopCost, consensus.MaxWeight, consensus.MaxWeight
		for _, o := range coinbase.Outs[1:] {
			out.Commitment = o.Script
		}
	}
	if n.Params.SignetChallenge != nil {
		out.Rules = append(out.Rules, "!signet")
	}
	place := make(map[wire.Hash]int, len(t.Block.Txs))
	for i, tx := range t.Block.Txs {
		place[tx.ID()] = i
		if i == 0 {
			continue
		}
		out.Txs = append(out.Txs, templateTx{
			Data: tx.Append(nil), TxID: tx.ID(), Hash: tx.WitnessID(), Depends: depends(tx, place),
			Fee: t.Fees[i], Sigops: t.Sigops[i] / scale, Weight: tx.Weight(),
		})
	}
	return out
}

// depends lists the transactions of the block that t spends from.
func depends(t *wire.Tx, place map[wire.Hash]int) []int {
	out := []int{}
	for i := range t.Ins {
		if at, ok := place[t.Ins[i].Prev.TxID]; ok {
			out = append(out, at)
		}
	}
	return out
}
