package minerpc

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
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/work"
)

const (
	defaultTries  = "1000000"
	hashrateSpan  = 120 // blocks
	minPackageFee = 1   // satoshis per 1000 virtual bytes, Core's blockmintxfee
)

func (n *node) miningMethods() []table.Method {
	tries := table.Arg{Name: "maxtries", Kind: table.Long, Def: defaultTries, About: "How many iterations to try."}
	return []table.Method{{
		Name: "getmininginfo", Pool: true, Category: "mining", About: "Returns a json object containing mining-related information.",
		Result: "{ \"blocks\", \"bits\", \"difficulty\", \"target\", \"networkhashps\", \"pooledtx\", \"blockmintxfee\", \"chain\", \"next\", \"warnings\" }",
		Call:   n.getMiningInfo,
	}, {
		Name: "getnetworkhashps", Category: "mining",
		About: "Returns the estimated network hashes per second based on the last n blocks.",
		Args: []table.Arg{
			{Name: "nblocks", Kind: table.Integer, Def: "120", About: "The number of previous blocks to calculate estimate from, or -1 for blocks since last difficulty change."},
			{Name: "height", Kind: table.Integer, Def: "-1", About: "To estimate at the time of the given height."},
		},
		Result: "Hashes per second estimated", Call: n.getNetworkHashPS,
	}, {
		Name: "generatetoaddress", Category: "hidden", About: "Mine to a specified address and return the block hashes.",
		Args: []table.Arg{
			{Name: "nblocks", Kind: table.Integer, Need: true, About: "How many blocks are generated."},
			{Name: "address", Kind: table.Text, Need: true, About: "The address to send the newly generated bitcoin to."},
			tries,
		},
		Result: "[ \"hash\", … ]", Call: n.generateToAddress,
	}, {
		Name: "generatetodescriptor", Category: "hidden", About: "Mine to a specified descriptor and return the block hashes.",
		Args: []table.Arg{
			{Name: "num_blocks", Kind: table.Integer, Need: true, About: "How many blocks are generated."},
			{Name: "descriptor", Kind: table.Text, Need: true, About: "The descriptor to send the newly generated bitcoin to."},
			tries,
		},
		Result: "[ \"hash\", … ]", Call: n.generateToDescriptor,
	}, {
		Name: "generateblock", Pool: true, Category: "hidden",
		About: "Mine a set of ordered transactions to a specified address or descriptor and return the block hash.\n" +
			"Transaction fees are not collected in the block reward.",
		Args: []table.Arg{
			{Name: "output", Kind: table.Text, Need: true, About: "The address or descriptor to send the newly generated bitcoin to."},
			{Name: "transactions", Kind: table.Array, Need: true, About: "An array of hex strings which are either txids or raw transactions.\nTxids must reference transactions currently in the mempool.\nAll transactions must be valid and in valid order, otherwise the block will be rejected."},
			{Name: "submit", Kind: table.Boolean, Def: "true", About: "Whether to submit the block before the RPC call returns or to return it as hex."},
		},
		Result: "{ \"hash\", \"hex\" }", Call: n.generateBlock,
	}}
}

func (n *node) generateToAddress(ctx context.Context, a table.Args) (any, error) {
	s, err := address.Decode(a.Text(1), n.Params)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "Error: Invalid address")
	}
	return n.generate(ctx, a, s)
}

func (n *node) generateToDescriptor(ctx context.Context, a table.Args) (any, error) {
	s, err := n.descriptorScript(a.Text(1))
	if err != nil {
		return nil, err
	}
	return n.generate(ctx, a, s)
}

// descriptorScript is the script that blocks pay to for a descriptor. Of a
// combo it is P2WPKH or, for an uncompressed key, P2PKH.
func (n *node) descriptorScript(text string) ([]byte, error) {
	list, err := descriptor.Parse(text, n.Params)
	switch {
	case err != nil:
		return nil, table.Errorf(table.CodeNotFound, "%v", err)
	case len(list) > 1:
		return nil, table.Errorf(table.CodeInvalid, "Multipath descriptor not accepted")
	}
	d := list[0]
	if d.Ranged() {
		return nil, table.Errorf(table.CodeInvalid, "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?")
	}
	e, err := d.Expand(0)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "Cannot derive script without private keys")
	}
	switch len(e.Scripts) {
	case 0:
		return nil, table.Errorf(table.CodeMisc, "The descriptor has no script")
	case 1:
		return e.Scripts[0], nil
	case 4:
		return e.Scripts[2], nil
	}
	return e.Scripts[1], nil
}

// generate mines, one call at a time: two that mined on one tip would make a
// branch that neither caller wants.
func (n *node) generate(ctx context.Context, a table.Args, s []byte) (any, error) {
	blocks, tries := a.Integer(0), a.Integer(2)
	if tries < 0 {
		return nil, table.Errorf(table.CodeMisc, "JSON integer out of range")
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
	return view.NonNil(ids), nil
}

func generateError(err error) error {
	var rule *consensus.RuleError
	if errors.As(err, &rule) {
		return table.Errorf(table.CodeVerify, "TestBlockValidity failed: %v", rule)
	}
	return table.Errorf(table.CodeMisc, "%v", err)
}

func (n *node) generateBlock(ctx context.Context, a table.Args) (any, error) {
	s, err := n.descriptorScript(a.Text(0))
	if err != nil {
		if s, err = address.Decode(a.Text(0), n.Params); err != nil {
			return nil, table.Errorf(table.CodeNotFound, "Error: Invalid address or descriptor")
		}
	}
	txs, err := n.namedTxs(a.List(1))
	if err != nil {
		return nil, err
	}
	n.mining.Lock()
	defer n.mining.Unlock()
	b, err := n.Assembler.GenerateBlock(ctx, s, txs, a.Flag(2))
	if err != nil {
		return nil, generateError(err)
	}
	out := struct {
		Hash wire.Hash `json:"hash"`
		Hex  view.Hex  `json:"hex,omitempty"`
	}{Hash: b.ID()}
	if !a.Flag(2) {
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
			return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
		}
		if id, err := wire.ParseHash(s); err == nil {
			e, ok := n.Pool.Get(id)
			if !ok {
				return nil, table.Errorf(table.CodeNotFound, "Transaction %s not in mempool.", s)
			}
			txs[i] = e.Tx
			continue
		}
		t, ok := view.DecodeTx(s)
		if !ok {
			return nil, table.Errorf(table.CodeDecode, "Transaction decode failed for %s. Make sure the tx has at least one input.", s)
		}
		txs[i] = t
	}
	return txs, nil
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
	rate := n.hashrate(hashrateSpan, tip.Height)
	return struct {
		Blocks     uint32      `json:"blocks"`
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
		tip.Height, view.Hex32(tip.Past.Bits), view.Double(tip.Past.Bits.Difficulty()), view.Target(uint32(tip.Past.Bits)),
		rate, n.Pool.Stats().Count, minPackageFee, n.Params.RPCName,
		targetJSON{tip.Height + 1, view.Hex32(next), view.Double(next.Difficulty()), view.Target(uint32(next))},
		n.Params.SignetChallenge, n.Warnings(),
	}, nil
}

// nextTime is what a block found now would be stamped with.
func (n *node) nextTime(tip *consensus.State) uint32 {
	return max(tip.MedianTimePast()+1, uint32(n.Now().Unix()))
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
		period := int64(max(1, n.Params.Period))
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
