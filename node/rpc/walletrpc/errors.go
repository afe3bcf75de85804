package walletrpc

import (
	"errors"

	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/wallet"
)

// walletError gives the wallet's errors their codes.
func walletError(err error) error {
	var done *table.Error
	var refused *wallet.Refusal
	var rejected *mempool.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &done):
		return done
	case errors.Is(err, wallet.ErrNone):
		return table.Errorf(table.CodeNoWallet, "%v", err)
	case errors.As(err, &refused):
		return table.Errorf(int(refused.Kind), "%v", err)
	case errors.As(err, &rejected):
		return table.Errorf(table.CodeRejected, "%s", rejected.Error())
	}
	return table.Errorf(table.CodeWallet, "%v", err)
}
