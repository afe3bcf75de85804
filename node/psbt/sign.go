package psbt

import (
	"errors"
	"maps"
	"slices"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

// Errors of signing, in Core's words. RPC gives ErrMissing and ErrSighash the
// code -22, the others theirs.
var (
	ErrIncomplete = errors.New("Input needs additional signatures or other data")
	ErrMissing    = errors.New("Inputs missing or spent")
	ErrSighash    = errors.New("Specified sighash value does not match value stored in PSBT")
	ErrLockTime   = errors.New("PSBT cannot be made into a valid transaction")
)

// Options say how to sign.
type Options struct {
	Sighash  *uint32 // nil: DEFAULT for taproot, else ALL; another than the packet's is an error
	Finalize bool    // make final scripts of what is complete
	Dummy    bool    // make signatures of the right size that sign nothing
}

// Signer signs a packet's inputs, and changes it.
type Signer struct {
	p        *Packet
	spend    *signing.Spender
	coins    []wire.Out
	troubles []Trouble
}

// NewSigner prepares p for signing, by the outputs that it knows at this time; the
// error is ErrLockTime.
func NewSigner(p *Packet) (*Signer, error) {
	t, ok := p.Unsigned()
	if !ok {
		return nil, ErrLockTime
	}
	coins, known := make([]wire.Out, len(p.Ins)), true
	for i := range p.Ins {
		if coins[i], ok = p.Ins[i].Spent(); !ok {
			known = false
		}
	}
	return &Signer{p: p, spend: signing.NewSpender(t, coins, known), coins: coins}, nil
}

// Verified says whether input i has final scripts, and they are good.
func (s *Signer) Verified(i int) bool {
	in := &s.p.Ins[i]
	if _, ok := in.Spent(); !ok {
		return false
	}
	return s.spend.Verify(i, in.FinalScript, in.FinalWitness) == nil
}

// Sign makes input i's signatures with what r knows, and fills in what else r says
// of it. The Data says what is missing; it is nil when nothing had to be done.
// Errors are ErrIncomplete, ErrMissing and ErrSighash, or what failed in making nonces.
func (s *Signer) Sign(i int, r *signing.Keyring, o Options) (*signing.Data, error) {
	in := &s.p.Ins[i]
	if s.Verified(i) {
		return nil, nil
	}
	coin, ok := in.Spent()
	if !ok {
		return nil, ErrMissing
	}
	hashType, err := in.sighash(coin.Script, o.Sighash)
	if err != nil {
		return nil, err
	}
	d := in.data()
	var c signing.Creator = signing.Dummy{}
	if !o.Dummy {
		c = s.spend.Input(i, hashType)
	}
	complete := signing.Produce(r, c, coin.Script, d)
	if s.note(i, d.Troubles); d.Fault != nil {
		return d, d.Fault
	}
	// A coin that the packet alone vouches for is safe to sign only with a hash that
	// covers its amount.
	if in.PrevTx == nil && !d.Witnessed {
		return d, ErrIncomplete
	}
	if !o.Finalize {
		d.Complete = false
	}
	in.take(d)
	if d.Witnessed {
		in.Coin = &coin
	}
	if !complete {
		return d, ErrIncomplete
	}
	return d, nil
}

// sighash is the hash type to sign with, and notes one that is not the default.
// Signatures that are there must have it, too.
func (in *Input) sighash(prev []byte, want *uint32) (uint32, error) {
	taproot := script.Classify(prev) == script.TypeWitnessV1Taproot
	t := signing.SighashAll
	if taproot {
		t = signing.SighashDefault
	}
	if want != nil {
		t = *want
	}
	if in.Sighash != nil && *in.Sighash != t {
		return 0, ErrSighash
	}
	if t != signing.SighashDefault && (taproot || t != signing.SighashAll) {
		in.Sighash = &t
	}
	fits := func(sig []byte) bool {
		if t == signing.SighashDefault {
			return len(sig) == 64
		}
		return len(sig) == 65 && uint32(sig[64]) == t
	}
	if len(in.TapKeySig) > 0 && !fits(in.TapKeySig) {
		return 0, ErrSighash
	}
	for _, sig := range in.TapSigs {
		if !fits(sig) {
			return 0, ErrSighash
		}
	}
	for _, s := range in.Sigs {
		if t != signing.SighashDefault && uint32(s.Sig[len(s.Sig)-1]) != t {
			return 0, ErrSighash
		}
	}
	return t, nil
}

// data is what the input says, in the form that signing takes.
func (in *Input) data() *signing.Data {
	d := new(signing.Data)
	if in.Final() {
		d.Script, d.Witness, d.Complete = in.FinalScript, in.FinalWitness, true
		return d
	}
	d.Sigs = maps.Clone(in.Sigs)
	d.Redeem, d.WitnessScript = in.Redeem, in.WitnessScript
	for k, o := range in.Origins {
		put(&d.Origins, k.ID(), signing.KeyOrigin{Key: k, Origin: o})
	}
	d.TapKeySig = in.TapKeySig
	d.TapSigs = maps.Clone(in.TapSigs)
	d.Tap = in.Tap
	d.Tap.Leaves = maps.Clone(in.Tap.Leaves)
	takeTapOrigins(d, in.TapOrigins)
	d.Preimages = in.Preimages
	d.Participants = maps.Clone(in.Participants)
	mergeSessions(&d.Nonces, in.Nonces)
	mergeSessions(&d.PartialSigs, in.PartialSigs)
	return d
}

func takeTapOrigins(d *signing.Data, m map[signing.XOnly]signing.TapOrigin) {
	for x, o := range m {
		o.Leaves = maps.Clone(o.Leaves)
		put(&d.TapOrigins, x, o)
		put(&d.TapKeys, x.ID(), x)
	}
}

// take fills in what signing found.
func (in *Input) take(d *signing.Data) {
	if d.Complete {
		in.Sigs, in.Origins, in.Redeem, in.WitnessScript = nil, nil, nil, nil
		if len(d.Script) > 0 {
			in.FinalScript = d.Script
		}
		if len(d.Witness) > 0 {
			in.FinalWitness = d.Witness
		}
		return
	}
	insert(&in.Sigs, d.Sigs)
	keepBytes(&in.Redeem, d.Redeem)
	keepBytes(&in.WitnessScript, d.WitnessScript)
	for _, o := range d.Origins {
		put(&in.Origins, o.Key, o.Origin)
	}
	if len(d.TapKeySig) > 0 {
		in.TapKeySig = d.TapKeySig
	}
	insert(&in.TapSigs, d.TapSigs)
	if !d.Tap.Internal.IsZero() {
		in.Tap.Internal = d.Tap.Internal
	}
	if d.Tap.Root != [32]byte{} {
		in.Tap.Root = d.Tap.Root
	}
	insert(&in.Tap.Leaves, d.Tap.Leaves)
	insert(&in.TapOrigins, d.TapOrigins)
	insert(&in.Participants, d.Participants)
	mergeSessions(&in.Nonces, d.Nonces)
	mergeSessions(&in.PartialSigs, d.PartialSigs)
}

// Describe fills in what r says of output i: scripts, trees and key origins.
func (s *Signer) Describe(i int, r *signing.Keyring) {
	o := &s.p.Outs[i]
	d := &signing.Data{Redeem: o.Redeem, WitnessScript: o.WitnessScript, Participants: maps.Clone(o.Participants)}
	for k, origin := range o.Origins {
		put(&d.Origins, k.ID(), signing.KeyOrigin{Key: k, Origin: origin})
	}
	if len(o.TapTree) > 0 && o.TapInternal.Valid() {
		out := signing.TapOutput{Internal: o.TapInternal, Tree: o.TapTree}
		d.Tap, d.Tree = out.Spending(), &out
	}
	takeTapOrigins(d, o.TapOrigins)
	// Nothing is signed here, so that what is spent does not matter.
	signing.Produce(r.Hiding(true, false), signing.Describer{}, o.Script, d)
	o.take(d)
}

func (o *Output) take(d *signing.Data) {
	keepBytes(&o.Redeem, d.Redeem)
	keepBytes(&o.WitnessScript, d.WitnessScript)
	for _, origin := range d.Origins {
		put(&o.Origins, origin.Key, origin.Origin)
	}
	if !d.Tap.Internal.IsZero() {
		o.TapInternal = d.Tap.Internal
	}
	if d.Tree != nil && len(d.Tree.Tree) > 0 {
		// Core joins nodes with the right one first, so that it writes trees mirrored, also
		// those that it has read: the same tree, as branches have no sides.
		o.TapTree = slices.Clone(d.Tree.Tree)
		slices.Reverse(o.TapTree)
	}
	insert(&o.TapOrigins, d.TapOrigins)
	insert(&o.Participants, d.Participants)
}
