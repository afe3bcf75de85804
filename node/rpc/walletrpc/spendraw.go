package walletrpc

import (
	"context"
	"encoding/json"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/spending"
	"github.com/quernnet/quern/node/wallet"
)

// fundedView is a transaction that was funded.
type fundedView struct {
	Hex      view.Hex   `json:"hex,omitempty"`
	PSBT     string     `json:"psbt,omitempty"`
	Fee      view.Coins `json:"fee"`
	ChangeAt int        `json:"changepos"`
}

func (n *node) fundRaw(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	t, ok := view.DecodeTxAs(a.Text(0), !a.Given(2) || !a.Flag(2), !a.Given(2) || a.Flag(2))
	if !ok {
		return nil, table.Errorf(table.CodeDecode, "TX decode failed")
	}
	o, err := options(a, 1)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(t.Outs))
	for i := range names {
		names[i] = "dummy"
	}
	set, err := paying(o.Get("subtractFeeFromOutputs"), names)
	if err != nil {
		return nil, err
	}
	d, err := n.fundDraft(w, t, recipients(t.Outs, set), o, newControl(w), true)
	if err != nil {
		return nil, err
	}
	return fundedView{Hex: d.Tx.Append(nil), Fee: view.Coins(d.Fee), ChangeAt: d.ChangeAt}, nil
}

// options reads an object that may be left out, or be a boolean as it was long ago.
func options(a table.Args, i int) (txargs.Object, error) {
	if !a.Given(i) || table.TypeName(a.Raw(i)) == "bool" {
		return nil, nil
	}
	return txargs.ReadObject(a.Raw(i))
}

// construct makes a transaction without outputs, and the outputs with who pays the
// fee.
func (n *node) construct(inputs, outputs, lockTime json.RawMessage, c *control, o txargs.Object, subtract string) (*wire.Tx, []spending.Recipient, error) {
	rbf := txargs.Replaceable{Given: true, Value: !c.final}
	if v := o.Get("replaceable"); given(v) {
		rbf.Value = truth(v)
	}
	pairs, err := txargs.Normalize(outputs)
	if err != nil {
		return nil, nil, err
	}
	outs, err := txargs.Outputs(pairs, n.Params)
	if err != nil {
		return nil, nil, err
	}
	set, err := paying(o.Get(subtract), keysOf(pairs))
	if err != nil {
		return nil, nil, err
	}
	if !given(lockTime) {
		lockTime = nil
	}
	version, err := json.Marshal(c.version)
	if err != nil {
		return nil, nil, err
	}
	t, err := txargs.Construct(inputs, outputs, lockTime, version, rbf, n.Params)
	if err != nil {
		return nil, nil, err
	}
	t.Outs = nil
	c.others = len(t.Ins) == 0
	return t, recipients(outs, set), nil
}

func (n *node) createFundedPSBT(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	o, err := options(a, 3)
	if err != nil {
		return nil, err
	}
	c := newControl(w)
	if c.version, err = version(a, 5); err != nil {
		return nil, err
	}
	t, to, err := n.construct(a.Raw(0), a.Raw(1), a.Raw(2), c, o, "subtractFeeFromOutputs")
	if err != nil {
		return nil, err
	}
	if err := inputWeights(a.Raw(0), &o); err != nil {
		return nil, err
	}
	d, err := n.fundDraft(w, t, to, o, c, true)
	if err != nil {
		return nil, err
	}
	p, err := n.emptyPSBT(d.Tx, a.Raw(6))
	if err != nil {
		return nil, err
	}
	if _, err := n.fill(w, p, filling{origins: a.Flag(4)}); err != nil {
		return nil, err
	}
	return fundedView{PSBT: p.Base64(), Fee: view.Coins(d.Fee), ChangeAt: d.ChangeAt}, nil
}

// version reads a transaction's version.
func version(a table.Args, i int) (int32, error) {
	if !a.Given(i) {
		return 2, nil
	}
	v, err := txargs.ReadUint32(a.Raw(i))
	return int32(min(v, 1<<30)), err
}

// emptyPSBT makes a packet in a version of the format, 2 when none is given.
func (n *node) emptyPSBT(t *wire.Tx, raw json.RawMessage) (*psbt.Packet, error) {
	v := uint32(2)
	if given(raw) {
		var err error
		if v, err = txargs.ReadUint32(raw); err != nil {
			return nil, err
		}
	}
	if v != 0 && v != 2 {
		return nil, table.Errorf(table.CodeInvalid, "The PSBT version can only be 2 or 0")
	}
	return psbt.New(t, v), nil
}

