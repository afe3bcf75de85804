package script

import (
	"errors"
	"slices"

	"github.com/quernnet/quern/consensus/secp"
)

// Batch checks many inputs together, of one transaction or of several blocks', so
// that their signatures are verified together. It keeps memory between
// calls. Not for concurrent use.
//
// A standard template whose signatures are good is accepted straight away; all
// else, and every failure, is the interpreter's.
type Batch struct {
	verifier Verifier
	slow     bool // nothing is a template
	hash     hasher

	// Of the checks under way:
	claims []secp.Claim
	of     []int32 // whose each claim is: a check, or by its complement a multisig
	truth  []bool
	multis []multisig
	most   int      // claims in a round
	asked  int      // multisigs in the first
	items  [][]byte // their keys, and signatures from signature scripts
	code   []byte   // the script being signed, when it is not written anywhere

	one [1]secp.Claim // the interpreter's
	yes [1]bool
	err error  // the verifier's; the verdict it came in is void
	ok  []bool // Run's
}

// NewBatch uses v, which must be nobody else's. Nil is a Fast.
func NewBatch(v Verifier) *Batch {
	if v == nil {
		v = new(Fast)
	}
	_, slow := v.(Interpreted)
	return &Batch{verifier: v, slow: slow}
}

// Run runs checks that hold together or not at all, and returns the first in their
// order that fails, and why: an *Error. Any other error is the verifier's and
// says nothing about the checks. Without an error failed is -1.
func (b *Batch) Run(checks []Check) (failed int, err error) {
	defer b.Forget()
	b.ok = slices.Grow(b.ok[:0], len(checks))[:len(checks)]
	if err := b.Pass(checks, b.ok); err != nil {
		return -1, err
	}
	for i, ok := range b.ok {
		if ok {
			continue
		}
		if err := b.Interpret(checks[i]); err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) {
				i = -1
			}
			return i, err
		}
	}
	return -1, nil
}

// Pass sets ok[i] to whether checks[i] holds by the fast path. What it does not
// accept is not thereby wrong: Interpret decides. An error is the verifier's.
// Checks of one Spend that follow each other share its hashes, here and with
// Interpret, until Forget: call that before the Spend's memory is used again.
func (b *Batch) Pass(checks []Check, ok []bool) error {
	defer b.release()
	for i := range checks {
		ok[i] = false
		if !b.slow && checks[i].alsoFollows() {
			b.claim(i, &checks[i])
		}
	}
	b.asked = len(b.multis)
	for len(b.claims) > 0 {
		b.most = max(b.most, len(b.claims))
		b.truth = slices.Grow(b.truth[:0], len(b.claims))[:len(b.claims)]
		if err := b.verifier.Verify(b.claims, b.truth); err != nil {
			return b.blame(err, checks)
		}
		b.settle(ok)
	}
	return nil
}

// settle hands each answer to whose it is, and makes the next round's claims.
func (b *Batch) settle(ok []bool) {
	for i, of := range b.of {
		if of >= 0 {
			ok[of] = b.truth[i]
		} else {
			b.multis[^of].answer(b.truth[i])
		}
	}
	b.claims, b.of = b.claims[:0], b.of[:0]
	left := b.multis[:0]
	for i := range b.multis {
		m := &b.multis[i]
		switch {
		case m.failed:
		case len(m.sigs) == 0:
			ok[m.check] = true
		default:
			left = append(left, *m)
		}
	}
	b.multis = left
	for i := range b.multis {
		b.claimRound(i)
	}
}

// Interpret checks one input by the interpreter. The error is an *Error, or the
// verifier's, which says nothing about the check.
func (b *Batch) Interpret(c Check) error {
	b.err = nil
	err := input{c, b}.interpret()
	if err == nil && c.Also != None {
		other := *c.Spend
		other.Flags = c.Also
		err = input{Check{Spend: &other, In: c.In}, b}.interpret()
	}
	if b.err != nil {
		return locate(b.err, c)
	}
	if err != nil {
		return err
	}
	return nil // not err itself: a nil *Error is an error that is not nil
}

// release lets go of the checks under way.
func (b *Batch) release() {
	clear(b.claims[:b.most])
	clear(b.multis[:b.asked])
	clear(b.items)
	b.claims, b.of, b.multis, b.items = b.claims[:0], b.of[:0], b.multis[:0], b.items[:0]
	b.most, b.asked = 0, 0
}

// Forget lets go of all that was ever given.
func (b *Batch) Forget() {
	b.one[0] = secp.Claim{}
	b.hash.forget()
}

// verify verifies one claim for the interpreter.
func (b *Batch) verify(c secp.Claim) bool {
	b.one[0] = c
	if err := b.verifier.Verify(b.one[:], b.yes[:]); err != nil {
		b.err = err
		return false
	}
	return b.yes[0]
}

// checkECDSA says whether sig, hash type included, is a signature by key.
func (b *Batch) checkECDSA(over *signed, sig, key []byte) bool {
	claim, ok := over.claim(&b.hash, sig, key)
	return ok && b.verify(claim)
}

// checkSchnorr checks a taproot signature.
func (b *Batch) checkSchnorr(s *Spend, in int, sig, key []byte, ctx *tapContext) *Error {
	claim, err := b.hash.schnorrClaim(s, in, sig, key, ctx)
	if err == nil && !b.verify(claim) {
		err = errSchnorr
	}
	return err
}
