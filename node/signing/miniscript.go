package signing

import (
	"slices"

	"github.com/quernnet/quern/consensus/script"
)

// miniscript satisfies a witness script that no template knows.
func (p producer) miniscript(s []byte) ([][]byte, bool) { return nil, false }

// tapscript satisfies a leaf script: a key, or several of whom some must sign.
func (p producer) tapscript(s []byte, leaf [32]byte) ([][]byte, bool) {
	required, keys, ok := tapKeys(s)
	if !ok {
		return nil, false
	}
	var stack [][]byte
	have := 0
	for _, x := range keys {
		sig, ok := p.signTap(x, leaf)
		if ok && have < required {
			have++
			stack = append(stack, sig)
		} else {
			stack = append(stack, nil)
		}
	}
	slices.Reverse(stack)
	return stack, have == required
}

// tapKeys reads <key> CHECKSIG, or <key> CHECKSIG <key> CHECKSIGADD … <n> NUMEQUAL.
func tapKeys(s []byte) (required int, keys []XOnly, ok bool) {
	for len(s) > 33 && s[0] == 32 {
		want := byte(opCheckSig)
		if len(keys) > 0 {
			want = opCheckSigAdd
		}
		if s[33] != want {
			return 0, nil, false
		}
		keys = append(keys, XOnly(s[1:33]))
		s = s[34:]
	}
	if len(keys) == 1 && len(s) == 0 {
		return 1, keys, true
	}
	op, _, rest, ok := script.NextOp(s)
	if !ok || op < op1 || op > op1+15 || len(rest) != 1 || rest[0] != opNumEqual {
		return 0, nil, false
	}
	required = int(op) - op1 + 1
	return required, keys, required <= len(keys)
}
