package script

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/quernnet/quern/consensus/secp"
	"github.com/quernnet/quern/consensus/wire"
)

// Audit is a Verifier that has another repeat some of what the first answers, good
// and bad, and fails with a *Divergence when they differ. Whoever made the
// claims must not know which are repeated.
type Audit struct {
	first, second Verifier
	rng           *rand.Rand
	every         uint32
}

// NewAudit has second repeat one answer of first in so many, chosen by rng.
func NewAudit(first, second Verifier, every uint32, rng *rand.Rand) *Audit {
	return &Audit{first, second, rng, max(every, 1)}
}

func (a *Audit) chosen() bool { return a.rng.Uint32N(a.every) == 0 }

// Verify implements Verifier.
func (a *Audit) Verify(claims []secp.Claim, ok []bool) error {
	if err := a.first.Verify(claims, ok); err != nil {
		return err
	}
	for i := range claims {
		if !a.chosen() {
			continue
		}
		var again [1]bool
		if err := a.second.Verify(claims[i:i+1], again[:]); err != nil {
			return err
		}
		if c := &claims[i]; again[0] != ok[i] {
			scheme := "ecdsa"
			if c.Scheme == secp.Schnorr {
				scheme = "schnorr"
			}
			return &Divergence{
				Scheme: scheme, Key: bytes.Clone(c.Key), Sig: bytes.Clone(c.Sig), Sum: c.Sum,
				First: ok[i], Second: again[0], index: i,
			}
		}
	}
	return nil
}

// Tweaked implements Verifier.
func (a *Audit) Tweaked(key []byte, tweak *[32]byte, output []byte, odd bool) (bool, error) {
	ok, err := a.first.Tweaked(key, tweak, output, odd)
	if err != nil || !a.chosen() {
		return ok, err
	}
	again, err := a.second.Tweaked(key, tweak, output, odd)
	if err != nil || again == ok {
		return ok, err
	}
	sig := append(bytes.Clone(output), 2)
	if odd {
		sig[len(output)] = 3
	}
	return false, &Divergence{Scheme: "tweak", Key: bytes.Clone(key), Sig: sig, Sum: *tweak, First: ok, Second: again}
}

// Divergence is the error of an Audit whose two verifiers differ. One of them
// is wrong, nobody knows which, and nothing may be concluded.
type Divergence struct {
	// What the two were asked, as in secp.Claim. Scheme is ecdsa, schnorr, or
	// tweak: then Key is tweaked by Sum, and Sig is the output's key, and 2 or 3
	// for even or odd.
	Scheme string
	Key    []byte
	Sig    []byte
	Sum    [32]byte

	First, Second bool // the answers

	// Where it came up; Block is zero for a transaction that is in none.
	Tx    wire.Hash
	In    int
	Block wire.Hash

	index int // of the claim among those given to Verify
}

func (d *Divergence) Error() string {
	where := fmt.Sprintf("input %d of transaction %v", d.In, d.Tx)
	if !d.Block.IsZero() {
		where += fmt.Sprintf(" in block %v", d.Block)
	}
	return fmt.Sprintf("two ways to verify a signature differ: %s, scheme %s, key %x, signature %x, sum %x: %v by the first, %v by the second",
		where, d.Scheme, d.Key, d.Sig, d.Sum, d.First, d.Second)
}

// blame tells a verifier's error which check it came up in.
func (b *Batch) blame(err error, checks []Check) error {
	var d *Divergence
	if !errors.As(err, &d) || d.index >= len(b.of) {
		return err
	}
	of := b.of[d.index]
	if of < 0 {
		of = b.multis[^of].check
	}
	return locate(err, checks[of])
}

func locate(err error, c Check) error {
	if d := (*Divergence)(nil); errors.As(err, &d) {
		d.Tx, d.In = c.Tx.ID(), c.In
	}
	return err
}
