package signing

import (
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Hash types: which parts of a transaction a signature signs.
const (
	SighashDefault uint32 = 0x00 // all, and in taproot no byte says so
	SighashAll     uint32 = 0x01
	SighashNone    uint32 = 0x02
	SighashSingle  uint32 = 0x03
	AnyoneCanPay   uint32 = 0x80
)

// Creator makes the signatures that Produce asks for.
type Creator interface {
	// ECDSA signs code with the key that r has by that id.
	ECDSA(r *Keyring, id KeyID, code []byte, witness bool) ([]byte, bool)
	// Schnorr signs with the key that r has by that X coordinate: in a leaf script
	// when leaf is given, else by the output's key, tweaked by root when that is
	// given (zero: by no root, BIP86).
	Schnorr(r *Keyring, x XOnly, leaf, root *[32]byte) ([]byte, bool)
	// Digest is what Schnorr signs, for those who sign together, and the hash type
	// that follows a signature; not ok when nothing is to be signed.
	Digest(leaf *[32]byte) (sum [32]byte, hashType []byte, ok bool)
	// After and Older say whether OP_CHECKLOCKTIMEVERIFY and
	// OP_CHECKSEQUENCEVERIFY pass with that operand.
	After(n uint32) bool
	Older(n uint32) bool
	// Check runs the scripts: does d spend an output with that script?
	Check(d *Data, prev []byte) bool
}

// Spender signs and checks the inputs of one transaction. Not for concurrent use.
type Spender struct {
	tx     *wire.Tx // of its own; inputs' scripts come and go
	coins  []wire.Out
	known  bool
	hashes *script.Hashes
	batch  *script.Batch
	spend  *script.Spend
}

// NewSpender prepares for t, whose inputs spend coins, in the inputs' order. known
// says that all coins are given; without, taproot signatures are neither made
// nor good.
func NewSpender(t *wire.Tx, coins []wire.Out, known bool) *Spender {
	own := &wire.Tx{Version: t.Version, Outs: t.Outs, LockTime: t.LockTime, Ins: make([]wire.In, len(t.Ins))}
	for i, in := range t.Ins {
		own.Ins[i] = wire.In{Prev: in.Prev, Sequence: in.Sequence}
	}
	spend := script.NewSpend(own, coins, script.Standard)
	return &Spender{own, coins, known, script.NewHashes(spend), script.NewBatch(nil), spend}
}

// Verify says why an input's script and witness do not spend its coin by the
// standard rules, nil when they do. The error is a *script.Error.
func (s *Spender) Verify(i int, sig []byte, witness [][]byte) error {
	if !s.known && script.Classify(s.coins[i].Script) == script.TypeWitnessV1Taproot {
		return s.withoutCoins(witness)
	}
	in := &s.tx.Ins[i]
	in.Script, in.Witness = sig, witness
	defer func() { in.Script, in.Witness = nil, nil }()
	return s.batch.Interpret(script.Check{Spend: s.spend, In: i})
}

// withoutCoins is Core's answer to a taproot input when not all coins are known.
func (s *Spender) withoutCoins(witness [][]byte) error {
	if len(witness) == 0 {
		return &script.Error{Code: "WITNESS_PROGRAM_WITNESS_EMPTY", Detail: "Witness program was passed an empty witness"}
	}
	return &script.Error{Code: "SCHNORR_SIG_HASHTYPE", Detail: "Invalid Schnorr signature hash type"}
}

// Input is the Creator for input i, signing with a hash type. ECDSA has no
// SighashDefault: it signs all.
func (s *Spender) Input(i int, hashType uint32) Creator { return input{s, i, hashType} }

type input struct {
	*Spender
	i        int
	hashType uint32
}

// ECDSA implements Creator. In witness scripts keys must be compressed, and the
// amount one that there is.
func (in input) ECDSA(r *Keyring, id KeyID, code []byte, witness bool) ([]byte, bool) {
	k, ok := r.Private[id]
	if !ok {
		return nil, false
	}
	if witness && (!k.public.Compressed() || in.coins[in.i].Value < 0 || in.coins[in.i].Value > consensus.MaxMoney) {
		return nil, false
	}
	hashType := in.hashType
	if hashType == SighashDefault {
		hashType = SighashAll
	}
	var sum [32]byte
	if witness {
		sum = in.hashes.Witness(in.i, code, hashType)
	} else {
		sum = in.hashes.Legacy(in.i, code, hashType)
	}
	return append(signECDSA(k.secret, sum), byte(hashType)), true
}

// Schnorr implements Creator.
func (in input) Schnorr(r *Keyring, x XOnly, leaf, root *[32]byte) ([]byte, bool) {
	k, ok := byX(r.Private, x)
	if !ok {
		return nil, false
	}
	sum, hashType, ok := in.Digest(leaf)
	if !ok {
		return nil, false
	}
	secret := k.secret
	if root != nil {
		var tree []byte
		if *root != [32]byte{} {
			tree = root[:]
		}
		secret = txscript.TweakTaprootPrivKey(*secret, tree)
		defer secret.Zero()
	}
	sig, err := schnorr.Sign(secret, sum[:], schnorr.CustomNonce([32]byte{}), schnorr.FastSign())
	if err != nil {
		return nil, false
	}
	return append(sig.Serialize(), hashType...), true
}

// Digest implements Creator.
func (in input) Digest(leaf *[32]byte) (sum [32]byte, hashType []byte, ok bool) {
	if !in.known || in.hashType > 0xff {
		return sum, nil, false
	}
	if in.hashType != SighashDefault {
		hashType = []byte{byte(in.hashType)}
	}
	sum, ok = in.hashes.Taproot(in.i, byte(in.hashType), leaf)
	return sum, hashType, ok
}

// Check implements Creator.
func (in input) Check(d *Data, prev []byte) bool {
	return in.Verify(in.i, d.Script, d.Witness) == nil
}
