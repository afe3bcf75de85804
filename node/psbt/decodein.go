package psbt

import (
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

// read reads an input's map.
func (in *Input) read(r *reader, version uint32) {
	f := inputFields{Input: in, version: version}
	r.fields("an", "input", func(key []byte, kind int) { f.field(r, key, kind) })
	switch {
	case r.err != nil || version < 2:
	case !f.haveTxID:
		r.fail(failure("Previous TXID is required in PSBTv2"))
	case !f.haveIndex:
		r.fail(failure("Previous output's index is required in PSBTv2"))
	}
}

// inputFields is an input as it is read.
type inputFields struct {
	*Input
	version             uint32
	haveTxID, haveIndex bool
}

func (f *inputFields) field(r *reader, key []byte, kind int) {
	switch kind {
	case inPrevTx, inCoin, inSighash, inRedeem, inWitnessScript, inFinalScript, inFinalWitness:
		f.plain(r, key, kind)
	case inSig:
		f.sig(r, key)
	case inOrigin:
		r.keyOrigin(key, &f.Origins)
	case inRipemd160:
		r.preimage("Input RIPEMD160 Preimage", key, 20, &f.Preimages.Ripemd160)
	case inSHA256:
		r.preimage("Input SHA256 Preimage", key, 32, &f.Preimages.SHA256)
	case inHash160:
		r.preimage("Input Hash160 Preimage", key, 20, &f.Preimages.Hash160)
	case inHash256:
		r.preimage("Input Hash256 Preimage", key, 32, &f.Preimages.Hash256)
	case inPrevTxID, inPrevIndex, inSequence, inTimeLock, inHeightLock:
		f.second(r, key, kind)
	case inTapKeySig, inTapSig, inTapLeaf, inTapOrigin, inTapInternal, inTapRoot:
		f.taproot(r, key, kind)
	case inParticipants:
		r.participants("Input", key, &f.Participants)
	case inNonce:
		f.nonce(r, key)
	case inPartialSig:
		f.partialSig(r, key)
	case inProprietary:
		r.proprietary(key, &f.Proprietary)
	default:
		r.unknown(key, &f.Unknown)
	}
}

// plain reads the fields of BIP174 that have one value an input.
func (f *inputFields) plain(r *reader, key []byte, kind int) {
	name := map[int]string{
		inPrevTx: "Input Non-witness UTXO", inCoin: "Input Witness UTXO", inSighash: "Input Sighash Type",
		inRedeem: "Input redeemScript", inWitnessScript: "Input witnessScript",
		inFinalScript: "Input Final scriptSig", inFinalWitness: "Input Final scriptWitness",
	}[kind]
	if !r.keySize(name, key, 1) {
		return
	}
	switch kind {
	case inPrevTx:
		r.sized(func() { f.PrevTx = r.fullTx() })
	case inCoin:
		var out wire.Out
		r.sized(func() { out = r.out() })
		if out.Value != -1 { // which for Core is no output
			f.Coin = &out
		}
	case inSighash:
		r.sized(func() { f.Sighash = new(r.uint32()) })
	case inRedeem:
		f.Redeem = r.bytes()
	case inWitnessScript:
		f.WitnessScript = r.bytes()
	case inFinalScript:
		f.FinalScript = r.bytes()
	case inFinalWitness:
		r.sized(func() {
			for n := r.size(); n > 0 && r.err == nil; n-- {
				f.FinalWitness = append(f.FinalWitness, r.bytes())
			}
		})
	}
}

func (f *inputFields) sig(r *reader, key []byte) {
	if len(key) != 33+1 && len(key) != 65+1 {
		r.fail(failure("Size of key was not the expected size for the type partial signature pubkey"))
		return
	}
	k := signing.PubKey(key[1:])
	if !k.Valid() {
		r.fail(failure("Invalid pubkey"))
		return
	}
	sig := r.bytes()
	if r.err == nil && (len(sig) == 0 || script.CheckSigEncoding(sig, script.DERSig|script.StrictEnc) != nil) {
		r.fail(failure("Signature is not a valid encoding"))
	}
	put(&f.Sigs, k.ID(), signing.Sig{Key: k, Sig: sig})
}

// preimage reads what hashes to the hash in the key.
func (r *reader) preimage(name string, key []byte, size int, into *map[string][]byte) {
	if r.keySize(name, key, size+1) {
		put(into, string(key[1:]), r.bytes())
	}
}

// second reads the fields that version 2 has instead of a transaction (BIP370).
func (f *inputFields) second(r *reader, key []byte, kind int) {
	names := map[int][2]string{
		inPrevTxID: {"Input Previous TXID", "Previous txid"}, inPrevIndex: {"Input Previous Output's Index", "Previous output's index"},
		inSequence:   {"Input Sequence", "Sequence"},
		inTimeLock:   {"Input Required Time Based Locktime", "Required time based locktime"},
		inHeightLock: {"Input Required Height Based Locktime", "Required height based locktime"},
	}[kind]
	if !r.keySize(names[0], key, 1) {
		return
	}
	if f.version < 2 {
		r.fail(failure("%s is not allowed in PSBTv0", names[1]))
		return
	}
	if kind == inPrevTxID {
		r.sized(func() { f.Prev.TxID = r.hash() })
		f.haveTxID = true
		return
	}
	var v uint32
	r.sized(func() { v = r.uint32() })
	switch kind {
	case inPrevIndex:
		f.Prev.Index, f.haveIndex = v, true
	case inSequence:
		f.Sequence = &v
	case inTimeLock:
		f.TimeLock = &v
	case inHeightLock:
		f.HeightLock = &v
	}
	switch {
	case r.err != nil:
	case kind == inTimeLock && v < lockTimeThreshold:
		r.fail(failure("Required time based locktime is invalid (less than 500000000)"))
	case kind == inHeightLock && v >= lockTimeThreshold:
		r.fail(failure("Required height based locktime is invalid (greater than or equal to 500000000)"))
	case kind == inHeightLock && v == 0:
		r.fail(failure("Required height based locktime is invalid (0)"))
	}
}
