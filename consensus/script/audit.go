package script

import (
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus/secp"
	"github.com/quernnet/quern/consensus/wire"
)

// Divergence is the error of a Verifier whose two ways to verify differ. One
// of them is wrong, nobody knows which, and nothing may be concluded.
type Divergence struct {
	Claim     secp.Claim
	Answer    bool // the one doubted
	Reference bool

	// Where it came up; Block is zero outside of blocks.
	Tx    wire.Hash
	In    int
	Block wire.Hash

	index int // of the claim among those given to Verify
}

func (d *Divergence) Error() string {
	return fmt.Sprintf("two ways to verify the signature of input %d of transaction %v differ", d.In, d.Tx)
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
