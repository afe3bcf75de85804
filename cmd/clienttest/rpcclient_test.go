package clienttest

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/rpcclient"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/quernnet/quern/cmd/blackbox"
)

func connect(t *testing.T, q *blackbox.Quern, path string, make func(*rpcclient.ConnConfig) (*rpcclient.Client, error)) *rpcclient.Client {
	t.Helper()
	c, err := make(&rpcclient.ConnConfig{
		Host: q.RPC + path, User: blackbox.User, Pass: blackbox.Password,
		HTTPPostMode: true, DisableTLS: true, Params: chaincfg.RegressionNetParams.Name,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Shutdown)
	return c
}

func single(c *rpcclient.ConnConfig) (*rpcclient.Client, error) { return rpcclient.New(c, nil) }

// must fails the test when what it is given is an error.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestRPCClient reads the chain as btcd's client does.
func TestRPCClient(t *testing.T) {
	q := blackbox.StartQuern(t, "quern", quern)
	c := connect(t, q, "", single)
	version := must[rpcclient.BackendVersion](t)(c.BackendVersion())
	if version.String() == "" || !version.SupportGetTxSpendingPrevOut() {
		t.Errorf("the client takes the node for %v", version)
	}
	q.Mine(120, "")
	if n := must[int64](t)(c.GetBlockCount()); n != 120 {
		t.Errorf("%d blocks", n)
	}
	id, err := c.GetBlockHash(1)
	if err != nil {
		t.Fatal(err)
	}
	block := must[*wire.MsgBlock](t)(c.GetBlock(id))
	if got := block.BlockHash(); !got.IsEqual(id) {
		t.Errorf("block %v instead of %v", got, id)
	}
	if v := must[*btcjson.GetBlockVerboseResult](t)(c.GetBlockVerbose(id)); v.Height != 1 || len(v.Tx) != 1 {
		t.Errorf("%+v", v)
	}
	if v := must[*btcjson.GetBlockVerboseTxResult](t)(c.GetBlockVerboseTx(id)); len(v.Tx) != 1 || v.Tx[0].Txid != block.Transactions[0].TxHash().String() {
		t.Errorf("%+v", v)
	}
	if v := must[*btcjson.GetBlockHeaderVerboseResult](t)(c.GetBlockHeaderVerbose(id)); v.Confirmations != 120 {
		t.Errorf("%+v", v)
	}
	if v := must[*btcjson.GetBlockChainInfoResult](t)(c.GetBlockChainInfo()); v.Chain != "regtest" || v.Blocks != 120 {
		t.Errorf("%+v", v)
	}
	if v := must[*btcjson.GetTxOutResult](t)(c.GetTxOut(ptr(block.Transactions[0].TxHash()), 0, true)); v.Value != 50 {
		t.Errorf("%+v", v)
	}
	if _, err := c.EstimateSmartFee(6, &btcjson.EstimateModeConservative); err != nil {
		t.Error(err)
	}
	if _, err := c.GetNetworkInfo(); err != nil {
		t.Error(err)
	}
	var fail *btcjson.RPCError
	if _, err := c.GetBlockHash(1000); !errors.As(err, &fail) || fail.Code != -8 {
		t.Errorf("a height beyond the tip: %v", err)
	}
}

func ptr[T any](v T) *T { return &v }

// TestRPCClientBatch sends many calls in one request.
func TestRPCClientBatch(t *testing.T) {
	q := blackbox.StartQuern(t, "quern", quern)
	q.Mine(20, "")
	c := connect(t, q, "", rpcclient.NewBatch)
	var calls []rpcclient.FutureGetBlockHashResult
	for height := range 21 {
		calls = append(calls, c.GetBlockHashAsync(int64(height)))
	}
	if err := c.Send(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, call := range calls {
		id, err := call.Receive()
		if err != nil {
			t.Fatal(err)
		}
		seen[id.String()] = true
	}
	if len(seen) != 21 {
		t.Errorf("%d of 21 blocks", len(seen))
	}
}

// TestRPCClientWallet receives, pays and follows a payment.
func TestRPCClientWallet(t *testing.T) {
	q := blackbox.StartQuern(t, "quern", quern)
	if _, err := connect(t, q, "", single).CreateWallet("btcd"); err != nil {
		t.Fatal(err)
	}
	c := connect(t, q, "/wallet/btcd", single)
	addr := must[address.Address](t)(c.GetNewAddress(""))
	q.Mine(1, addr.String())
	q.Mine(100, "")
	if v := must[btcutil.Amount](t)(c.GetBalance("*")); v != 50e8 {
		t.Errorf("balance %v", v)
	}
	to := must[address.Address](t)(c.GetNewAddress(""))
	id, err := c.SendToAddress(to, 1e8)
	if err != nil {
		t.Fatal(err)
	}
	entry := must[*btcjson.GetMempoolEntryResult](t)(c.GetMempoolEntry(id.String()))
	if entry.Fees.Base <= 0 {
		t.Errorf("%+v", entry)
	}
	q.Mine(1, "")
	tx := must[*btcjson.GetTransactionResult](t)(c.GetTransaction(id))
	if tx.Confirmations != 1 || tx.Fee >= 0 {
		t.Errorf("%+v", tx)
	}
	raw, err := hex.DecodeString(tx.Hex)
	if err != nil {
		t.Fatal(err)
	}
	if parsed := must[*btcutil.Tx](t)(btcutil.NewTxFromBytes(raw)); !parsed.Hash().IsEqual(id) {
		t.Errorf("transaction %v instead of %v", parsed.Hash(), id)
	}
	unspent := must[[]btcjson.ListUnspentResult](t)(c.ListUnspent())
	if len(unspent) != 2 {
		t.Errorf("%d coins, want the payment to itself and the change", len(unspent))
	}
}
