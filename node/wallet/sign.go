package wallet

import (
	"context"
	"fmt"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/signing"
)

// formOf is the form of address that a script of a wallet's own descriptors has.
func formOf(s []byte) AddressType {
	version, _, witness := script.WitnessProgram(s)
	switch {
	case witness && version == 0:
		return Bech32
	case witness:
		return Bech32m
	case script.IsP2SH(s):
		return P2SHSegWit
	}
	return Legacy
}

// sign fills in d's signatures with the wallet's keys, checks each as every node
// will, and seals the transaction. mu is held, and the keys can be read.
func (w *Wallet) sign(ctx context.Context, d *draft) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	scripts, outs := make([][]byte, len(d.coins)), map[wire.Outpoint]wire.Out{}
	for i, c := range d.coins {
		scripts[i], outs[c.Outpoint] = c.Out.Script, c.Out
	}
	ring, err := w.signer(scripts)
	if err != nil {
		return err
	}
	find := func(op wire.Outpoint) (wire.Out, bool) { o, ok := outs[op]; return o, ok }
	for i, err := range signing.Tx(d.tx, ring, find, signing.SighashDefault) {
		return fmt.Errorf("input %d, %s, as signed does not verify: %w", i, d.coins[i].Address, err)
	}
	d.tx.Seal()
	return nil
}
