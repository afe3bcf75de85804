package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/work"
)

const (
	defaultTries  = "1000000"
	hashrateSpan  = 120 // blocks
	minPackageFee = 1   // satoshis per 1000 virtual bytes, Core's blockmintxfee
)

func miningMethods() []method {
	tries := arg{name: "maxtries", kind: long, def: defaultTries, about: "How many iterations to try."}
	return []method{{
		name: "getmininginfo", pool: true, category: "mining", about: "Returns a json object containing mining-related information.",
		result: "{ \"blocks\", \"bits\", \"difficulty\", \"target\", \"networkhashps\", \"pooledtx\", \"blockmintxfee\", \"chain\", \"next\", \"warnings\" }",
		call:   getMiningInfo,
	}, {
		name: "getnetworkhashps", category: "mining",
		about: "Returns the estimated network hashes per second based on the last n blocks.",
		args: []arg{
			{name: "nblocks", kind: integer, def: "120", about: "The number of previous blocks to calculate estimate from, or -1 for blocks since last difficulty change."},
			{name: "height", kind: integer, def: "-1", about: "To estimate at the time of the given height."},
		},
		result: "Hashes per second estimated", call: getNetworkHashPS,
	}, {
		name: "generatetoaddress", category: "hidden", about: "Mine to a specified address and return the block hashes.",
		args: []arg{
			{name: "nblocks", kind: integer, need: true, about: "How many blocks are generated."},
			{name: "address", kind: text, need: true, about: "The address to send the newly generated bitcoin to."},
			tries,
		},
		result: "[ \"hash\", … ]", call: generateToAddress,
	}, {
		name: "generatetodescriptor", category: "hidden", about: "Mine to a specified descriptor and return the block hashes.",
		args: []arg{
			{name: "num_blocks", kind: integer, need: true, about: "How many blocks are generated."},
			{name: "descriptor", kind: text, need: true, about: "The descriptor to send the newly generated bitcoin to."},
			tries,
		},
		result: "[ \"hash\", … ]", call: generateToDescriptor,
	}, {
		name: "generateblock", pool: true, category: "hidden",
		about: "Mine a set of ordered transactions to a specified address or descriptor and return the block hash.\n" +
			"Transaction fees are not collected in the block reward.",
		args: []arg{
			{name: "output", kind: text, need: true, about: "The address or descriptor to send the newly generated bitcoin to."},
			{name: "transactions", kind: array, need: true, about: "An array of hex strings which are either txids or raw transactions.\nTxids must reference transactions currently in the mempool.\nAll transactions must be valid and in valid order, otherwise the block will be rejected."},
			{name: "submit", kind: boolean, def: "true", about: "Whether to submit the block before the RPC call returns or to return it as hex."},
		},
		result: "{ \"hash\", \"hex\" }", call: generateBlock,
	}}
}

func generateToAddress(ctx context.Context, n *node, a args) (any, error) {
	s, err := address.Decode(a.text(1), n.Params)
	if err != nil {
		return nil, errorf(codeNotFound, "Error: Invalid address")
	}
	return n.generate(ctx, a, s)
}

func generateToDescriptor(ctx context.Context, n *node, a args) (any, error) {
	s, err := n.descriptorScript(a.text(1))
	if err != nil {
		return nil, err
	}
	return n.generate(ctx, a, s)
}

// descriptorScript is the script that blocks pay to for a descriptor. Of a
// combo it is P2WPKH or, for an uncompressed key, P2PKH.
func (n *node) descriptorScript(text string) ([]byte, error) {
	d, err := descriptor.Parse(text, n.Params)
	if err != nil {
		return nil, errorf(codeNotFound, "%v", err)
	}
	if d.Ranged() {
		return nil, errorf(codeInvalid, "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?")
	}
	outs, err := d.Expand(0)
	if err != nil {
		return nil, errorf(codeNotFound, "Cannot derive script without private keys")
	}
	switch len(outs) {
	case 1:
		return outs[0].Script, nil
	case 4:
		return outs[2].Script, nil
	}
	return outs[1].Script, nil
}

// generate mines, one call at a time: two that mined on one tip would make a
// branch that neither caller wants.
func (n *node) generate(ctx context.Context, a args, s []byte) (any, error) {
	blocks, tries := a.integer(0), a.integer(2)
	if tries < 0 {
		return nil, errorf(codeMisc, "JSON integer out of range")
	}
	if blocks <= 0 || tries == 0 {
		return []wire.Hash{}, nil
	}
	n.mining.Lock()
	defer n.mining.Unlock()
	ids, err := n.Assembler.Generate(ctx, int(blocks), s, uint64(tries))
	if errors.Is(err, mining.ErrTries) {
		err = nil // Core returns what was found
	}
	if err != nil {
		return nil, generateError(err)
	}
	return nonNil(ids), nil
}

