package minerpc

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/table"
)

func (n *node) templateMethods() []table.Method {
	return []table.Method{{
		Name: "getblocktemplate", Category: "mining",
		About: "If the request parameters include a 'mode' key, that is used to explicitly select between the default 'template' request or a 'proposal'.\n" +
			"It returns data needed to construct a block to work on.\n" +
			"For full specification, see BIPs 22, 23, 9, and 145:\n" +
			"    https://github.com/bitcoin/bips/blob/master/bip-0022.mediawiki\n" +
			"    https://github.com/bitcoin/bips/blob/master/bip-0023.mediawiki\n" +
			"    https://github.com/bitcoin/bips/blob/master/bip-0009.mediawiki#getblocktemplate_changes\n" +
			"    https://github.com/bitcoin/bips/blob/master/bip-0145.mediawiki\n",
		Args: []table.Arg{{Name: "template_request", Kind: table.Object, Need: true, About: "Format of the template", Fields: []table.Arg{
			{Name: "mode", Kind: table.Text, About: `This must be set to "template", "proposal" (see BIP 23), or omitted`},
			{Name: "capabilities", Kind: table.Array, About: "A list of strings", Fields: []table.Arg{
				{Name: "str", Kind: table.Text, About: "client side supported feature, 'longpoll', 'coinbasevalue', 'proposal', 'serverlist', 'workid'"},
			}},
			{Name: "rules", Kind: table.Array, Need: true, About: "A list of strings", Fields: []table.Arg{
				{Name: "segwit", Kind: table.Text, Need: true, About: "(literal) indicates client side segwit support"},
				{Name: "str", Kind: table.Text, About: "other client side supported softfork deployment"},
			}},
			{Name: "longpollid", Kind: table.Text, About: "delay processing request until the result would vary significantly from the \"longpollid\" of a prior template"},
			{Name: "data", Kind: table.HexText, About: "proposed block data to check, encoded in hexadecimal; valid only for mode=\"proposal\""},
		}}},
		Results: []table.Shape{
			table.Null("").When("If the proposal was accepted with mode=='proposal'"),
			table.Str("", "According to BIP22").When("If the proposal was not accepted with mode=='proposal'"),
			templateShape().When("Otherwise"),
		},
		Examples: table.Both("getblocktemplate", `'{"rules": ["segwit"]}'`, `{"rules": ["segwit"]}`), Call: n.getBlockTemplate,
	}}
}

func templateShape() table.Shape {
	return table.Obj("", "",
		table.Num("version", "The preferred block version"),
		table.Arr("rules", "specific block rules that are to be enforced",
			table.Str("", "name of a rule the client must understand to some extent; see BIP 9 for format")),
		table.Dict("vbavailable", "set of pending, supported versionbit (BIP 9) softfork deployments",
			table.Num("rulename", "identifies the bit number as indicating acceptance and readiness for the named softfork rule")),
		table.Arr("capabilities", "", table.Str("value", "A supported feature, for example 'proposal'")),
		table.Num("vbrequired", "bit mask of versionbits the server requires set in submissions"),
		table.Str("previousblockhash", "The hash of current highest block"),
		table.Arr("transactions", "contents of non-coinbase transactions that should be included in the next block", table.Obj("", "",
			table.Hex("data", "transaction data encoded in hexadecimal (byte-for-byte)"),
			table.Hex("txid", "transaction hash excluding witness data, shown in byte-reversed hex"),
			table.Hex("hash", "transaction hash including witness data, shown in byte-reversed hex"),
			table.Arr("depends", "array of numbers",
				table.Num("", "transactions before this one (by 1-based index in 'transactions' list) that must be present in the final block if this one is")),
			table.Num("fee", "difference in value between transaction inputs and outputs (in satoshis); for coinbase transactions, this is a negative Number of the total collected block fees (ie, not including the block subsidy); if key is not present, fee is unknown and clients MUST NOT assume there isn't one"),
			table.Num("sigops", "total SigOps cost, as counted for purposes of block limits; if key is not present, sigop cost is unknown and clients MUST NOT assume it is zero"),
			table.Num("weight", "total transaction weight, as counted for purposes of block limits"),
		)),
		table.Dict("coinbaseaux", "data that should be included in the coinbase's scriptSig content",
			table.Hex("key", "values must be in the coinbase (keys may be ignored)")),
		table.Num("coinbasevalue", "maximum allowable input to coinbase transaction, including the generation award and transaction fees (in satoshis)"),
		table.Str("longpollid", "an id to include with a request to longpoll on an update to this template"),
		table.Str("target", "The hash target"),
		table.Time("mintime", "The minimum timestamp appropriate for the next block time, expressed in UNIX epoch time. Adjusted for the proposed BIP94 timewarp rule."),
		table.Arr("mutable", "list of ways the block template may be changed",
			table.Str("value", "A way the block template may be changed, e.g. 'time', 'transactions', 'prevblock'")),
		table.Hex("noncerange", "A range of valid nonces"),
		table.Num("sigoplimit", "limit of sigops in blocks"),
		table.Num("sizelimit", "limit of block size"),
		table.Num("weightlimit", "limit of block weight").Maybe(),
		table.Time("curtime", "current timestamp in UNIX epoch time. Adjusted for the proposed BIP94 timewarp rule."),
		table.Str("bits", "compressed target of next block"),
		table.Num("height", "The height of the next block"),
		table.Hex("signet_challenge", "Only on signet").Maybe(),
		table.Hex("default_witness_commitment", "a valid witness commitment for the unmodified block template").Maybe(),
	)
}

