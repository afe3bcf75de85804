package wallet

import (
	"bytes"
	"context"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/txscript/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// sign fills in d's witnesses with keys that password opens, checks each, and
// seals the transaction.
func (w *Wallet) sign(ctx context.Context, d *draft, password string) error {
	genesis := w.file.Genesis
	entropy, err := w.file.Secret.open(password, genesis[:])
	if err != nil {
		return err
	}
	defer clear(entropy)
	seed, err := seedOf(toWords(entropy), "")
	if err != nil {
		return err
	}
	defer clear(seed)
	var accounts [2]*hdkeychain.ExtendedKey
	for i := range accounts {
		if accounts[i], err = account(seed, Kind(i), w.c.Params); err != nil {
			return fmt.Errorf("derive account: %w", err)
		}
		defer accounts[i].Zero()
	}
	s, err := newSigner(d)
	if err != nil {
		return err
	}
	for i, c := range d.coins {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		key, err := privateKey(accounts[c.path.Kind], c.path)
		if err != nil {
			return err
		}
		d.tx.Ins[i].Witness, err = s.witness(i, c, key)
		key.Zero()
		if err != nil {
			return fmt.Errorf("sign input %d: %w", i, err)
		}
	}
	d.tx.Seal()
	return d.check()
}

func privateKey(account *hdkeychain.ExtendedKey, p path) (*btcec.PrivateKey, error) {
	key, err := derive(account, p.Branch, p.Index)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	defer key.Zero()
	return key.ECPrivKey()
}

// check runs what every node will run: a payment that nobody accepts must not
// leave the wallet.
func (d *draft) check() error {
	outs := make([]wire.Out, len(d.coins))
	for i, c := range d.coins {
		outs[i] = c.out
	}
	spend := script.NewSpend(d.tx, outs, script.Standard)
	if i, err := script.NewBatch(nil).Run(spend.Checks()); err != nil {
		return fmt.Errorf("input %d as signed does not verify: %w", i, err)
	}
	return nil
}

// signer is a draft in the form that btcd's signing takes.
type signer struct {
	tx     *btcwire.MsgTx
	hashes *txscript.TxSigHashes
}

func newSigner(d *draft) (*signer, error) {
	tx := new(btcwire.MsgTx)
	if err := tx.Deserialize(bytes.NewReader(d.tx.Append(nil))); err != nil {
		return nil, fmt.Errorf("draft: %w", err)
	}
	prevs := txscript.NewMultiPrevOutFetcher(nil)
	for i, c := range d.coins {
		prevs.AddPrevOut(tx.TxIn[i].PreviousOutPoint, btcwire.NewTxOut(c.out.Value, c.out.Script))
	}
	return &signer{tx, txscript.NewTxSigHashes(tx, prevs)}, nil
}

// witness signs input i.
func (s *signer) witness(i int, c coin, key *btcec.PrivateKey) ([][]byte, error) {
	if c.path.Kind == Taproot {
		return txscript.TaprootWitnessSignature(s.tx, s.hashes, i, c.out.Value, c.out.Script, txscript.SigHashDefault, key)
	}
	return txscript.WitnessSignature(s.tx, s.hashes, i, c.out.Value, c.out.Script, txscript.SigHashAll, key, true)
}
