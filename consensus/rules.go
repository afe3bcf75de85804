package consensus

import "fmt"

// The rules that this package enforces, by the reject reasons of Bitcoin Core.
const (
	// Of headers.
	HighHash   Rule = "high-hash"            // the work is missing, or the target is none
	BadBits    Rule = "bad-diffbits"         // not the schedule's target
	TimeTooOld Rule = "time-too-old"         // not after the median of the last 11
	TimeWarp   Rule = "time-timewarp-attack" // BIP94
	TimeTooNew Rule = "time-too-new"         // over two hours ahead of the clock
	badVersion Rule = "bad-version(0x%08x)"  // before BIP34, BIP66 or BIP65; see badVersionOf

	// Of blocks by themselves.
	BadSignetSolution Rule = "bad-signet-blksig" // BIP325
	BadMerkleRoot     Rule = "bad-txnmrklroot"
	DuplicateTx       Rule = "bad-txns-duplicate" // CVE-2012-2459
	BadBlockLength    Rule = "bad-blk-length"
	CoinbaseMissing   Rule = "bad-cb-missing"
	CoinbaseMultiple  Rule = "bad-cb-multiple"
	TooManySigops     Rule = "bad-blk-sigops"

	// Of transactions by themselves.
	NoInputs        Rule = "bad-txns-vin-empty"
	NoOutputs       Rule = "bad-txns-vout-empty"
	Oversize        Rule = "bad-txns-oversize"
	NegativeOut     Rule = "bad-txns-vout-negative"
	OutTooLarge     Rule = "bad-txns-vout-toolarge"
	OutSumTooLarge  Rule = "bad-txns-txouttotal-toolarge" // CVE-2010-5139
	DuplicateInputs Rule = "bad-txns-inputs-duplicate"    // CVE-2018-17144
	CoinbaseLength  Rule = "bad-cb-length"
	NullPrevout     Rule = "bad-txns-prevout-null"

	// Of blocks in their place.
	NotFinal          Rule = "bad-txns-nonfinal" // lock time or, in Connect, BIP68
	CoinbaseHeight    Rule = "bad-cb-height"     // BIP34
	WitnessNonceSize  Rule = "bad-witness-nonce-size"
	WitnessMismatch   Rule = "bad-witness-merkle-match"
	UnexpectedWitness Rule = "unexpected-witness"
	BlockTooHeavy     Rule = "bad-blk-weight"

	// Of blocks and transactions against the coins they spend.
	Overwrites      Rule = "bad-txns-BIP30"
	InputsMissing   Rule = "bad-txns-inputs-missingorspent"
	Premature       Rule = "bad-txns-premature-spend-of-coinbase"
	InValueRange    Rule = "bad-txns-inputvalues-outofrange"
	InBelowOut      Rule = "bad-txns-in-belowout"
	FeesOutOfRange  Rule = "bad-txns-accumulated-fee-outofrange"
	CoinbaseTooMuch Rule = "bad-cb-amount"

	// Of transactions that wait for the next block: what a block calls NotFinal.
	TxNotFinal      Rule = "non-final"
	TxNotBIP68Final Rule = "non-BIP68-final"
)

// badVersionOf is the reason for an outdated block version, which carries it.
func badVersionOf(version int32) Rule {
	return Rule(fmt.Sprintf(string(badVersion), uint32(version)))
}

// broken is the error for a rule broken by the block or header as a whole.
func broken(r Rule, format string, args ...any) *RuleError {
	return &RuleError{Rule: r, Tx: -1, In: -1, Detail: fmt.Sprintf(format, args...)}
}

// at names the transaction and input at fault.
func (e *RuleError) at(tx, in int) *RuleError {
	e.Tx, e.In = tx, in
	return e
}

// asMutated says that the header may be that of a valid block.
func (e *RuleError) asMutated() *RuleError {
	e.mutated = true
	return e
}
