package walletrpc

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/psbt"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/signing"
	"github.com/quernnet/quern/node/wallet"
)

// filling says what is filled into a packet.
type filling struct {
	sign, finalize, origins bool
	sighash                 *uint32
}

// fill adds to a packet what the wallet knows, and signs it if that is wanted (Core's
// FillPSBT). It says whether nothing is missing.
func (n *node) fill(w *wallet.Wallet, p *psbt.Packet, f filling) (complete bool, err error) {
	complete, _, err = n.fillNoting(w, p, f)
	return complete, err
}

// fillNoting is fill, and lists what keeps those who sign together from signing.
func (n *node) fillNoting(w *wallet.Wallet, p *psbt.Packet, f filling) (complete bool, list []psbt.Trouble, err error) {
	for i := range p.Ins {
		in := &p.Ins[i]
		if in.Final() || in.PrevTx != nil {
			continue
		}
		if t, ok := w.Tx(in.Prev.TxID); ok && uint64(in.Prev.Index) < uint64(len(t.Tx.Outs)) {
			in.PrevTx = t.Tx
		}
	}
	s, err := psbt.NewSigner(p)
	if err != nil {
		return false, nil, table.Errorf(table.CodeVerify, "The transaction cannot be valid")
	}
	for i := range p.Ins {
		if err := fillInput(w, p, s, i, f); err != nil {
			return false, nil, err
		}
	}
	for i := range p.Outs {
		if ring, ok := w.Solve(p.Outs[i].Script); ok {
			s.Describe(i, ring.Hiding(true, !f.origins))
		}
	}
	p.DropPrevTxs()
	complete = true
	for i := range p.Ins {
		complete = complete && s.Verified(i)
	}
	return complete, s.Troubles(), nil
}

func fillInput(w *wallet.Wallet, p *psbt.Packet, s *psbt.Signer, i int, f filling) error {
	in := &p.Ins[i]
	coin, ok := in.Spent()
	if in.Final() || !ok {
		return nil
	}
	ring, own := w.Solve(coin.Script)
	if own && f.sign {
		keys, err := w.Signer(coin.Script)
		if err != nil {
			return err
		}
		ring.Merge(keys)
	}
	if ring == nil {
		ring = new(signing.Keyring)
	}
	if f.sign {
		keys, err := w.SignerOf(keysOfInput(in, coin.Script)...)
		if err != nil {
			return err
		}
		ring.Merge(keys)
		ring.Nonces = w.Nonces()
	}
	_, err := s.Sign(i, ring.Hiding(!f.sign, !f.origins), psbt.Options{Sighash: f.sighash, Finalize: f.finalize})
	switch {
	case errors.Is(err, psbt.ErrSighash):
		return table.Errorf(table.CodeDecode, "%v", err)
	case err != nil && !errors.Is(err, psbt.ErrIncomplete):
		return table.Errorf(table.CodeVerify, "%v", err)
	}
	return nil
}

// keysOfInput names the public keys that an input mentions, in either form that an X
// coordinate stands for: a wallet signs with those that are its own, whosever script it is.
func keysOfInput(in *psbt.Input, s []byte) (ids []signing.KeyID) {
	for key := range in.Origins {
		ids = append(ids, key.ID())
	}
	xs := slices.Collect(maps.Keys(in.TapOrigins))
	if version, program, ok := script.WitnessProgram(s); ok && version == 1 && len(program) == 32 {
		xs = append(xs, signing.XOnly(program))
	}
	for _, x := range xs {
		ids = append(ids, x.IDs()...)
	}
	return ids
}

// processedView is what signing a packet came to.
type processedView struct {
	PSBT     string   `json:"psbt"`
	Complete bool     `json:"complete"`
	Hex      view.Hex `json:"hex,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

func (n *node) processPSBT(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	p, err := psbt.DecodeBase64(a.Text(0))
	if err != nil {
		return nil, table.Errorf(table.CodeDecode, "TX decode failed %v", err)
	}
	hashType, err := txargs.Sighash(a.Raw(2))
	if err != nil {
		return nil, err
	}
	if a.Flag(1) {
		if err := unlocked(w); err != nil {
			return nil, err
		}
	}
	complete, troubles, err := n.fillNoting(w, p, filling{sign: a.Flag(1), sighash: hashType, origins: a.Flag(3), finalize: a.Flag(4)})
	if err != nil {
		return nil, err
	}
	out := processedView{PSBT: p.Base64(), Complete: complete, Warnings: psbt.Words(troubles)}
	if complete {
		if t, ok := p.Extract(); ok {
			out.Hex = t.Append(nil)
		}
	}
	return out, nil
}

func (n *node) signWithWallet(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	t, ok := view.DecodeTxAs(a.Text(0), true, true)
	if !ok {
		return nil, table.Errorf(table.CodeDecode, "TX decode failed. Make sure the tx has at least one input.")
	}
	if err := unlocked(w); err != nil {
		return nil, err
	}
	coins, err := n.find(t.Ins)
	if err != nil {
		return nil, err
	}
	if err := txargs.Prevouts(a.Raw(1), coins, nil); err != nil {
		return nil, err
	}
	hashType, err := txargs.Sighash(a.Raw(2))
	if err != nil {
		return nil, err
	}
	if hashType == nil {
		hashType = new(signing.SighashDefault)
	}
	var scripts [][]byte
	for _, coin := range coins {
		scripts = append(scripts, coin.Script)
	}
	ring, err := w.Signer(scripts...)
	if err != nil {
		return nil, err
	}
	t = txargs.Unsealed(t)
	faults := signing.Tx(t, ring, coins.Find, *hashType)
	return txargs.NewSigned(t, faults, coins)
}
