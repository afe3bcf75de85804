package signing

import (
	"errors"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Errors of inputs, in Core's words.
var (
	ErrNoCoin   = errors.New("Input not found or already spent")
	ErrNoAmount = errors.New("Missing amount")

	errStack    = errors.New("Unable to sign input, invalid stack size (possibly missing key)")
	errNullFail = errors.New("CHECK(MULTI)SIG failing with non-zero signature (possibly need more signatures)")
)

// Coins finds the output that an outpoint names; false when it is not known, or
// spent. Of an output whose value is not known the value is MaxMoney.
type Coins func(wire.Outpoint) (wire.Out, bool)

// Tx signs what it can of t's inputs, in place, with what r knows. It returns
// what is wrong with inputs, by index: empty when the transaction is complete.
// Errors are ErrNoCoin, ErrNoAmount, or say why an input does not verify.
func Tx(t *wire.Tx, r *Keyring, find Coins, hashType uint32) map[int]error {
	coins, missing := make([]wire.Out, len(t.Ins)), make(map[int]error)
	for i := range t.Ins {
		var ok bool
		if coins[i], ok = find(t.Ins[i].Prev); !ok {
			missing[i] = ErrNoCoin
		}
	}
	s := NewSpender(t, coins, len(missing) == 0)
	single := hashType&^AnyoneCanPay == SighashSingle
	faults := missing
	for i := range t.Ins {
		if faults[i] != nil {
			continue
		}
		in := &t.Ins[i]
		d := s.Extract(i, in.Script, in.Witness)
		// A SINGLE without an output to match would sign the number one.
		if !single || i < len(t.Outs) {
			Produce(r, s.Input(i, hashType), coins[i].Script, d)
		}
		in.Script, in.Witness = d.Script, d.Witness
		if err := s.fault(i, d); err != nil {
			faults[i] = err
		}
	}
	return faults
}

// fault says what is wrong with an input as signed.
func (s *Spender) fault(i int, d *Data) error {
	// Nothing signs that much: the value was not given.
	if s.coins[i].Value == consensus.MaxMoney && len(d.Witness) > 0 {
		return ErrNoAmount
	}
	if d.Complete {
		return nil
	}
	err := s.Verify(i, d.Script, d.Witness)
	if e := (*script.Error)(nil); errors.As(err, &e) {
		switch e.Code {
		case "INVALID_STACK_OPERATION":
			return errStack
		case "NULLFAIL":
			return errNullFail
		}
	}
	return err
}
