package walletrpc

import (
	"encoding/hex"
	"encoding/json"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/signing"
	"github.com/quernnet/quern/node/spending"
	"github.com/quernnet/quern/node/wallet"
)

// fundOptions are the options of methods that fund transactions, with their types.
var fundOptions = []txargs.Field{
	txargs.Of("add_inputs", "bool"), txargs.Of("include_unsafe", "bool"), txargs.Of("add_to_wallet", "bool"),
	txargs.Of("changeAddress", "string"), txargs.Of("change_address", "string"),
	txargs.Of("changePosition", "number"), txargs.Of("change_position", "number"), txargs.Of("change_type", "string"),
	txargs.Of("includeWatching", "bool"), txargs.Of("include_watching", "bool"), txargs.Of("inputs", "array"),
	txargs.Of("lockUnspents", "bool"), txargs.Of("lock_unspents", "bool"), txargs.Of("locktime", "number"),
	txargs.Of("fee_rate", ""), txargs.Of("feeRate", ""), txargs.Of("psbt", "bool"), txargs.Of("solving_data", "object"),
	txargs.Of("subtractFeeFromOutputs", "array"), txargs.Of("subtract_fee_from_outputs", "array"), txargs.Of("replaceable", "bool"),
	txargs.Of("conf_target", "number"), txargs.Of("estimate_mode", "string"), txargs.Of("minconf", "number"), txargs.Of("maxconf", "number"),
	txargs.Of("input_weights", "array"), txargs.Of("max_tx_weight", "number"),
}

// notNull are those of them that may be left out but not null, in the order in which they are read.
var notNull = []txargs.Field{
	txargs.Of("add_inputs", "bool"), txargs.Of("change_address", "string"), txargs.Of("changeAddress", "string"),
	txargs.Of("change_position", "number"), txargs.Of("changePosition", "number"), txargs.Of("change_type", "string"),
	txargs.Of("lock_unspents", "bool"), txargs.Of("lockUnspents", "bool"), txargs.Of("include_unsafe", "bool"),
	txargs.Of("replaceable", "bool"), txargs.Of("minconf", "number"), txargs.Of("maxconf", "number"),
	txargs.Of("solving_data", "object"), txargs.Of("input_weights", "array"), txargs.Of("max_tx_weight", "number"),
}

// checkOptions refuses options that there are not, and values of other types.
func checkOptions(o txargs.Object) error {
	if err := o.Strict(fundOptions...); err != nil {
		return err
	}
	for _, want := range notNull {
		for _, f := range o {
			if f.Key == want.Key && table.IsNull(f.Value) {
				return table.Errorf(table.CodeType, "%s", table.WrongType(f.Value, string(want.Value)))
			}
		}
	}
	return nil
}

// first is an option by either of its names.
func first(o txargs.Object, names ...string) (json.RawMessage, bool) {
	for _, name := range names {
		if o.Has(name) {
			return o.Get(name), true
		}
	}
	return nil, false
}

func truth(raw json.RawMessage) bool { return string(raw) == "true" }