func (n *node) send(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	o, err := options(a, 4)
	if err != nil {
		return nil, err
	}
	if err := feeInstructions(a, 1, &o); err != nil {
		return nil, err
	}
	if err := outdated(o); err != nil {
		return nil, err
	}
	c := newControl(w)
	if c.version, err = version(a, 5); err != nil {
		return nil, err
	}
	t, to, err := n.construct(o.Get("inputs"), a.Raw(0), o.Get("locktime"), c, o, "subtract_fee_from_outputs")
	if err != nil {
		return nil, err
	}
	if err := inputWeights(o.Get("inputs"), &o); err != nil {
		return nil, err
	}
	d, err := n.fundDraft(w, t, to, o, c, false)
	if err != nil {
		return nil, err
	}
	return n.finish(ctx, w, o, d.Tx)
}

// feeInstructions moves arguments about the fee into the options.
func feeInstructions(a table.Args, from int, o *txargs.Object) error {
	target, mode, rate := a.Raw(from), a.Raw(from+1), a.Raw(from+2)
	if has(*o, "conf_target") || has(*o, "estimate_mode") {
		if given(target) || given(mode) {
			return table.Errorf(table.CodeInvalid, "Pass conf_target and estimate_mode either as arguments or in the options object, but not both")
		}
	} else {
		o.Set("conf_target", target)
		o.Set("estimate_mode", mode)
	}
	if has(*o, "fee_rate") {
		if given(rate) {
			return table.Errorf(table.CodeInvalid, "Pass the fee_rate either as an argument, or in the options object, but not both")
		}
	} else {
		o.Set("fee_rate", rate)
	}
	if o.Has("conf_target") && (!o.Has("estimate_mode") || string(o.Get("estimate_mode")) == `"unset"`) {
		return table.Errorf(table.CodeInvalid, "Specify estimate_mode")
	}
	return nil
}

// has says whether a key is there, be it null.
func has(o txargs.Object, key string) bool {
	for _, f := range o {
		if f.Key == key {
			return true
		}
	}
	return false
}

// outdated refuses names that other methods have for the same options.
func outdated(o txargs.Object) error {
	for _, names := range [][2]string{
		{"feeRate", "fee_rate (sat/vB)"}, {"changeAddress", "change_address"}, {"changePosition", "change_position"},
		{"lockUnspents", "lock_unspents"}, {"subtractFeeFromOutputs", "subtract_fee_from_outputs"},
	} {
		if has(o, names[0]) {
			return table.Errorf(table.CodeInvalid, "Use %s instead of %s", names[1], names[0])
		}
	}
	return nil
}

// finished is what send and sendall return.
type finished struct {
	PSBT     string     `json:"psbt,omitempty"`
	TxID     *wire.Hash `json:"txid,omitempty"`
	Hex      view.Hex   `json:"hex,omitempty"`
	Complete bool       `json:"complete"`
}

// finish signs a transaction and sends it, if that is wanted and it is complete
// (Core's FinishTransaction).
func (n *node) finish(ctx context.Context, w *wallet.Wallet, o txargs.Object, t *wire.Tx) (any, error) {
	n.discourageSniping(o, t)
	p := psbt.New(t, 2)
	if _, err := n.fill(w, p, filling{origins: true}); err != nil {
		return nil, err
	}
	if w.Flags()&wallet.NoPrivateKeys == 0 {
		if err := unlocked(w); err != nil {
			return nil, err
		}
	}
	if _, err := n.fill(w, p, filling{sign: true, finalize: true}); err != nil {
		return nil, err
	}
	var out finished
	done, complete := p.Extract()
	asPSBT, add := truth(o.Get("psbt")), !o.Has("add_to_wallet") || truth(o.Get("add_to_wallet"))
	if out.Complete = complete; asPSBT || !complete || !add {
		out.PSBT = p.Base64()
	}
	if !complete {
		return out, nil
	}
	out.TxID = new(done.ID())
	if add && !asPSBT {
		return out, commit(ctx, w, done, wallet.Note{})
	}
	out.Hex = done.Append(nil)
	return out, nil
}

// discourageSniping sets the lock time where neither it nor sequences were asked
// for.
func (n *node) discourageSniping(o txargs.Object, t *wire.Tx) {
	if has(o, "locktime") {
		return
	}
	for _, in := range t.Ins {
		if in.Sequence != spending.SequenceLocking && in.Sequence != spending.SequenceReplaceable {
			return
		}
	}
	t.LockTime = 0
	if tip := n.snipable(); tip != nil {
		t.LockTime = spending.LockTime(*tip, n.newRand())
	}
}
