package poolrpc

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

const (
	maxTestPackage = 25 // transactions
	missingInputs  = "bad-txns-inputs-missingorspent"
	defaultMaxFee  = "0.10" // coins per 1000 virtual bytes
)

func (n *node) sendMethods() []table.Method {
	maxFee := table.Arg{
		Name: "maxfeerate", Kind: table.Amount, Def: `"` + defaultMaxFee + `"`,
		About: "Reject transactions whose fee rate is higher than the specified value, expressed in BTC/kvB. Set to 0 to accept any fee rate.",
	}
	return []table.Method{{
		Name: "sendrawtransaction", Pool: true, Category: "rawtransactions",
		About: "Submit a raw transaction (serialized, hex-encoded) to the mempool and the network.",
		Args: []table.Arg{
			{Name: "hexstring", Kind: table.HexText, Need: true, About: "The hex string of the raw transaction"},
			maxFee,
			{Name: "maxburnamount", Kind: table.Amount, Def: `"0.00"`, About: "Reject transactions with provably unspendable outputs greater than the specified value, expressed in BTC."},
		},
		Result: "The transaction hash in hex", Call: n.sendRawTransaction,
	}, {
		Name: "testmempoolaccept", Pool: true, Category: "rawtransactions",
		About: "Returns result of mempool acceptance tests indicating if raw transaction(s) (serialized, hex-encoded) would be accepted by mempool.\n\n" +
			"If multiple transactions are passed in, parents must come before children and package policies apply: the transactions cannot conflict with any mempool transactions or each other.\n\n" +
			"If one transaction fails, other transactions may not be fully validated (the 'allowed' key will be blank).\n\n" +
			"The maximum number of transactions allowed is 25.",
		Args: []table.Arg{
			{Name: "rawtxs", Kind: table.Array, Need: true, About: "An array of hex strings of raw transactions."},
			maxFee,
		},
		Result: "[ { \"txid\", \"wtxid\", \"package-error\", \"allowed\", \"vsize\", \"fees\", \"reject-reason\", \"reject-details\" }, … ]", Call: n.testMempoolAccept,
	}}
}

// maxFeerate reads a limit, in satoshis per 1000 virtual bytes.
func maxFeerate(raw json.RawMessage) (int64, error) {
	v, err := table.ParseAmount(raw)
	if err == nil && v >= consensus.Coins {
		err = table.Errorf(table.CodeInvalid, "Fee rates larger than or equal to 1BTC/kvB are not accepted")
	}
	return v, err
}

// maxFee is what a limit allows a size, rounded up as Core's CFeeRate does; 0
// for no limit.
func maxFee(perKvB int64, vsize int) int64 { return (perKvB*int64(vsize) + 999) / 1000 }

func (n *node) sendRawTransaction(_ context.Context, a table.Args) (any, error) {
	burn, err := table.ParseAmount(a.Raw(2))
	if err != nil {
		return nil, err
	}
	t, ok := view.DecodeTx(a.Text(0))
	if !ok {
		return nil, table.Errorf(table.CodeDecode, "TX decode failed. Make sure the tx has at least one input.")
	}
	for _, o := range t.Outs {
		if o.Value > burn && (script.IsUnspendable(o.Script) || !wellFormed(o.Script)) {
			return nil, table.Errorf(table.CodeVerify, "Unspendable output exceeds maximum configured by user (maxburnamount)")
		}
	}
	limit, err := maxFeerate(a.Raw(1))
	if err != nil {
		return nil, err
	}
	if err := n.send(t, maxFee(limit, t.VSize())); err != nil {
		return nil, err
	}
	return t.ID(), nil
}

// wellFormed says whether every operation of a script can be read.
func wellFormed(s []byte) bool {
	for i := 0; i < len(s); {
		op, size, width := s[i], 0, 0
		i++
		switch {
		case op <= 75:
			size = int(op)
		case op <= 78: // OP_PUSHDATA1, 2 and 4
			width = 1 << (op - 76)
		case op > 0xba: // beyond OP_CHECKSIGADD there are none
			return false
		}
		if len(s)-i < width {
			return false
		}
		for j := range width {
			size |= int(s[i+j]) << (8 * j)
		}
		i += width
		if size > len(s)-i || (width > 0 && size > 520) {
			return false
		}
		i += size
	}
	return true
}

