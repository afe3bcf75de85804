package psbt

import (
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

// Role is who a packet should go to next.
type Role uint8

// Roles in the order in which they act (BIP174).
const (
	RoleCreator Role = iota
	RoleUpdater
	RoleSigner
	RoleFinalizer
	RoleExtractor
)

// String names the role as RPC does.
func (r Role) String() string {
	return [...]string{"creator", "updater", "signer", "finalizer", "extractor"}[r]
}

// Analysis is what a packet still needs.
type Analysis struct {
	Ins  []InputAnalysis
	Next Role
	Fee  *int64 // satoshis; nil: an input's value is not known
	// Of the finished transaction, VSize in virtual bytes; zero: cannot be told.
	VSize int
	Error string // why nothing can come of it; then the rest says nothing
}

// InputAnalysis is what an input still needs.
type InputAnalysis struct {
	HasCoin, Final bool
	Next           Role
	Missing        signing.Data // its Missing fields
}

// Analyze says what a packet still needs (Core's AnalyzePSBT).
func Analyze(p *Packet) Analysis {
	p = p.clone()
	s, err := NewSigner(p)
	if err != nil {
		return invalid("PSBT cannot be made into a valid transaction")
	}
	a := Analysis{Ins: make([]InputAnalysis, len(p.Ins)), Next: RoleExtractor}
	var sum int64
	known := true
	for i := range p.Ins {
		coin, ok := p.Ins[i].Spent()
		if ok && (!money(coin.Value) || !money(sum+coin.Value)) {
			return invalid("PSBT is not valid. Input %d has invalid value", i)
		}
		if ok && script.IsUnspendable(coin.Script) {
			return invalid("PSBT is not valid. Input %d spends unspendable output", i)
		}
		sum += coin.Value
		known = known && ok
		a.Ins[i] = s.analyze(i, ok)
		a.Next = min(a.Next, a.Ins[i].Next)
	}
	if len(s.troubles) > 0 {
		return invalid("PSBT is not valid. %v", s.troubles[0])
	}
	if !known {
		return a
	}
	paid, ok := p.paid()
	if !ok {
		return invalid("PSBT is not valid. Output amount invalid")
	}
	a.Fee = new(sum - paid)
	a.VSize = s.vsize()
	return a
}

func invalid(format string, args ...any) Analysis {
	return Analysis{Next: RoleCreator, Error: fmt.Sprintf(format, args...)}
}

func money(v int64) bool { return v >= 0 && v <= consensus.MaxMoney }

// paid is the sum of the outputs; false when there is not that much money.
func (p *Packet) paid() (sum int64, ok bool) {
	for i := range p.Outs {
		v := p.Outs[i].Value
		if !money(v) || !money(sum+v) {
			return 0, false
		}
		sum += v
	}
	return sum, true
}

func (s *Signer) analyze(i int, hasCoin bool) InputAnalysis {
	a := InputAnalysis{HasCoin: hasCoin, Next: RoleExtractor}
	if !hasCoin {
		a.Next = RoleUpdater
	}
	if s.Verified(i) {
		a.Final = true
		return a
	}
	d, err := s.Sign(i, new(signing.Keyring), Options{Finalize: true})
	switch {
	case err == nil:
		a.Next = RoleFinalizer
		return a
	case d == nil:
		a.Next = RoleUpdater
		return a
	}
	a.Missing = *d
	a.Next = RoleUpdater
	if len(d.MissingKeys) == 0 && d.MissingRedeem == [20]byte{} && d.MissingWitness == [32]byte{} && len(d.MissingSigs) > 0 {
		a.Next = RoleSigner
	}
	return a
}

// vsize is the finished transaction's size in virtual bytes, counting operations
// that check signatures as bytes where they are many; 0 when it cannot be told.
func (s *Signer) vsize() int {
	t, _ := s.p.Unsigned()
	cost := 0
	for i := range t.Ins {
		if _, err := s.Sign(i, new(signing.Keyring), Options{Finalize: true, Dummy: true}); err != nil {
			return 0
		}
		in := &s.p.Ins[i]
		t.Ins[i].Script, t.Ins[i].Witness = in.FinalScript, in.FinalWitness
		cost += script.InputSigopCost(in.FinalScript, in.FinalWitness, s.coins[i].Script, script.Standard)
	}
	for _, in := range t.Ins {
		cost += 4 * script.Sigops(in.Script, false)
	}
	for _, o := range t.Outs {
		cost += 4 * script.Sigops(o.Script, false)
	}
	return virtualSize(t, cost)
}

const bytesPerSigop = 20

func virtualSize(t *wire.Tx, cost int) int {
	return (max(t.Weight(), cost*bytesPerSigop) + 3) / 4
}
