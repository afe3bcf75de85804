package psbt

import (
	"encoding/base64"
	"maps"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

// Packet is a partially signed transaction.
type Packet struct {
	// Version is that of the format, 0 or 2.
	Version uint32
	Xpubs   []Xpub // in Core's order, without doubles

	TxVersion  uint32
	Fallback   *uint32 // the lock time unless inputs ask for one
	Modifiable *byte   // version 2: bit 0 inputs, 1 outputs, 2 some signature is SINGLE

	Ins  []Input
	Outs []Output

	Proprietary map[string]Proprietary // by key
	Unknown     map[string][]byte
}

// Proprietary is a field whose meaning somebody else defined.
type Proprietary struct {
	Identifier []byte
	Subtype    uint64
	Value      []byte
}

// Input is what a packet knows of an input. Maps and slices that are empty mean
// that nothing is known.
type Input struct {
	Prev     wire.Outpoint
	Sequence *uint32 // nil: final
	// The least lock times that the input asks for (version 2).
	TimeLock, HeightLock *uint32

	PrevTx *wire.Tx  // the whole transaction that is spent from
	Coin   *wire.Out // or, for witness inputs, the output

	Sighash       *uint32
	Redeem        []byte
	WitnessScript []byte
	Sigs          map[signing.KeyID]signing.Sig
	Origins       map[signing.PubKey]signing.Origin
	Preimages     signing.Preimages

	FinalScript  []byte
	FinalWitness [][]byte

	TapKeySig  []byte
	TapSigs    map[signing.TapSigKey][]byte
	Tap        signing.Taproot
	TapOrigins map[signing.XOnly]signing.TapOrigin

	Participants map[signing.PubKey][]signing.PubKey
	Nonces       map[signing.Session]map[signing.PubKey][]byte
	PartialSigs  map[signing.Session]map[signing.PubKey][32]byte

	Proprietary map[string]Proprietary
	Unknown     map[string][]byte
}

// Output is what a packet knows of an output.
type Output struct {
	wire.Out

	Redeem        []byte
	WitnessScript []byte
	Origins       map[signing.PubKey]signing.Origin
	TapInternal   signing.XOnly
	TapTree       signing.Tree
	TapOrigins    map[signing.XOnly]signing.TapOrigin
	Participants  map[signing.PubKey][]signing.PubKey

	Proprietary map[string]Proprietary
	Unknown     map[string][]byte
}

// New makes a packet of a transaction, whose scripts and witnesses are left out.
// version is 0 or 2.
func New(t *wire.Tx, version uint32) *Packet {
	p := &Packet{Version: version, TxVersion: uint32(t.Version), Fallback: new(t.LockTime)}
	for _, in := range t.Ins {
		p.Ins = append(p.Ins, Input{Prev: in.Prev, Sequence: new(in.Sequence)})
	}
	for _, o := range t.Outs {
		p.Outs = append(p.Outs, Output{Out: o})
	}
	return p
}

// Base64 is the packet in the form that people pass on.
func (p *Packet) Base64() string { return base64.StdEncoding.EncodeToString(p.Append(nil)) }

const sequenceFinal = 0xffffffff

// LockTime is the lock time that satisfies all inputs, height before time; false
// when some ask for one kind and others for the other (BIP370).
func (p *Packet) LockTime() (uint32, bool) {
	lock, ok := p.locks(p.Ins, locks{height: new(uint32), time: new(uint32)})
	return lock, ok
}

// locks are the lock times of each kind that still suit; nil: that kind cannot.
type locks struct{ height, time *uint32 }

// locks joins what inputs ask for to what is asked for already.
func (p *Packet) locks(ins []Input, l locks) (uint32, bool) {
	if p.Version >= 2 {
		for i := range ins {
			if !l.join(&ins[i]) {
				return 0, false
			}
		}
		for _, lock := range []*uint32{l.height, l.time} {
			if lock != nil && *lock > 0 {
				return *lock, true
			}
		}
	}
	if p.Fallback != nil {
		return *p.Fallback, true
	}
	return 0, true
}

func (l *locks) join(in *Input) bool {
	switch time, height := in.TimeLock != nil, in.HeightLock != nil; {
	case time && !height:
		if l.height = nil; l.time == nil {
			return false
		}
	case !time && height:
		if l.time = nil; l.height == nil {
			return false
		}
	}
	if in.TimeLock != nil && l.time != nil {
		l.time = new(max(*l.time, *in.TimeLock))
	}
	if in.HeightLock != nil && l.height != nil {
		l.height = new(max(*l.height, *in.HeightLock))
	}
	return true
}

// Unsigned is the transaction without scripts and witnesses; false when no lock
// time suits all inputs.
func (p *Packet) Unsigned() (*wire.Tx, bool) {
	lock, ok := p.LockTime()
	if !ok {
		return nil, false
	}
	t := &wire.Tx{Version: int32(p.TxVersion), LockTime: lock}
	for i := range p.Ins {
		in := wire.In{Prev: p.Ins[i].Prev, Sequence: sequenceFinal}
		if s := p.Ins[i].Sequence; s != nil {
			in.Sequence = *s
		}
		t.Ins = append(t.Ins, in)
	}
	for i := range p.Outs {
		t.Outs = append(t.Outs, p.Outs[i].Out)
	}
	return t, true
}

// uniqueID tells packets of different transactions apart: version 2 leaves
// sequences to change (BIP370).
func (p *Packet) uniqueID() (wire.Hash, bool) {
	t, ok := p.Unsigned()
	if !ok {
		return wire.Hash{}, false
	}
	if p.Version >= 2 {
		for i := range t.Ins {
			t.Ins[i].Sequence = 0
		}
	}
	return t.ID(), true
}

// Spent is the output that an input spends, where the packet knows it.
func (in *Input) Spent() (wire.Out, bool) {
	switch {
	case in.PrevTx != nil:
		if uint64(in.Prev.Index) >= uint64(len(in.PrevTx.Outs)) || in.PrevTx.ID() != in.Prev.TxID {
			return wire.Out{}, false
		}
		return in.PrevTx.Outs[in.Prev.Index], true
	case in.Coin != nil:
		return *in.Coin, true
	}
	return wire.Out{}, false
}

// Final says whether the input has its final script or witness.
func (in *Input) Final() bool { return len(in.FinalScript) > 0 || len(in.FinalWitness) > 0 }

// sorted lists keys of a map of strings in order.
func sorted[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
