package payments

import (
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"github.com/quernnet/quern/consensus/wire"
)

// coin is an output of the chain's, and how to spend it. Until its block is
// made it has neither outpoint nor public key.
type coin struct {
	at    wire.Outpoint
	value int64
	kind  Kind
	key   uint64 // the first one's number
	pub   public // the first
}

// keys are the coin's publics.
func (c *coin) keys(r *ring) []public {
	if shapes[c.kind].keys == 1 {
		return []public{c.pub}
	}
	keys := make([]public, shapes[c.kind].keys)
	r.publics(c.key, keys)
	return keys
}

// signer is a transaction of which only signatures are missing, in btcd's form.
type signer struct {
	ring   *ring
	tx     *btcwire.MsgTx
	prevs  *txscript.MultiPrevOutFetcher
	hashes *txscript.TxSigHashes
}

func newSigner(r *ring, t *wire.Tx, coins []coin) *signer {
	m := &btcwire.MsgTx{Version: t.Version, LockTime: t.LockTime}
	for i := range t.Outs {
		m.TxOut = append(m.TxOut, btcwire.NewTxOut(t.Outs[i].Value, t.Outs[i].Script))
	}
	prevs := txscript.NewMultiPrevOutFetcher(nil)
	for i := range coins {
		op := btcwire.OutPoint{Hash: [32]byte(coins[i].at.TxID), Index: coins[i].at.Index}
		m.TxIn = append(m.TxIn, &btcwire.TxIn{PreviousOutPoint: op, Sequence: t.Ins[i].Sequence})
		prevs.AddPrevOut(op, btcwire.NewTxOut(coins[i].value, lock(coins[i].kind, coins[i].keys(r))))
	}
	return &signer{r, m, prevs, txscript.NewTxSigHashes(m, prevs)}
}

// sign fills in what spends coin c by input i.
func (s *signer) sign(in *wire.In, i int, c *coin) error {
	keys := c.keys(s.ring)
	switch c.kind {
	case P2PKH:
		sigs, err := s.legacy(i, lock(P2PKH, keys), c.key)
		if err != nil {
			return err
		}
		in.Script = push(push(nil, sigs[0]), keys[0][:])
	case P2SH:
		script := twoOfThree(keys)
		sigs, err := s.legacy(i, script, c.key, c.key+1)
		if err != nil {
			return err
		}
		in.Script = push(push(push([]byte{op0}, sigs[0]), sigs[1]), script)
	case P2SHP2WPKH, P2WPKH:
		program := lock(P2WPKH, keys)
		if c.kind == P2SHP2WPKH {
			in.Script = push(nil, program)
		}
		sigs, err := s.witness(i, program, c.value, c.key)
		if err != nil {
			return err
		}
		in.Witness = [][]byte{sigs[0], keys[0][:]}
	case P2WSH:
		script := twoOfThree(keys)
		sigs, err := s.witness(i, script, c.value, c.key, c.key+2)
		if err != nil {
			return err
		}
		in.Witness = [][]byte{{}, sigs[0], sigs[1], script}
	case P2TR:
		sig, err := s.taproot(i, c.key)
		if err != nil {
			return err
		}
		in.Witness = [][]byte{sig}
	}
	return nil
}

func (s *signer) legacy(i int, code []byte, keys ...uint64) ([][]byte, error) {
	sum, err := txscript.CalcSignatureHash(code, txscript.SigHashAll, s.tx, i)
	if err != nil {
		return nil, fmt.Errorf("signature hash of input %d: %w", i, err)
	}
	return s.ecdsa(sum, keys), nil
}

func (s *signer) witness(i int, code []byte, value int64, keys ...uint64) ([][]byte, error) {
	sum, err := txscript.CalcWitnessSigHash(code, s.hashes, txscript.SigHashAll, s.tx, i, value)
	if err != nil {
		return nil, fmt.Errorf("signature hash of input %d: %w", i, err)
	}
	return s.ecdsa(sum, keys), nil
}

// ecdsa signs with each key; the nonce is RFC 6979's.
func (s *signer) ecdsa(sum []byte, keys []uint64) [][]byte {
	sigs := make([][]byte, len(keys))
	for i, key := range keys {
		sigs[i] = append(ecdsa.Sign(s.ring.secret(key), sum).Serialize(), byte(txscript.SigHashAll))
	}
	return sigs
}

func (s *signer) taproot(i int, key uint64) ([]byte, error) {
	sum, err := txscript.CalcTaprootSignatureHash(s.hashes, txscript.SigHashDefault, s.tx, i, s.prevs)
	if err != nil {
		return nil, fmt.Errorf("signature hash of input %d: %w", i, err)
	}
	// BIP340's own nonce of 32 zeros for auxiliary data; that the signature is
	// good, whoever imports it will see.
	sig, err := schnorr.Sign(s.ring.secret(key), sum, schnorr.CustomNonce([32]byte{}), schnorr.FastSign())
	if err != nil {
		return nil, fmt.Errorf("sign input %d: %w", i, err)
	}
	return sig.Serialize(), nil
}