// templateRequest is what a caller asks for.
type templateRequest struct {
	rules    []string
	longPoll json.RawMessage // nil: do not wait
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
	r, err := newRequest(o)
	if err != nil {
		return nil, err
	}
	if mode != "template" {
		return nil, table.Errorf(table.CodeInvalid, "Invalid mode")
	}
	if err := n.readyToMine(); err != nil {
		return nil, err
	}
	if r.longPoll != nil {
		if err := n.poll(ctx, r.longPoll); err != nil {
			return nil, err
		}
	}
	if n.Params.SignetChallenge != nil && !slices.Contains(r.rules, "signet") {
		return nil, table.Errorf(table.CodeInvalid, `getblocktemplate must be called with the signet rule set (call with {"rules": ["segwit", "signet"]})`)
	}
	if !slices.Contains(r.rules, "segwit") {
		return nil, table.Errorf(table.CodeInvalid, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`)
	}
	t, err := n.Templates.Latest(ctx)
	if err != nil {
		return nil, testError(err)
	}
	return n.answer(t, r.rules)
}

func newRequest(o map[string]json.RawMessage) (r templateRequest, err error) {
	if raw, ok := o["rules"]; ok && table.TypeName(raw) == "array" {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return r, table.Errorf(table.CodeType, "rules is not an array")
		}
		for _, v := range list {
			var rule string
			if table.TypeName(v) != "string" || json.Unmarshal(v, &rule) != nil {
				return r, table.Errorf(table.CodeType, "%s", table.WrongType(v, "string"))
			}
			r.rules = append(r.rules, rule)
		}
	}
	if raw, ok := o["longpollid"]; ok && !table.IsNull(raw) {
		r.longPoll = raw
	}
	return r, nil
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

// testError words that no block could be built.
func testError(err error) error {
	var rule *consensus.RuleError
	if errors.As(err, &rule) {
		return table.Errorf(table.CodeVerify, "TestBlockValidity failed: %v", rule)
	}
	return table.Errorf(table.CodeMisc, "%v", err)
}

// answer is t for a client that knows some rules.
func (n *node) answer(t *mining.Ready, known []string) (any, error) {
	out := &templateJSON{t: t, txs: t.Shown, time: max(t.Block.Header.Time, n.nextTime(&t.Prev)), version: t.Block.Header.Version}
	for _, s := range n.Assembler.Signals(&t.Prev) {
		name := s.Name
		if !s.Optional {
			name = "!" + name
		}
		knows := s.Optional || slices.Contains(known, s.Name)
		switch s.Stage {
		case mining.Started, mining.LockedIn:
			out.signals = append(out.signals, signal{name, s.Bit})
			if !knows {
				out.version &^= s.Mask()
			}
		case mining.Active:
			if !knows {
				return nil, table.Errorf(table.CodeInvalid, "Support for '%s' rule requires explicit client support", s.Name)
			}
			out.active = append(out.active, name)
		}
	}
	return out, nil
}
