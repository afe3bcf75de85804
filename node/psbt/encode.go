package psbt

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

// writer appends fields: a key, its type first, and a value.
type writer struct{ b []byte }

func (w *writer) bytes(v []byte) {
	w.b = append(wire.AppendVarint(w.b, uint64(len(v))), v...)
}

// field writes a field whose key's data is the parts together.
func (w *writer) field(kind byte, v []byte, data ...string) {
	size := 1
	for _, d := range data {
		size += len(d)
	}
	w.b = append(wire.AppendVarint(w.b, uint64(size)), kind)
	for _, d := range data {
		w.b = append(w.b, d...)
	}
	w.bytes(v)
}

// given writes a field unless its value is empty.
func (w *writer) given(kind byte, v []byte) {
	if len(v) > 0 {
		w.field(kind, v)
	}
}

func (w *writer) uint32(kind byte, v *uint32) {
	if v != nil {
		w.field(kind, binary.LittleEndian.AppendUint32(nil, *v))
	}
}

func (w *writer) end() { w.b = append(w.b, 0) }

// Append adds the encoding to dst.
func (p *Packet) Append(dst []byte) []byte {
	w := &writer{append(dst, magic...)}
	if p.Version < 2 {
		t, _ := p.Unsigned() // version 0 always has a lock time
		w.field(globalTx, t.AppendBase(nil))
	}
	for i := range p.Xpubs {
		x := &p.Xpubs[i]
		w.field(globalXpub, appendOrigin(nil, x.Origin), string(x.Key[:]))
	}
	if p.Version >= 2 {
		p.appendSecond(w)
	}
	if p.Version > 0 {
		w.uint32(globalVersion, &p.Version)
	}
	w.foreign(p.Proprietary)
	w.unknown(p.Unknown)
	w.end()
	for i := range p.Ins {
		p.Ins[i].append(w, p.Version)
	}
	for i := range p.Outs {
		p.Outs[i].append(w, p.Version)
	}
	return w.b
}

// appendSecond writes what version 2 has instead of a transaction.
func (p *Packet) appendSecond(w *writer) {
	w.uint32(globalTxVersion, &p.TxVersion)
	w.uint32(globalFallback, p.Fallback)
	w.field(globalInCount, wire.AppendVarint(nil, uint64(len(p.Ins))))
	w.field(globalOutCount, wire.AppendVarint(nil, uint64(len(p.Outs))))
	if p.Modifiable != nil {
		w.field(globalModifiable, []byte{*p.Modifiable})
	}
}

func (in *Input) append(w *writer, version uint32) {
	if in.PrevTx != nil {
		w.field(inPrevTx, in.PrevTx.AppendBase(nil))
	}
	if in.Coin != nil {
		v := binary.LittleEndian.AppendUint64(nil, uint64(in.Coin.Value))
		w.field(inCoin, append(wire.AppendVarint(v, uint64(len(in.Coin.Script))), in.Coin.Script...))
	}
	if !in.Final() {
		in.appendOpen(w)
	}
	w.given(inFinalScript, in.FinalScript)
	if len(in.FinalWitness) > 0 {
		inner := writer{wire.AppendVarint(nil, uint64(len(in.FinalWitness)))}
		for _, item := range in.FinalWitness {
			inner.bytes(item)
		}
		w.field(inFinalWitness, inner.b)
	}
	if version >= 2 {
		w.field(inPrevTxID, in.Prev.TxID[:])
		w.uint32(inPrevIndex, &in.Prev.Index)
		w.uint32(inSequence, in.Sequence)
		w.uint32(inTimeLock, in.TimeLock)
		w.uint32(inHeightLock, in.HeightLock)
	}
	w.foreign(in.Proprietary)
	w.unknown(in.Unknown)
	w.end()
}

// appendOpen writes what an input needs until it is final.
func (in *Input) appendOpen(w *writer) {
	ids := slices.SortedFunc(maps.Keys(in.Sigs), func(a, b signing.KeyID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		w.field(inSig, in.Sigs[id].Sig, string(in.Sigs[id].Key))
	}
	w.uint32(inSighash, in.Sighash)
	w.given(inRedeem, in.Redeem)
	w.given(inWitnessScript, in.WitnessScript)
	w.origins(inOrigin, in.Origins)
	w.preimages(inRipemd160, in.Preimages.Ripemd160)
	w.preimages(inSHA256, in.Preimages.SHA256)
	w.preimages(inHash160, in.Preimages.Hash160)
	w.preimages(inHash256, in.Preimages.Hash256)
	w.given(inTapKeySig, in.TapKeySig)
	for _, at := range SortedTapSigs(in.TapSigs) {
		w.field(inTapSig, in.TapSigs[at], string(at.Key[:]), string(at.Leaf[:]))
	}
	for _, l := range in.Tap.SortedLeaves() {
		for _, control := range in.Tap.Leaves[l] {
			w.field(inTapLeaf, append([]byte(l.Script), l.Version), string(control))
		}
	}
	w.tapOrigins(inTapOrigin, in.TapOrigins)
	w.hash(inTapInternal, in.Tap.Internal)
	w.hash(inTapRoot, in.Tap.Root)
	w.participants(inParticipants, in.Participants)
	for _, s := range SortedSessions(in.Nonces) {
		for _, by := range sorted(in.Nonces[s]) {
			w.field(inNonce, in.Nonces[s][by], string(by), sessionText(s))
		}
	}
	for _, s := range SortedSessions(in.PartialSigs) {
		for _, by := range sorted(in.PartialSigs[s]) {
			sig := in.PartialSigs[s][by]
			w.field(inPartialSig, sig[:], string(by), sessionText(s))
		}
	}
}

func (o *Output) append(w *writer, version uint32) {
	w.given(outRedeem, o.Redeem)
	w.given(outWitnessScript, o.WitnessScript)
	w.origins(outOrigin, o.Origins)
	if version >= 2 {
		w.field(outAmount, binary.LittleEndian.AppendUint64(nil, uint64(o.Value)))
		w.field(outScript, o.Script)
	}
	w.foreign(o.Proprietary)
	w.hash(outTapInternal, o.TapInternal)
	if len(o.TapTree) > 0 {
		var inner writer
		for _, l := range o.TapTree {
			inner.b = append(inner.b, l.Depth, l.Version)
			inner.bytes(l.Script)
		}
		w.field(outTapTree, inner.b)
	}
	w.tapOrigins(outTapOrigin, o.TapOrigins)
	w.participants(outParticipants, o.Participants)
	w.unknown(o.Unknown)
	w.end()
}
