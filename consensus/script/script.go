// Package script checks one input's scripts.
//
// The engine is btcd's txscript, run under Bitcoin Core's flags. The package
// knows a transaction and the outputs it spends; heights, blocks and policy
// beyond flags it refuses to know.
package script

import "github.com/quernnet/quern/consensus/wire"

// Flags choose the rules of a check. Bits and names are Core's
// (script/interpreter.h).
type Flags uint32

// Core's SCRIPT_VERIFY_ flags.
const (
	P2SH Flags = 1 << iota
	StrictEnc
	DERSig
	LowS
	NullDummy
	SigPushOnly
	MinimalData
	DiscourageUpgradableNops
	CleanStack
	CheckLockTime
	CheckSequence
	Witness
	DiscourageUpgradableWitness
	MinimalIf
	NullFail
	WitnessPubKeyType
	ConstScriptCode
	Taproot
	DiscourageUpgradableTaproot
	DiscourageOpSuccess
	DiscourageUpgradablePubKeyType

	None Flags = 0
	// Mandatory flags hold in every block since their activation; breaking
	// another, Standard, flag is a matter of policy.
	Mandatory = P2SH | DERSig | NullDummy | CheckLockTime | CheckSequence | Witness | Taproot
	Standard  = Mandatory | StrictEnc | MinimalData | DiscourageUpgradableNops | CleanStack |
		MinimalIf | NullFail | LowS | DiscourageUpgradableWitness | WitnessPubKeyType |
		ConstScriptCode | DiscourageUpgradableTaproot | DiscourageOpSuccess | DiscourageUpgradablePubKeyType
)

// String lists the flags by Core's names (P2SH,WITNESS,…).
func (f Flags) String() string { panic("unwritten") }

// ParseFlags reads a comma-separated list of Core's names.
func ParseFlags(s string) (Flags, error) { panic("unwritten") }

// Spend is a transaction with the outputs it spends, one an input. Its checks
// share what need be computed once. Safe for concurrent use.
type Spend struct {
	Tx    *wire.Tx
	Coins []wire.Out
	Flags Flags
}

// NewSpend prepares the checks of all of t's inputs.
func NewSpend(t *wire.Tx, coins []wire.Out, f Flags) *Spend { panic("unwritten") }

// Check is the check of one input.
type Check struct {
	*Spend
	In      int
	TxIndex int // of the transaction in its block, for error messages
}

// Run checks the input. A failure is an *Error; nothing else can go wrong.
func (c Check) Run() error { panic("unwritten") }

// Error says why a script failed, in Core's words.
type Error struct {
	Code   string // Core's ScriptError name without SCRIPT_ERR_, as in script_tests.json: "EVAL_FALSE", "SIG_DER"
	Detail string // Core's ScriptErrorString: "Non-canonical DER signature"
}

func (e *Error) Error() string { return e.Detail }

// Sigops counts legacy signature operations in a script; accurate counts
// CHECKMULTISIG by its key number (BIP16).
func Sigops(s []byte, accurate bool) int { panic("unwritten") }

// IsUnspendable says that no input can ever spend a script: OP_RETURN first,
// or longer than 10,000 bytes. Such outputs are never stored.
func IsUnspendable(s []byte) bool { panic("unwritten") }

// IsP2SH says whether s pays to a script hash (BIP16).
func IsP2SH(s []byte) bool { panic("unwritten") }

// WitnessProgram takes a witness program apart (BIP141).
func WitnessProgram(s []byte) (version int, program []byte, ok bool) { panic("unwritten") }
