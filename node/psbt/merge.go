package psbt

import (
	"maps"

	"github.com/quernnet/quern/node/signing"
)

// Combine merges packets of one transaction into a new one; false when they are
// not of one transaction or not of one version. What the first has wins.
func Combine(packets []*Packet) (*Packet, bool) {
	out := packets[0].clone()
	id, ok := out.uniqueID()
	for _, p := range packets[1:] {
		other, known := p.uniqueID()
		if !ok || !known || other != id || p.Version != out.Version {
			return nil, false
		}
		out.merge(p)
	}
	return out, true
}

// clone copies what merging changes.
func (p *Packet) clone() *Packet {
	out := &Packet{Version: p.Version, TxVersion: p.TxVersion, Fallback: p.Fallback}
	out.Ins, out.Outs = make([]Input, len(p.Ins)), make([]Output, len(p.Outs))
	for i := range p.Ins {
		in := &p.Ins[i]
		out.Ins[i] = Input{Prev: in.Prev, Sighash: in.Sighash}
	}
	for i := range p.Outs {
		out.Outs[i] = Output{Out: p.Outs[i].Out}
	}
	out.Modifiable = p.Modifiable
	out.merge(p)
	out.Modifiable = p.Modifiable
	return out
}

func (p *Packet) merge(o *Packet) {
	for i := range p.Ins {
		p.Ins[i].merge(&o.Ins[i])
	}
	for i := range p.Outs {
		p.Outs[i].merge(&o.Outs[i])
	}
	for _, x := range o.Xpubs {
		p.addXpub(x)
	}
	keep(&p.Fallback, o.Fallback)
	if p.Modifiable != nil || o.Modifiable != nil {
		p.Modifiable = new(mergeModifiable(p.Modifiable, o.Modifiable))
	}
	insert(&p.Proprietary, o.Proprietary)
	insert(&p.Unknown, o.Unknown)
}

// mergeModifiable leaves to change what both leave; one SINGLE is enough.
func mergeModifiable(a, b *byte) byte {
	var x, y byte
	if a != nil {
		x = *a
	}
	if b != nil {
		y = *b
	}
	const single = 1 << 2
	return x&y&^single | (x|y)&single
}

func (in *Input) merge(o *Input) {
	keep(&in.PrevTx, o.PrevTx)
	keep(&in.Coin, o.Coin)
	insert(&in.Sigs, o.Sigs)
	insert(&in.Preimages.Ripemd160, o.Preimages.Ripemd160)
	insert(&in.Preimages.SHA256, o.Preimages.SHA256)
	insert(&in.Preimages.Hash160, o.Preimages.Hash160)
	insert(&in.Preimages.Hash256, o.Preimages.Hash256)
	insert(&in.Origins, o.Origins)
	insert(&in.Proprietary, o.Proprietary)
	insert(&in.Unknown, o.Unknown)
	insert(&in.TapSigs, o.TapSigs)
	insert(&in.Tap.Leaves, o.Tap.Leaves)
	insert(&in.TapOrigins, o.TapOrigins)
	keepBytes(&in.Redeem, o.Redeem)
	keepBytes(&in.WitnessScript, o.WitnessScript)
	keepBytes(&in.FinalScript, o.FinalScript)
	if len(in.FinalWitness) == 0 {
		in.FinalWitness = o.FinalWitness
	}
	keepBytes(&in.TapKeySig, o.TapKeySig)
	keepHash(&in.Tap.Internal, o.Tap.Internal)
	keepHash(&in.Tap.Root, o.Tap.Root)
	insert(&in.Participants, o.Participants)
	mergeSessions(&in.Nonces, o.Nonces)
	mergeSessions(&in.PartialSigs, o.PartialSigs)
	keep(&in.Sequence, o.Sequence)
	keep(&in.TimeLock, o.TimeLock)
	keep(&in.HeightLock, o.HeightLock)
}

func (o *Output) merge(from *Output) {
	insert(&o.Origins, from.Origins)
	insert(&o.Proprietary, from.Proprietary)
	insert(&o.Unknown, from.Unknown)
	insert(&o.TapOrigins, from.TapOrigins)
	keepBytes(&o.Redeem, from.Redeem)
	keepBytes(&o.WitnessScript, from.WitnessScript)
	keepHash(&o.TapInternal, from.TapInternal)
	if len(o.TapTree) == 0 {
		o.TapTree = from.TapTree
	}
	insert(&o.Participants, from.Participants)
}

// mergeSessions copies, so that packets share no map of a session.
func mergeSessions[V any](m *map[signing.Session]map[signing.PubKey]V, from map[signing.Session]map[signing.PubKey]V) {
	for s, by := range from {
		own := maps.Clone((*m)[s])
		insert(&own, by)
		if *m == nil {
			*m = make(map[signing.Session]map[signing.PubKey]V)
		}
		(*m)[s] = own
	}
}

// keep takes v where nothing is.
func keep[T any](p **T, v *T) {
	if *p == nil {
		*p = v
	}
}

func keepBytes(p *[]byte, v []byte) {
	if len(*p) == 0 {
		*p = v
	}
}

func keepHash[H ~[32]byte](p *H, v H) {
	if *p == (H{}) {
		*p = v
	}
}

// insert adds what m lacks of from.
func insert[K comparable, V any](m *map[K]V, from map[K]V) {
	for k, v := range from {
		put(m, k, v)
	}
}