// fundDraft funds outputs with a transaction's inputs, version and lock time, and
// options (Core's FundTransaction).
func (n *node) fundDraft(w *wallet.Wallet, t *wire.Tx, to []spending.Recipient, o txargs.Object, c *control, override bool) (*funded, error) {
	if err := checkOptions(o); err != nil {
		return nil, err
	}
	for _, read := range []func() error{
		func() error { return c.readChange(o, n, len(to)) },
		func() error { return c.readFee(o, override) },
		func() error { return c.readSolving(o, n) },
		func() error { return c.readWeights(o) },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	if v := o.Get("max_tx_weight"); given(v) {
		weight, err := table.ParseInteger(v, 32)
		if err != nil {
			return nil, err
		}
		if c.maxWeight = weight; weight == 0 {
			c.maxWeight = -1 // which is out of range, and not left out
		}
	}
	if t.Version == truc && (c.maxWeight == 0 || c.maxWeight > trucWeight) {
		c.maxWeight = trucWeight
	}
	if len(to) == 0 {
		return nil, table.Errorf(table.CodeInvalid, "TX must have at least one output")
	}
	c.inputs, c.explicit, c.lockTime, c.version = t.Ins, len(t.Ins), &t.LockTime, t.Version
	c.addWeighed()
	d, err := n.fund(w, to, c)
	if err != nil {
		return nil, coded(err, table.CodeWallet)
	}
	return d, nil
}

const trucWeight = 40_000 // weight units, of a transaction of version 3

func (c *control) readChange(o txargs.Object, n *node, outs int) error {
	if v := o.Get("add_inputs"); given(v) {
		c.others = truth(v)
	}
	if v, ok := first(o, "change_address", "changeAddress"); ok {
		text, _ := txargs.ReadText(v)
		s, err := address.Decode(text, n.Params)
		if err != nil {
			return table.Errorf(table.CodeNotFound, "Change address must be a valid bitcoin address")
		}
		c.change = s
	}
	if v, ok := first(o, "change_position", "changePosition"); ok {
		at, err := table.ParseInteger(v, 32)
		if err != nil {
			return err
		}
		if at < 0 || at > int64(outs) {
			return table.Errorf(table.CodeInvalid, "changePosition out of bounds")
		}
		c.changeAt = new(int(at))
	}
	if v := o.Get("change_type"); given(v) {
		if c.change != nil {
			return table.Errorf(table.CodeInvalid, "Cannot specify both change address and address type options")
		}
		text, _ := txargs.ReadText(v)
		t, ok := wallet.ParseAddressType(text)
		if !ok {
			return table.Errorf(table.CodeNotFound, "Unknown change type '%s'", text)
		}
		c.changeType = &t
	}
	if v, ok := first(o, "lock_unspents", "lockUnspents"); ok {
		c.lock = truth(v)
	}
	c.unsafe = truth(o.Get("include_unsafe"))
	return nil
}

func (c *control) readFee(o txargs.Object, override bool) error {
	if v := o.Get("feeRate"); given(v) {
		switch {
		case o.Has("fee_rate"):
			return table.Errorf(table.CodeInvalid, "Cannot specify both fee_rate (sat/vB) and feeRate (BTC/kvB)")
		case o.Has("conf_target"):
			return table.Errorf(table.CodeInvalid, "Cannot specify both conf_target and feeRate. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.")
		case o.Has("estimate_mode"):
			return table.Errorf(table.CodeInvalid, "Cannot specify both estimate_mode and feeRate")
		}
		rate, err := table.ParseAmount(v)
		if err != nil {
			return err
		}
		c.feerate, c.override = new(spending.Feerate(rate)), true
	}
	if v := o.Get("replaceable"); given(v) {
		c.rbf = new(truth(v))
	}
	if err := c.readDepths(o, "Negative minconf"); err != nil {
		return err
	}
	return c.setFee(o.Get("conf_target"), o.Get("estimate_mode"), o.Get("fee_rate"), override)
}

func (c *control) readDepths(o txargs.Object, negative string) (err error) {
	if v := o.Get("minconf"); given(v) {
		if c.minDepth, err = table.ParseInteger(v, 32); err != nil {
			return err
		}
		if c.minDepth < 0 {
			return table.Errorf(table.CodeInvalid, "%s", negative)
		}
	}
	if v := o.Get("maxconf"); given(v) {
		if c.maxDepth, err = table.ParseInteger(v, 32); err != nil {
			return err
		}
		if c.maxDepth < c.minDepth {
			return table.Errorf(table.CodeInvalid, "maxconf can't be lower than minconf: %d < %d", c.maxDepth, c.minDepth)
		}
	}
	return nil
}

// readSolving reads what it takes to spend others' coins.
func (c *control) readSolving(o txargs.Object, n *node) error {
	if !o.Has("solving_data") {
		return nil
	}
	data, err := txargs.ReadObject(o.Get("solving_data"))
	if err != nil {
		return err
	}
	for _, part := range []struct {
		key  string
		read func(text string) error
	}{{"pubkeys", c.solvingKey}, {"scripts", c.solvingScript}, {"descriptors", func(s string) error { return c.solvingDescriptor(s, n) }}} {
		if !data.Has(part.key) {
			continue
		}
		list, err := txargs.ReadList(data.Get(part.key))
		if err != nil {
			return err
		}
		for _, item := range list {
			text, err := txargs.ReadText(item)
			if err != nil {
				return err
			}
			if err := part.read(text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *control) solvingKey(text string) error {
	raw, err := hex.DecodeString(text)
	switch {
	case err != nil || text == "":
		return table.Errorf(table.CodeNotFound, "Pubkey \"%s\" must be a hex string", text)
	case len(raw) != 33 && len(raw) != 65:
		return table.Errorf(table.CodeNotFound, "Pubkey \"%s\" must have a length of either 33 or 65 bytes", text)
	}
	k := signing.PubKey(raw)
	if !k.Valid() {
		return table.Errorf(table.CodeNotFound, "Pubkey \"%s\" must be cryptographically valid.", text)
	}
	id := k.ID()
	one := signing.Keyring{Public: map[signing.KeyID]signing.PubKey{id: k}}
	one.AddScript(address.PayToWitness(0, id[:]))
	c.ring.Merge(&one)
	return nil
}

func (c *control) solvingScript(text string) error {
	raw, err := hex.DecodeString(text)
	if err != nil || text == "" {
		return table.Errorf(table.CodeNotFound, "'%s' is not hex", text)
	}
	c.ring.AddScript(raw)
	return nil
}

func (c *control) solvingDescriptor(text string, n *node) error {
	ds, err := descriptor.ParseSealed(text, n.Params)
	if err != nil {
		return table.Errorf(table.CodeInvalid, "Unable to parse descriptor '%s': %v", text, err)
	}
	for _, d := range ds {
		if e, err := d.Expand(0); err == nil {
			c.ring.Merge(&e.Ring)
		}
	}
	return nil
}

const leastInputWeight = 165 // an input without script, with an empty witness

func (c *control) readWeights(o txargs.Object) error {
	if !o.Has("input_weights") {
		return nil
	}
	list, err := txargs.ReadList(o.Get("input_weights"))
	if err != nil {
		return err
	}
	for _, item := range list {
		if err := c.readWeight(item); err != nil {
			return err
		}
	}
	return nil
}

func (c *control) readWeight(raw json.RawMessage) error {
	o, err := txargs.ReadObject(raw)
	if err != nil {
		return err
	}
	var op wire.Outpoint
	if op.TxID, err = o.Hash("txid"); err != nil {
		return err
	}
	number := func(key string) (int64, error) {
		if table.TypeName(o.Get(key)) != "number" {
			return 0, table.Errorf(table.CodeInvalid, "Invalid parameter, missing %s key", key)
		}
		return table.ParseInteger(o.Get(key), 64)
	}
	at, err := number("vout")
	if err != nil {
		return err
	}
	if at < 0 {
		return table.Errorf(table.CodeInvalid, "Invalid parameter, vout cannot be negative")
	}
	op.Index = uint32(at)
	weight, err := number("weight")
	switch {
	case err != nil:
		return err
	case weight < leastInputWeight:
		return table.Errorf(table.CodeInvalid, "Invalid parameter, weight cannot be less than 165 (41 bytes (size of outpoint + sequence + empty scriptSig) * 4 (witness scaling factor)) + 1 (empty witness)")
	case weight > spending.MaxWeight:
		return table.Errorf(table.CodeInvalid, "Invalid parameter, weight cannot be greater than the maximum standard tx weight of %d", spending.MaxWeight)
	}
	if _, ok := c.weights[op]; !ok {
		c.weighed = append(c.weighed, op)
	}
	c.weights[op] = weight
	return nil
}

// addWeighed spends what a weight was given for and no input: naming a coin there
// chooses it, as in Core.
func (c *control) addWeighed() {
	named := make(map[wire.Outpoint]bool)
	for _, in := range c.inputs {
		named[in.Prev] = true
	}
	for _, op := range c.weighed {
		if !named[op] {
			c.inputs = append(c.inputs, wire.In{Prev: op})
		}
	}
}

// inputWeights makes an option of the weights that inputs are given with.
func inputWeights(inputs json.RawMessage, o *txargs.Object) error {
	if o.Has("input_weights") {
		return table.Errorf(table.CodeInvalid, "Input weights should be specified in inputs rather than in options.")
	}
	if !given(inputs) {
		return nil
	}
	list, err := txargs.ReadList(inputs)
	if err != nil {
		return err
	}
	weights := []json.RawMessage{}
	for _, item := range list {
		if in, err := txargs.ReadObject(item); err == nil && in.Has("weight") {
			weights = append(weights, item)
		}
	}
	raw, err := json.Marshal(weights)
	*o = append(*o, txargs.Field{Key: "input_weights", Value: raw})
	return err
}
