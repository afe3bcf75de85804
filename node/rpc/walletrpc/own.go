package walletrpc

import (
	"context"
	"errors"

	"github.com/quernnet/quern/node/rpc/own"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/wallet"
)

// quernMethods are those of Quern's own wallet.
func (n *node) quernMethods() []table.Method {
	password := table.Arg{Name: "password", Kind: table.Text, Need: true, About: "The wallet's password"}
	return []table.Method{{
		Name: "quern.wallet.create", Category: "quern", About: "Makes a wallet with new keys.",
		Args:    []table.Arg{{Name: "words", Kind: table.Text, About: "Must be empty"}, password},
		Results: []table.Shape{table.ShapeOf[own.WalletWords]("The only copy outside the wallet's file")}, Wallet: true, Call: n.walletCreate,
	}, {
		Name: "quern.wallet.restore", Category: "quern", About: "Makes a wallet with the keys of the given words, and looks for its coins.",
		Args:    []table.Arg{{Name: "words", Kind: table.Text, Need: true, About: "BIP39 words"}, password},
		Results: []table.Shape{table.ShapeOf[own.WalletWords]("The words")}, Wallet: true, Call: n.walletRestore,
	}, {
		Name: "quern.wallet.address", Category: "quern", About: "Returns the next unused receiving address.",
		Args:    []table.Arg{{Name: "kind", Kind: table.Text, Def: `"segwit"`, About: "\"segwit\" or \"taproot\""}},
		Results: []table.Shape{table.ShapeOf[own.WalletAddress]("The address")}, Wallet: true, Call: n.onOwn(n.walletAddress),
	}, {
		Name: "quern.wallet.balance", Category: "quern", About: "Sums the wallet's coins up, in satoshis.",
		Results: []table.Shape{table.ShapeOf[own.WalletBalance]("In satoshis")}, Wallet: true, Call: n.onOwn(n.walletBalance),
	}, {
		Name: "quern.wallet.history", Category: "quern", About: "Lists the wallet's transactions, newest first.",
		Args:    []table.Arg{{Name: "max", Kind: table.Integer, Def: "0", About: "0 for all"}},
		Results: []table.Shape{table.ShapeOf[[]own.WalletRecord]("Values and fees in satoshis")}, Wallet: true, Call: n.onOwn(n.walletHistory),
	}, {
		Name: "quern.wallet.send", Category: "quern", About: "Pays an address.",
		Args: []table.Arg{
			{Name: "address", Kind: table.Text, Need: true, About: "Whom to pay"},
			{Name: "value", Kind: table.Long, Need: true, About: "Satoshis"},
			{Name: "feerate", Kind: table.Long, Def: "0", About: "Satoshis per 1000 virtual bytes; 0 leaves it to the node"},
			{Name: "subtract_fee", Kind: table.Boolean, Def: "false", About: "Take the fee from the payment"},
			password,
		},
		Results: []table.Shape{table.ShapeOf[own.WalletSent]("The fee in satoshis")}, Wallet: true, Call: n.onOwn(n.walletSend),
	}}
}

func (n *node) walletCreate(_ context.Context, a table.Args) (any, error) {
	if a.Text(0) != "" {
		return nil, table.Errorf(table.CodeInvalid, "quern.wallet.create makes new words; quern.wallet.restore takes yours")
	}
	words, err := n.Wallets.MakeWords(a.Text(1))
	return own.WalletWords{Words: words}, walletError(err)
}

func (n *node) walletRestore(_ context.Context, a table.Args) (any, error) {
	err := n.Wallets.RestoreWords(a.Text(0), a.Text(1))
	return own.WalletWords{Words: a.Text(0)}, walletError(err)
}

func (n *node) walletAddress(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	kind := wallet.Bech32
	switch a.Text(0) {
	case "", "segwit":
	case "taproot":
		kind = wallet.Bech32m
	default:
		return nil, table.Errorf(table.CodeInvalid, "kind %q is neither segwit nor taproot", a.Text(0))
	}
	text, err := w.NewAddress(kind, "")
	return own.WalletAddress{Address: text}, walletError(err)
}

func (n *node) walletBalance(_ context.Context, w *wallet.Wallet, _ table.Args) (any, error) {
	h := w.Holdings()
	return own.WalletBalance{Confirmed: h.Confirmed, Pending: h.Pending, Immature: h.Immature}, nil
}

func (n *node) walletHistory(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	records := w.History(int(max(0, a.Integer(0))))
	tip, out := n.Chain.Tip().Height, make([]own.WalletRecord, len(records))
	for i, r := range records {
		out[i] = own.WalletRecord{
			TxID: r.TxID.String(), Value: r.Value, Fee: r.Fee, Height: r.Height, Time: r.Time.Unix(),
			Coinbase: r.Coinbase, Abandoned: r.Abandoned, Addresses: view.NonNil(r.Addresses),
		}
		if !r.Block.IsZero() {
			out[i].Block = r.Block.String()
			// The wallet may be a block ahead of the tip that was read.
			out[i].Confirmations = max(tip, r.Height) - r.Height + 1
		}
	}
	return out, nil
}

func (n *node) walletSend(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	sent, err := w.Send(ctx, wallet.Order{
		To:      []wallet.Payment{{Address: a.Text(0), Value: a.Integer(1)}},
		Feerate: a.Integer(2), SubtractFee: a.Flag(3), Password: a.Text(4),
	})
	if errors.Is(err, error(wallet.ErrPassword)) {
		return nil, table.Errorf(table.CodeBadPassword, "wrong password")
	}
	if err != nil {
		return nil, walletError(err)
	}
	return own.WalletSent{TxID: sent.Tx.ID().String(), Fee: sent.Fee}, nil
}
