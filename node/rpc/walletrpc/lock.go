package walletrpc

import (
	"context"
	"time"

	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/wallet"
)

func (n *node) encryptWallet(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	if err := w.Encrypt(a.Text(0)); err != nil {
		return nil, err
	}
	return "wallet encrypted; The keypool has been flushed and a new HD seed was generated. You need to make a new backup with the backupwallet RPC.", nil
}

func (n *node) walletPassphrase(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	// More seconds than a duration holds are as many as the longest unlock.
	seconds := max(-1, min(a.Integer(1), 200_000_000))
	return nil, w.Unlock(a.Text(0), time.Duration(seconds)*time.Second)
}

func (n *node) walletPassphraseChange(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	return nil, w.ChangePassphrase(a.Text(0), a.Text(1))
}

func (n *node) walletLock(_ context.Context, w *wallet.Wallet, _ table.Args) (any, error) {
	return nil, w.Lock()
}
