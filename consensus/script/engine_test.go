package script

import (
	"github.com/btcsuite/btcd/txscript/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"github.com/quernnet/quern/consensus/wire"
)

// engineFlags are what btcd's engine calls the flags of consensus.
var engineFlags = [...]struct {
	ours   Flags
	theirs txscript.ScriptFlags
}{
	{P2SH, txscript.ScriptBip16},
	{DERSig, txscript.ScriptVerifyDERSignatures},
	{NullDummy, txscript.ScriptStrictMultiSig},
	{CheckLockTime, txscript.ScriptVerifyCheckLockTimeVerify},
	{CheckSequence, txscript.ScriptVerifyCheckSequenceVerify},
	{Witness, txscript.ScriptVerifyWitness},
	{Taproot, txscript.ScriptVerifyTaproot},
}

// engineTx is a transaction as btcd's engine wants it, read-only once made.
type engineTx struct {
	tx     btcwire.MsgTx
	coins  *txscript.MultiPrevOutFetcher
	hashes *txscript.TxSigHashes
	flags  txscript.ScriptFlags
}

// engineFollows says whether the engine decides this input as Core does. It
// does not
//   - under most flags of policy: it skips NullFail, StrictEnc and
//     WitnessPubKeyType after a signature that does not parse or is empty,
//     discourages NOPs that have a meaning, and so on;
//   - without DERSig, where it reads signatures less loosely;
//   - when a legacy CHECKMULTISIG deletes an empty or one-byte signature from
//     the script it signs: Core deletes the push of exactly these bytes, OP_0
//     included, the engine leaves it. A later signature's fate, and by BIP66 the
//     script's, may hang on that.
func (c Check) engineFollows() bool {
	f := c.Flags
	if f&^Mandatory != 0 || f&DERSig == 0 || f&Witness != 0 && f&P2SH == 0 {
		return false
	}
	in, prev := &c.Tx.Ins[c.In], c.Coins[c.In].Script
	if _, _, ok := WitnessProgram(prev); ok && f&Witness != 0 {
		return true // no legacy script runs
	}
	redeem := []byte(nil)
	if f&P2SH != 0 && IsP2SH(prev) {
		redeem, _ = redeemScript(in.Script)
	}
	return !deletesShortSigs(in.Script) && !deletesShortSigs(prev) && !deletesShortSigs(redeem)
}

// deletesShortSigs says whether a legacy script has both a CHECKMULTISIG and a
// push that an empty or one-byte signature would be deleted with.
func deletesShortSigs(script []byte) bool {
	multisig, short := false, false
	for at := (cursor{script: script}); at.more(); {
		op, _, ok := at.next()
		if !ok {
			break
		}
		multisig = multisig || op == opCheckMultisig || op == opCheckMultisigVerify
		short = short || op <= 1
	}
	return multisig && short
}

// engineAccepts runs the engine.
func (c Check) engineAccepts() bool {
	e, coin := newEngineTx(c.Spend), &c.Coins[c.In]
	vm, err := txscript.NewEngine(coin.Script, &e.tx, c.In, e.flags, nil, e.hashes, coin.Value, e.coins)
	return err == nil && vm.Execute() == nil
}

func newEngineTx(s *Spend) *engineTx {
	e := &engineTx{tx: convert(s.Tx)}
	outs := make(map[btcwire.OutPoint]*btcwire.TxOut, len(s.Coins))
	for i := range s.Coins {
		outs[e.tx.TxIn[i].PreviousOutPoint] = btcwire.NewTxOut(s.Coins[i].Value, s.Coins[i].Script)
	}
	e.coins = txscript.NewMultiPrevOutFetcher(outs)
	e.hashes = txscript.NewTxSigHashes(&e.tx, e.coins)
	for _, f := range engineFlags {
		if s.Flags&f.ours != 0 {
			e.flags |= f.theirs
		}
	}
	return e
}

// convert copies a transaction; scripts and witnesses stay shared.
func convert(t *wire.Tx) btcwire.MsgTx {
	m := btcwire.MsgTx{Version: t.Version, LockTime: t.LockTime}
	ins := make([]btcwire.TxIn, len(t.Ins))
	m.TxIn = make([]*btcwire.TxIn, len(t.Ins))
	for i := range t.Ins {
		in := &t.Ins[i]
		ins[i] = btcwire.TxIn{
			PreviousOutPoint: btcwire.OutPoint{Hash: [wire.HashSize]byte(in.Prev.TxID), Index: in.Prev.Index},
			SignatureScript:  in.Script,
			Witness:          in.Witness,
			Sequence:         in.Sequence,
		}
		m.TxIn[i] = &ins[i]
	}
	outs := make([]btcwire.TxOut, len(t.Outs))
	m.TxOut = make([]*btcwire.TxOut, len(t.Outs))
	for i := range t.Outs {
		outs[i] = btcwire.TxOut{Value: t.Outs[i].Value, PkScript: t.Outs[i].Script}
		m.TxOut[i] = &outs[i]
	}
	return m
}
