package psbt

import (
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

// Finalize makes final scripts of what signatures there are, and says whether the
// packet is complete.
func (p *Packet) Finalize() bool {
	s, err := NewSigner(p)
	if err != nil {
		return false
	}
	complete := true
	for i := range p.Ins {
		_, err := s.Sign(i, new(signing.Keyring), Options{Sighash: p.Ins[i].Sighash, Finalize: true})
		complete = complete && err == nil
	}
	return complete
}

// Extract finalizes the packet and puts its transaction together; false when it
// is not complete.
func (p *Packet) Extract() (*wire.Tx, bool) {
	if !p.Finalize() {
		return nil, false
	}
	t, ok := p.Unsigned()
	if !ok {
		return nil, false
	}
	for i := range t.Ins {
		t.Ins[i].Script, t.Ins[i].Witness = p.Ins[i].FinalScript, p.Ins[i].FinalWitness
	}
	return t.Seal(), true
}

// CountUnsigned counts the inputs that are not final.
func (p *Packet) CountUnsigned() (n int) {
	for i := range p.Ins {
		if !p.Ins[i].Final() {
			n++
		}
	}
	return n
}

// DropPrevTxs leaves the transactions that are spent from out where every signature
// commits to all amounts: when all inputs are taproot's, or a later version's, and
// none signs for itself alone.
func (p *Packet) DropPrevTxs() {
	for i := range p.Ins {
		in := &p.Ins[i]
		if in.Coin == nil {
			return
		}
		version, _, ok := script.WitnessProgram(in.Coin.Script)
		if !ok || version == 0 || in.Sighash != nil && *in.Sighash&signing.AnyoneCanPay != 0 {
			return
		}
	}
	for i := range p.Ins {
		p.Ins[i].PrevTx = nil
	}
}
