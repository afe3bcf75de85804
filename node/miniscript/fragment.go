package miniscript

// Context is where a script stands.
type Context int

// The two contexts Miniscript is defined for.
const (
	P2WSH Context = iota
	Tapscript
)

// Fragment is a kind of expression. and_n(X,Y) is AndOr with 0 in the end, t:X is
// and_v(X,1), l:X is or_i(0,X), u:X is or_i(X,0), pk(K) is c:pk_k(K), pkh(K) c:pk_h(K).
type Fragment int

// The fragments of BIP379, with the scripts they stand for.
const (
	Just0     Fragment = iota // 0
	Just1                     // 1
	PkK                       // key
	PkH                       // DUP HASH160 keyhash EQUALVERIFY
	Older                     // n CHECKSEQUENCEVERIFY
	After                     // n CHECKLOCKTIMEVERIFY
	SHA256                    // SIZE 32 EQUALVERIFY SHA256 hash EQUAL; so the next three
	Hash256                   //
	RIPEMD160                 //
	Hash160                   //
	WrapA                     // TOALTSTACK [X] FROMALTSTACK
	WrapS                     // SWAP [X]
	WrapC                     // [X] CHECKSIG
	WrapD                     // DUP IF [X] ENDIF
	WrapV                     // [X] VERIFY, or the VERIFY form of X's last operation
	WrapJ                     // SIZE 0NOTEQUAL IF [X] ENDIF
	WrapN                     // [X] 0NOTEQUAL
	AndV                      // [X] [Y]
	AndB                      // [X] [Y] BOOLAND
	OrB                       // [X] [Y] BOOLOR
	OrC                       // [X] NOTIF [Y] ENDIF
	OrD                       // [X] IFDUP NOTIF [Y] ENDIF
	OrI                       // IF [X] ELSE [Y] ENDIF
	AndOr                     // [X] NOTIF [Z] ELSE [Y] ENDIF
	Thresh                    // [X1] ([Xn] ADD)* k EQUAL
	Multi                     // k key* n CHECKMULTISIG; in P2WSH alone
	MultiA                    // key CHECKSIG (key CHECKSIGADD)* k NUMEQUAL; in tapscript alone
)

// names are how fragments are written, but for wrappers.
var names = map[Fragment]string{
	Just0: "0", Just1: "1", PkK: "pk_k", PkH: "pk_h", Older: "older", After: "after", SHA256: "sha256", Hash256: "hash256",
	RIPEMD160: "ripemd160", Hash160: "hash160", AndV: "and_v", AndB: "and_b", OrB: "or_b", OrC: "or_c", OrD: "or_d",
	OrI: "or_i", AndOr: "andor", Thresh: "thresh", Multi: "multi", MultiA: "multi_a",
}

// Limits.
const (
	maxMultisig = 20  // keys of multi
	maxMultiA   = 999 // keys of multi_a
	maxLock     = 1<<31 - 1

	maxWitnessScript = 3600 // bytes of a P2WSH script, by policy
	maxStackItems    = 100  // of a P2WSH witness besides the script, by policy
	maxStack         = 1000 // items while a script runs
	maxOps           = 201  // of a P2WSH script, by consensus

	// maxTapscript leaves a standard transaction, of weight 400,000, room for one
	// input, one output and the largest witness of 1,000 items of 65 bytes.
	maxTapscript = maxTapscriptAndSize - 5
	// A transaction's 8 bytes, counts, an input of 41 and an output of 43 bytes
	// weigh 4 each; marker and flag 2. Items: their count, 66 bytes each, control block.
	maxTapscriptAndSize = 400_000 - ((8+1+41+1+43)*4 + 2) - (3 + 66*maxStack + 3 + 33 + 32*128)
)

// maxScript is how long a script may be, in bytes.
func (c Context) maxScript() int {
	if c == Tapscript {
		return maxTapscript
	}
	return maxWitnessScript
}

// keySize is how many bytes a key is in scripts.
func (c Context) keySize() int {
	if c == Tapscript {
		return 32
	}
	return 33
}

// pushSize is how many bytes it takes to push a number from 0.
func pushSize(n int64) int {
	switch {
	case n <= 16:
		return 1
	case n <= 0x7f:
		return 2
	case n <= 0x7fff:
		return 3
	case n <= 0x7fffff:
		return 4
	case n <= 0x7fffffff:
		return 5
	}
	return 6
}