// send hands t to the mempool, in Core's order: known transactions first.
func (n *node) send(t *wire.Tx, limit int64) error {
	if e, ok := n.Pool.Get(t.ID()); ok && e.Tx.WitnessID() == t.WitnessID() {
		return nil // waiting already: relaying it again is peering's affair
	}
	if n.anyUnspent(t) {
		return table.Errorf(table.CodeInChain, "Transaction outputs already in utxo set")
	}
	if limit > 0 {
		r, err := n.Pool.Test(t)
		if err != nil {
			return sendError(err)
		}
		if r.Entry.Fee > limit {
			return table.Errorf(table.CodeVerify, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
		}
	}
	_, err := n.Pool.Add(t, "")
	return sendError(err)
}

// anyUnspent says whether an output of t is unspent: then t is in a block.
func (n *node) anyUnspent(t *wire.Tx) bool {
	ops := make([]wire.Outpoint, len(t.Outs))
	for i := range ops {
		ops[i] = t.Outpoint(i)
	}
	_, found, err := n.Chain.Coins(ops)
	for i := range found {
		if err == nil && !found[i].Missing {
			return true
		}
	}
	return false
}

// sendError gives a refusal Core's code: -25 for missing inputs, -26 else.
func sendError(err error) error {
	var refusal *mempool.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refusal):
		return err
	case refusal.Reason == missingInputs:
		return table.Errorf(table.CodeVerify, "%s", missingInputs)
	}
	return table.Errorf(table.CodeRejected, "%s", refusal.Error())
}

type acceptJSON struct {
	TxID      wire.Hash       `json:"txid"`
	WitnessID wire.Hash       `json:"wtxid"`
	Package   string          `json:"package-error,omitempty"`
	Allowed   *bool           `json:"allowed,omitempty"`
	VSize     int             `json:"vsize,omitempty"`
	Fees      *acceptFeesJSON `json:"fees,omitempty"`
	Reason    string          `json:"reject-reason,omitempty"`
	Details   string          `json:"reject-details,omitempty"`
}

type acceptFeesJSON struct {
	Base     view.Coins  `json:"base"`
	Feerate  view.Coins  `json:"effective-feerate"`
	Includes []wire.Hash `json:"effective-includes"`
}

func (n *node) testMempoolAccept(_ context.Context, a table.Args) (any, error) {
	list := a.List(0)
	if len(list) < 1 || len(list) > maxTestPackage {
		return nil, table.Errorf(table.CodeInvalid, "Array must contain between 1 and %d transactions.", maxTestPackage)
	}
	limit, err := maxFeerate(a.Raw(1))
	if err != nil {
		return nil, err
	}
	txs := make([]*wire.Tx, len(list))
	for i, raw := range list {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
		}
		t, ok := view.DecodeTx(s)
		if !ok {
			return nil, table.Errorf(table.CodeDecode, "TX decode failed: %s Make sure the tx has at least one input.", s)
		}
		txs[i] = t
	}
	return n.testAccept(txs, limit)
}

// testAccept judges one transaction, or several as a package.
func (n *node) testAccept(txs []*wire.Tx, limit int64) ([]acceptJSON, error) {
	verdicts, err := n.verdicts(txs)
	var whole *mempool.Error
	if err != nil && !errors.As(err, &whole) {
		return nil, err
	}
	out, stopped := make([]acceptJSON, len(txs)), false
	for i, t := range txs {
		out[i] = acceptJSON{TxID: t.ID(), WitnessID: t.WitnessID()}
		if whole != nil {
			out[i].Package = whole.Error()
			continue
		}
		// What follows one that pays too much would not be sent.
		if !stopped {
			out[i].judged(verdicts[i], limit)
			stopped = out[i].Reason == "max-fee-exceeded"
		}
	}
	return out, nil
}

// verdicts has the mempool judge. An *mempool.Error is about them all.
func (n *node) verdicts(txs []*wire.Tx) ([]mempool.Verdict, error) {
	if len(txs) > 1 {
		return n.Pool.TestPackage(txs)
	}
	r, err := n.Pool.Test(txs[0])
	var refusal *mempool.Error
	if errors.As(err, &refusal) {
		return []mempool.Verdict{{Refused: refusal}}, nil
	}
	return []mempool.Verdict{{Result: &r}}, err
}

// judged fills in a verdict; nothing for a transaction that was not judged.
func (a *acceptJSON) judged(v mempool.Verdict, limit int64) {
	if v.Result == nil && v.Refused == nil {
		return
	}
	a.Allowed = new(bool)
	if v.Refused != nil {
		if a.Reason = v.Refused.Reason; a.Reason == missingInputs {
			a.Reason = "missing-inputs"
			return
		}
		a.Details = v.Refused.Error()
		return
	}
	e := v.Result.Entry
	if most := maxFee(limit, e.Size); most > 0 && e.Fee > most {
		a.Reason = "max-fee-exceeded"
		return
	}
	*a.Allowed, a.VSize = true, e.Size
	a.Fees = &acceptFeesJSON{
		view.Coins(e.Fee), view.Coins(e.Fee * 1000 / int64(max(1, e.Size))), []wire.Hash{a.WitnessID},
	}
}
