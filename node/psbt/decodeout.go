package psbt

import "github.com/quernnet/quern/node/signing"

// read reads an output's map.
func (o *Output) read(r *reader, version uint32) {
	f := outputFields{Output: o, version: version}
	r.fields("an", "output", func(key []byte, kind int) { f.field(r, key, kind) })
	switch {
	case r.err != nil || version < 2:
	case !f.haveAmount:
		r.fail(failure("Output amount is required in PSBTv2"))
	case !f.haveScript:
		r.fail(failure("Output script is required in PSBTv2"))
	}
}

// outputFields is an output as it is read.
type outputFields struct {
	*Output
	version                uint32
	haveAmount, haveScript bool
}

func (f *outputFields) field(r *reader, key []byte, kind int) {
	switch kind {
	case outRedeem:
		if r.keySize("Output redeemScript", key, 1) {
			f.Redeem = r.bytes()
		}
	case outWitnessScript:
		if r.keySize("Output witnessScript", key, 1) {
			f.WitnessScript = r.bytes()
		}
	case outOrigin:
		r.keyOrigin(key, &f.Origins)
	case outAmount:
		if f.second(r, "Output Amount", "Output amount", key) {
			r.sized(func() { f.Value = int64(r.uint64()) })
			f.haveAmount = true
		}
	case outScript:
		if f.second(r, "Output Script", "Output script", key) {
			f.Script, f.haveScript = r.bytes(), true
		}
	case outTapInternal:
		if r.keySize("Output Taproot Internal Key", key, 1) {
			r.sized(func() { f.TapInternal = r.hash() })
		}
	case outTapTree:
		if r.keySize("Output Taproot Tree Key", key, 1) {
			f.tree(r)
		}
	case outTapOrigin:
		r.tapOrigin("Output", key, &f.TapOrigins)
	case outParticipants:
		r.participants("Output", key, &f.Participants)
	case outProprietary:
		r.proprietary(key, &f.Proprietary)
	default:
		r.unknown(key, &f.Unknown)
	}
}

// second passes a field that only version 2 has.
func (f *outputFields) second(r *reader, name, what string, key []byte) bool {
	if !r.keySize(name, key, 1) {
		return false
	}
	if f.version < 2 {
		r.fail(failure("%s is not allowed in PSBTv0", what))
	}
	return r.err == nil
}

func (f *outputFields) tree(r *reader) {
	inner := reader{b: r.bytes()}
	if r.err == nil && len(inner.b) == 0 {
		r.fail(failure("Output Taproot tree must not be empty"))
	}
	if r.err != nil {
		return
	}
	for inner.more() {
		l := signing.TreeLeaf{Depth: inner.byte(), Version: inner.byte(), Script: inner.bytes()}
		switch {
		case inner.err != nil:
		case l.Depth > 128:
			inner.fail(failure("Output Taproot tree has as leaf greater than Taproot maximum depth"))
		case l.Version&1 != 0:
			inner.fail(failure("Output Taproot tree has a leaf with an invalid leaf version"))
		}
		f.TapTree = append(f.TapTree, l)
	}
	if inner.err == nil && !f.TapTree.Complete() {
		inner.fail(failure("Output Taproot tree is malformed"))
	}
	r.fail(inner.err)
}
