package mempool

import "github.com/quernnet/quern/consensus/script"

// Opcodes that policy looks for.
const (
	op1Negate = 0x4f
	op1       = 0x51
	op16      = 0x60
)

// maxMultisigKeys is how many keys a bare multisig output may have.
const maxMultisigKeys = 3

// redeemScript is what a push-only input script leaves on top of the stack;
// ok is false when running it would fail or leave nothing.
func redeemScript(in []byte) (redeem []byte, ok bool) {
	for items := 0; len(in) > 0; items++ {
		op, data, rest, fine := script.NextOp(in)
		if !fine || op > op16 || op == op1-1 || len(data) > 520 || items == 1000 {
			return nil, false
		}
		switch {
		case op == op1Negate:
			data = []byte{0x81}
		case op >= op1:
			data = []byte{op - op1 + 1}
		}
		redeem, ok, in = data, true, rest
	}
	return redeem, ok
}
