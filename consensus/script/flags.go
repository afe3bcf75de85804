package script

import (
	"fmt"
	"strings"
)

// Flags choose the rules of a check. Bits and names are Core's
// (script/interpreter.h).
type Flags uint32

// Core's SCRIPT_VERIFY_ flags.
const (
	P2SH                           Flags = 1 << iota // BIP16
	StrictEnc                                        // defined hash types and key encodings
	DERSig                                           // BIP66
	LowS                                             // BIP62 rule 5
	NullDummy                                        // BIP147
	SigPushOnly                                      // BIP62 rule 2
	MinimalData                                      // BIP62 rules 3 and 4
	DiscourageUpgradableNops                         // NOP1, NOP4 to NOP10
	CleanStack                                       // BIP62 rule 6
	CheckLockTime                                    // BIP65
	CheckSequence                                    // BIP112
	Witness                                          // BIP141
	DiscourageUpgradableWitness                      // unknown witness programs
	MinimalIf                                        // IF's argument, witness v0
	NullFail                                         // BIP146
	WitnessPubKeyType                                // compressed keys only, witness v0
	ConstScriptCode                                  // no OP_CODESEPARATOR or FindAndDelete in legacy scripts
	Taproot                                          // BIP341, BIP342
	DiscourageUpgradableTaproot                      // unknown leaf versions
	DiscourageOpSuccess                              // BIP342's OP_SUCCESSx
	DiscourageUpgradablePubKeyType                   // unknown key types in tapscript

	None Flags = 0
	// Mandatory flags hold in every block since their activation; breaking
	// another, Standard, flag is a matter of policy.
	Mandatory = P2SH | DERSig | NullDummy | CheckLockTime | CheckSequence | Witness | Taproot
	Standard  = Mandatory | StrictEnc | MinimalData | DiscourageUpgradableNops | CleanStack |
		MinimalIf | NullFail | LowS | DiscourageUpgradableWitness | WitnessPubKeyType |
		ConstScriptCode | DiscourageUpgradableTaproot | DiscourageOpSuccess | DiscourageUpgradablePubKeyType
)

// flagNames are Core's, one a bit.
var flagNames = [...]string{
	"P2SH", "STRICTENC", "DERSIG", "LOW_S", "NULLDUMMY", "SIGPUSHONLY", "MINIMALDATA",
	"DISCOURAGE_UPGRADABLE_NOPS", "CLEANSTACK", "CHECKLOCKTIMEVERIFY", "CHECKSEQUENCEVERIFY",
	"WITNESS", "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM", "MINIMALIF", "NULLFAIL",
	"WITNESS_PUBKEYTYPE", "CONST_SCRIPTCODE", "TAPROOT", "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION",
	"DISCOURAGE_OP_SUCCESS", "DISCOURAGE_UPGRADABLE_PUBKEYTYPE",
}

// every is all flags at once.
const every Flags = 1<<len(flagNames) - 1

// String lists the flags by Core's names (P2SH,WITNESS,…) in bit order; no
// flag at all is NONE, and bits without a name come last, in hex.
func (f Flags) String() string {
	if f == None {
		return "NONE"
	}
	var names []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if rest := f &^ every; rest != 0 {
		names = append(names, fmt.Sprintf("0x%08x", uint32(rest)))
	}
	return strings.Join(names, ",")
}