func generateError(err error) error {
	var rule *consensus.RuleError
	if errors.As(err, &rule) {
		return errorf(codeVerify, "TestBlockValidity failed: %v", rule)
	}
	return errorf(codeMisc, "%v", err)
}

func generateBlock(ctx context.Context, n *node, a args) (any, error) {
	s, err := n.descriptorScript(a.text(0))
	if err != nil {
		if s, err = address.Decode(a.text(0), n.Params); err != nil {
			return nil, errorf(codeNotFound, "Error: Invalid address or descriptor")
		}
	}
	txs, err := n.namedTxs(a.list(1))
	if err != nil {
		return nil, err
	}
	n.mining.Lock()
	defer n.mining.Unlock()
	b, err := n.Assembler.GenerateBlock(ctx, s, txs, a.flag(2))
	if err != nil {
		return nil, generateError(err)
	}
	out := struct {
		Hash wire.Hash `json:"hash"`
		Hex  hexBytes  `json:"hex,omitempty"`
	}{Hash: b.ID()}
	if !a.flag(2) {
		out.Hex = b.Bytes()
	}
	return out, nil
}

// namedTxs looks up ids in the mempool and decodes the rest.
func (n *node) namedTxs(list []json.RawMessage) ([]*wire.Tx, error) {
	txs := make([]*wire.Tx, len(list))
	for i, raw := range list {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil, errorf(codeType, "%s", wrongType(raw, "string"))
		}
		if id, err := wire.ParseHash(s); err == nil {
			e, ok := n.Pool.Get(id)
			if !ok {
				return nil, errorf(codeNotFound, "Transaction %s not in mempool.", s)
			}
			txs[i] = e.Tx
			continue
		}
		t, ok := decodeTx(s)
		if !ok {
			return nil, errorf(codeDecode, "Transaction decode failed for %s. Make sure the tx has at least one input.", s)
		}
		txs[i] = t
	}
	return txs, nil
}

type targetJSON struct {
	Height     uint32 `json:"height"`
	Bits       hex32  `json:"bits"`
	Difficulty double `json:"difficulty"`
	Target     string `json:"target"`
}

func getMiningInfo(_ context.Context, n *node, _ args) (any, error) {
	tip := n.Chain.Tip()
	next := consensus.NextBits(&tip, n.nextTime(&tip))
	rate := n.hashrate(hashrateSpan, tip.Height)
	return struct {
		Blocks     uint32     `json:"blocks"`
		Bits       hex32      `json:"bits"`
		Difficulty double     `json:"difficulty"`
		Target     string     `json:"target"`
		Hashrate   double     `json:"networkhashps"`
		Pooled     int        `json:"pooledtx"`
		MinFee     coins      `json:"blockmintxfee"`
		Chain      string     `json:"chain"`
		Next       targetJSON `json:"next"`
		Challenge  hexBytes   `json:"signet_challenge,omitempty"`
		Warnings   []string   `json:"warnings"`
	}{
		tip.Height, hex32(tip.Past.Bits), double(tip.Past.Bits.Difficulty()), targetOf(uint32(tip.Past.Bits)),
		rate, n.Pool.Stats().Count, minPackageFee, n.Params.RPCName,
		targetJSON{tip.Height + 1, hex32(next), double(next.Difficulty()), targetOf(uint32(next))},
		n.Params.SignetChallenge, n.warnings(),
	}, nil
}

// nextTime is what a block found now would be stamped with.
func (n *node) nextTime(tip *consensus.State) uint32 {
	return max(tip.MedianTimePast()+1, uint32(n.Now().Unix()))
}

func getNetworkHashPS(_ context.Context, n *node, a args) (any, error) {
	height, span := a.integer(1), a.integer(0)
	tip := n.Chain.Tip()
	switch {
	case span < -1 || span == 0:
		return nil, errorf(codeInvalid, "Invalid nblocks. Must be a positive number or -1.")
	case height < -1 || height > int64(tip.Height):
		return nil, errorf(codeInvalid, "Block does not exist at specified height")
	case height == -1:
		height = int64(tip.Height)
	}
	if span == -1 {
		period := int64(max(1, n.Params.Period))
		span = height%period + 1
	}
	return n.hashrate(span, uint32(height)), nil
}

// hashrate is the work of the span blocks up to height by the time they took,
// in hashes a second (Core's GetNetworkHashPS).
func (n *node) hashrate(span int64, height uint32) double {
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
	return double(f / (time.Duration(most-least) * time.Second).Seconds())
}
