package mempool

import (
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Limits of what is relayed, by Bitcoin Core 31's policy/policy.h.
const (
	maxTxWeight      = 400_000
	minBaseSize      = 65   // bytes without witness: one more than a Merkle node's
	maxInScript      = 1650 // bytes: a 15-of-15 P2SH multisig
	maxDustOutputs   = 1    // ephemeral
	maxP2SHSigops    = 15
	maxLegacySigops  = 2500 // BIP54
	maxTxSigopCost   = consensus.MaxSigopCost / 5
	bytesPerSigop    = 20
	maxWitnessScript = 3600 // bytes, P2WSH
	maxWitnessItems  = 100  // P2WSH
	maxWitnessItem   = 80   // bytes, P2WSH and tapscript
	taprootAnnex     = 0x50
	taprootLeafMask  = 0xfe
	tapscriptLeaf    = 0xc0
	minTxVersion     = 1
	maxTxVersion     = 3
	bip68Disabled    = 1 << 31
	finalSequence    = 0xffffffff
)

// feeFor is what rate (satoshis per 1000 vB) asks for size, rounded up.
func feeFor(rate, size int64) int64 { return (rate*size + 999) / 1000 }

func refuse(reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// policy is what a node's operator may choose of what is relayed.
type policy struct {
	nonStandard  bool  // any valid form is accepted
	dustRate     int64 // satoshis per 1000 vB; 0: nothing is dust
	dataCarrier  int   // bytes of OP_RETURN outputs in all; negative: there must be none
	bareMultisig bool
}

// policy reads a configuration, with the defaults in place.
func (c *Config) policy() policy {
	return policy{
		nonStandard:  c.NonStandard,
		dustRate:     max(0, orDefault(c.DustRate, defaultDustRate)),
		dataCarrier:  orDefault(c.DataCarrier, defaultDataCarrier),
		bareMultisig: !c.NoBareMultisig,
	}
}

// checkAlone judges what can be seen of t by itself.
func (p *policy) checkAlone(t *wire.Tx) *Error {
	if err := consensus.CheckTx(t); err != nil {
		return broken(err, true)
	}
	if t.IsCoinbase() {
		return &Error{Reason: "coinbase", Peer: true}
	}
	if !p.nonStandard {
		if err := p.checkStandard(t); err != nil {
			return err
		}
	}
	if t.BaseSize() < minBaseSize {
		return &Error{Reason: "tx-size-small"}
	}
	return nil
}

// checkStandard is Core's IsStandardTx.
func (p *policy) checkStandard(t *wire.Tx) *Error {
	if t.Version < minTxVersion || t.Version > maxTxVersion {
		return &Error{Reason: "version"}
	}
	if t.Weight() > maxTxWeight {
		return &Error{Reason: "tx-size"}
	}
	for i := range t.Ins {
		if len(t.Ins[i].Script) > maxInScript {
			return &Error{Reason: "scriptsig-size"}
		}
		if !script.IsPushOnly(t.Ins[i].Script) {
			return &Error{Reason: "scriptsig-not-pushonly"}
		}
	}
	if err := p.checkOutputs(t); err != nil {
		return err
	}
	if p.countDust(t) > maxDustOutputs {
		return &Error{Reason: "dust"}
	}
	return nil
}

// checkOutputs judges the forms of t's outputs.
func (p *policy) checkOutputs(t *wire.Tx) *Error {
	room := max(0, p.dataCarrier)
	for i := range t.Outs {
		s := t.Outs[i].Script
		switch script.Classify(s) {
		case script.TypeNonstandard:
			return &Error{Reason: "scriptpubkey"}
		case script.TypeNullData:
			if len(s) > room {
				return &Error{Reason: "datacarrier"}
			}
			room -= len(s)
		case script.TypeMultisig:
			if _, keys, _ := script.Multisig(s); len(keys) > maxMultisigKeys {
				return &Error{Reason: "scriptpubkey"}
			}
			if !p.bareMultisig {
				return &Error{Reason: "bare-multisig"}
			}
		}
	}
	return nil
}

// isDust says whether spending o would cost more than it is worth.
func (p *policy) isDust(o *wire.Out) bool {
	if script.IsUnspendable(o.Script) {
		return false
	}
	size := 8 + wire.VarintSize(uint64(len(o.Script))) + len(o.Script) + 32 + 4 + 1 + 4
	if _, _, ok := script.WitnessProgram(o.Script); ok {
		size += 107 / consensus.WitnessScale
	} else {
		size += 107
	}
	return o.Value < feeFor(p.dustRate, int64(size))
}

func (p *policy) countDust(t *wire.Tx) (n int) {
	for i := range t.Outs {
		if p.isDust(&t.Outs[i]) {
			n++
		}
	}
	return n
}

const nonstandardInputs = "bad-txns-nonstandard-inputs"

// checkInputs is Core's ValidateInputsStandardness: no input may spend what
// policy does not know, nor run too many signature checks without witness.
func checkInputs(t *wire.Tx, coins []consensus.Coin) *Error {
	if legacySigops(t, coins) > maxLegacySigops {
		return refuse(nonstandardInputs, "non-witness sigops exceed bip54 limit")
	}
	for i := range t.Ins {
		switch script.Classify(coins[i].Script) {
		case script.TypeNonstandard:
			return refuse(nonstandardInputs, "input %d script unknown", i)
		case script.TypeWitnessUnknown:
			return refuse(nonstandardInputs, "input %d witness program is undefined", i)
		case script.TypeScriptHash:
			redeem, ok := redeemScript(t.Ins[i].Script)
			if !ok {
				return refuse(nonstandardInputs, "input %d P2SH redeemscript missing", i)
			}
			if n := script.Sigops(redeem, true); n > maxP2SHSigops {
				return refuse(nonstandardInputs, "p2sh redeemscript sigops exceed limit (input %d: %d > %d)", i, n, maxP2SHSigops)
			}
		}
	}
	return nil
}

// legacySigops counts the signature operations that t's inputs may run outside
// witnesses (BIP54).
func legacySigops(t *wire.Tx, coins []consensus.Coin) int {
	n := 0
	for i := range t.Ins {
		n += script.Sigops(t.Ins[i].Script, true)
		if !script.IsP2SH(coins[i].Script) {
			n += script.Sigops(coins[i].Script, true)
		} else if redeem, ok := redeemScript(t.Ins[i].Script); ok {
			n += script.Sigops(redeem, true)
		}
	}
	return n
}

// witnessStandard is Core's IsWitnessStandard: a witness must belong to a
// program and keep its limits.
func witnessStandard(t *wire.Tx, coins []consensus.Coin) bool {
	for i := range t.Ins {
		if len(t.Ins[i].Witness) > 0 && !inputWitnessStandard(&t.Ins[i], coins[i].Script) {
			return false
		}
	}
	return true
}

func inputWitnessStandard(in *wire.In, spent []byte) bool {
	p2sh := script.IsP2SH(spent)
	if p2sh {
		redeem, ok := redeemScript(in.Script)
		if !ok {
			return false
		}
		spent = redeem
	}
	if _, _, ok := script.WitnessProgram(spent); !ok {
		return false
	}
	items := in.Witness
	switch kind := script.Classify(spent); {
	case kind == script.TypeAnchor && !p2sh:
		return false
	case kind == script.TypeWitnessV0ScriptHash:
		last := len(items) - 1
		return len(items[last]) <= maxWitnessScript && last <= maxWitnessItems && itemsWithin(items[:last])
	case kind == script.TypeWitnessV1Taproot && !p2sh:
		return taprootStandard(items)
	}
	return true
}

func taprootStandard(items [][]byte) bool {
	if len(items) < 2 {
		return true // by the key
	}
	last := items[len(items)-1]
	if len(last) == 0 || last[0] == taprootAnnex {
		return false // no control block is empty; annexes mean nothing yet
	}
	return last[0]&taprootLeafMask != tapscriptLeaf || itemsWithin(items[:len(items)-2])
}

func itemsWithin(items [][]byte) bool {
	for _, item := range items {
		if len(item) > maxWitnessItem {
			return false
		}
	}
	return true
}

// isTimed says whether a reorganisation could make t premature: it has a lock
// or spends a coinbase.
func isTimed(t *wire.Tx, coins []consensus.Coin) bool {
	for i := range t.Ins {
		seq := t.Ins[i].Sequence
		if coins[i].Coinbase || t.LockTime != 0 && seq != finalSequence ||
			uint32(t.Version) >= 2 && seq&bip68Disabled == 0 {
			return true
		}
	}
	return false
}
