package txargs

import (
	"encoding/json"
	"math"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/rpc/table"
)

// Sequences of inputs.
const (
	SequenceFinal       = 0xffffffff
	SequenceLocking     = 0xfffffffe // the lock time holds
	SequenceReplaceable = 0xfffffffd // and the transaction may be replaced (BIP125)
)

const (
	leastVersion = 1
	mostVersion  = 3
	opReturn     = 0x6a
)

// Replaceable is a boolean that may be left out.
type Replaceable struct{ Given, Value bool }

// Construct makes a transaction of a method's inputs, outputs, lock time and
// version, as they were given (Core's ConstructTransaction). inputs, lockTime and
// version may be nil.
func Construct(inputs, outputs, lockTime, version json.RawMessage, rbf Replaceable, p *consensus.Params) (*wire.Tx, error) {
	t := &wire.Tx{Version: 2}
	if lockTime != nil {
		v, err := table.ParseInteger(lockTime, 64)
		if err != nil {
			return nil, err
		}
		if v < 0 || v > math.MaxUint32 {
			return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, locktime out of range")
		}
		t.LockTime = uint32(v)
	}
	if version != nil {
		v, err := ReadUint32(version)
		if err != nil {
			return nil, err
		}
		if v < leastVersion || v > mostVersion {
			return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, version out of range(%d~%d)", leastVersion, mostVersion)
		}
		t.Version = int32(v)
	}
	var err error
	if t.Ins, err = Inputs(inputs, t.LockTime, rbf); err != nil {
		return nil, err
	}
	if t.Outs, err = AddOutputs(outputs, p); err != nil {
		return nil, err
	}
	if rbf.Given && rbf.Value && len(t.Ins) > 0 && !Signals(t) {
		return nil, table.Errorf(table.CodeInvalid, "Invalid parameter combination: Sequence number(s) contradict replaceable option")
	}
	return t, nil
}

// ReadUint32 reads a number that fits 32 bits without sign.
func ReadUint32(raw json.RawMessage) (uint32, error) {
	v, err := table.ParseInteger(raw, 64)
	if err != nil || v < 0 || v > math.MaxUint32 {
		return 0, table.Errorf(table.CodeMisc, "JSON integer out of range")
	}
	return uint32(v), nil
}

// Signals says whether an input says that the transaction may be replaced
// (BIP125).
func Signals(t *wire.Tx) bool {
	for _, in := range t.Ins {
		if in.Sequence <= SequenceReplaceable {
			return true
		}
	}
	return false
}

// Inputs reads a list of outpoints (Core's AddInputs).
func Inputs(raw json.RawMessage, lockTime uint32, rbf Replaceable) ([]wire.In, error) {
	if raw == nil || table.IsNull(raw) {
		return nil, nil
	}
	list, err := ReadList(raw)
	if err != nil {
		return nil, err
	}
	sequence := uint32(SequenceFinal)
	switch {
	case !rbf.Given || rbf.Value:
		sequence = SequenceReplaceable
	case lockTime != 0:
		sequence = SequenceLocking
	}
	var ins []wire.In
	for _, item := range list {
		in, err := readInput(item, sequence)
		if err != nil {
			return nil, err
		}
		ins = append(ins, in)
	}
	return ins, nil
}

func readInput(raw json.RawMessage, sequence uint32) (in wire.In, err error) {
	o, err := ReadObject(raw)
	if err != nil {
		return in, err
	}
	if in.Prev.TxID, err = o.Hash("txid"); err != nil {
		return in, err
	}
	v := o.Get("vout")
	if table.TypeName(v) != "number" {
		return in, table.Errorf(table.CodeInvalid, "Invalid parameter, missing vout key")
	}
	n, err := table.ParseInteger(v, 32)
	if err != nil {
		return in, err
	}
	if n < 0 {
		return in, table.Errorf(table.CodeInvalid, "Invalid parameter, vout cannot be negative")
	}
	in.Prev.Index, in.Sequence = uint32(n), sequence
	if v := o.Get("sequence"); table.TypeName(v) == "number" {
		n, err := table.ParseInteger(v, 64)
		if err != nil {
			return in, err
		}
		if n < 0 || n > SequenceFinal {
			return in, table.Errorf(table.CodeInvalid, "Invalid parameter, sequence number is out of range")
		}
		in.Sequence = uint32(n)
	}
	return in, nil
}

// Normalize reads outputs as one list of pairs, from an object or from an array of
// objects of one pair each (Core's NormalizeOutputs).
func Normalize(raw json.RawMessage) (Object, error) {
	if raw == nil || table.IsNull(raw) {
		return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, output argument must be non-null")
	}
	if table.TypeName(raw) == "object" {
		return ReadObject(raw)
	}
	list, err := ReadList(raw)
	if err != nil {
		return nil, err
	}
	var all Object
	for _, item := range list {
		if table.TypeName(item) != "object" {
			return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, key-value pair not an object as expected")
		}
		o, err := ReadObject(item)
		if err != nil {
			return nil, err
		}
		if len(o) != 1 {
			return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, key-value pair must contain exactly one key")
		}
		all = append(all, o[0])
	}
	return all, nil
}

// AddOutputs reads outputs however they are given.
func AddOutputs(raw json.RawMessage, p *consensus.Params) ([]wire.Out, error) {
	o, err := Normalize(raw)
	if err != nil {
		return nil, err
	}
	return Outputs(o, p)
}

// Outputs reads addresses with amounts, and data (Core's ParseOutputs). No
// address may come twice.
func Outputs(o Object, p *consensus.Params) ([]wire.Out, error) {
	var outs []wire.Out
	seen := make(map[string]bool)
	data := false
	for _, f := range o {
		// Core takes a key's first value, should there be several.
		value := o.Get(f.Key)
		if f.Key == "data" {
			if data {
				return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, duplicate key: data")
			}
			data = true
			b, err := readHex(textOf(value), "Data")
			if err != nil {
				return nil, err
			}
			outs = append(outs, wire.Out{Script: script.AppendPush([]byte{opReturn}, b)})
			continue
		}
		amount, err := table.ParseAmount(value)
		if err != nil {
			return nil, err
		}
		s, err := address.Decode(f.Key, p)
		if err != nil {
			return nil, table.Errorf(table.CodeNotFound, "Invalid Bitcoin address: %s", f.Key)
		}
		if seen[string(s)] {
			return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, duplicated address: %s", f.Key)
		}
		seen[string(s)] = true
		outs = append(outs, wire.Out{Value: amount, Script: s})
	}
	return outs, nil
}

// textOf is a string as it is, and a number's digits as a string.
func textOf(raw json.RawMessage) json.RawMessage {
	if table.TypeName(raw) == "number" {
		return json.RawMessage(`"` + string(raw) + `"`)
	}
	return raw
}
