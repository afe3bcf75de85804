package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/wallet"
)

// quernMethods are what bitcoind has no word for. Arguments and results are
// those of own.go; an amount in satoshis.
func quernMethods() []method {
	password := arg{name: "password", kind: text, need: true, about: "The wallet's password"}
	return []method{{
		name: "quern.status", category: "quern", about: "Returns what the node is doing.",
		result: "{ \"version\", \"chain\", \"height\", \"tip\", \"syncing\", \"mempool\", \"mining\", \"wallet\", … }", call: quernStatus,
	}, {
		name: "quern.mine", category: "quern", about: "Sets the number of goroutines that mine, if given, and reports.",
		args: []arg{
			{name: "workers", kind: integer, about: "0 stops mining"},
			{name: "address", kind: text, hint: "mining.address of the configuration, or the wallet", about: "Who is paid from the next block on"},
		},
		result: "{ \"workers\", \"hashrate\", \"blocks\", \"last\", \"error\" }", call: quernMine,
	}, {
		name: "quern.wallet.create", category: "quern", about: "Makes a wallet with new keys.",
		args:   []arg{{name: "words", kind: text, about: "Must be empty"}, password},
		result: "{ \"words\" }: the only copy outside the wallet's file", wallet: true, call: walletCreate,
	}, {
		name: "quern.wallet.restore", category: "quern", about: "Makes a wallet with the keys of the given words, and looks for its coins.",
		args:   []arg{{name: "words", kind: text, need: true, about: "BIP39 words"}, password},
		result: "{ \"words\" }", wallet: true, call: walletRestore,
	}, {
		name: "quern.wallet.address", category: "quern", about: "Returns the next unused receiving address.",
		args:   []arg{{name: "kind", kind: text, def: `"segwit"`, about: "\"segwit\" or \"taproot\""}},
		result: "{ \"address\" }", wallet: true, call: walletAddress,
	}, {
		name: "quern.wallet.balance", category: "quern", about: "Sums the wallet's coins up, in satoshis.",
		result: "{ \"confirmed\", \"pending\", \"immature\" }", wallet: true, call: walletBalance,
	}, {
		name: "quern.wallet.history", category: "quern", about: "Lists the wallet's transactions, newest first.",
		args:   []arg{{name: "max", kind: integer, def: "0", about: "0 for all"}},
		result: "[ { \"txid\", \"value\", \"fee\", \"height\", … }, … ]", wallet: true, call: walletHistory,
	}, {
		name: "quern.wallet.send", category: "quern", about: "Pays an address.",
		args: []arg{
			{name: "address", kind: text, need: true, about: "Whom to pay"},
			{name: "value", kind: long, need: true, about: "Satoshis"},
			{name: "feerate", kind: long, def: "0", about: "Satoshis per 1000 virtual bytes; 0 leaves it to the node"},
			{name: "subtract_fee", kind: boolean, def: "false", about: "Take the fee from the payment"},
			password,
		},
		result: "{ \"txid\", \"fee\" }", wallet: true, call: walletSend,
	}, {
		name: "quern.tx.show", pool: true, category: "quern",
		about: "Returns a transaction of the mempool, of the given block, or of a block that is found by what is unspent of it or by the wallet.",
		args: []arg{
			{name: "txid", kind: hexText, need: true, about: "The transaction id"},
			{name: "blockhash", kind: hexText, about: "The block in which to look"},
		},
		result: "getrawtransaction's verbose result", call: txShow,
	}}
}

func quernStatus(ctx context.Context, n *node, _ args) (any, error) {
	tip := n.Chain.Tip()
	best, pool, w := n.Chain.BestHeader(), n.Pool.Stats(), n.Wallet.Status()
	st := Status{
		Version: n.Version, Chain: n.Params.Name, Swarm: n.Swarm, Folder: n.Folder,
		Uptime: int64(time.Since(n.started).Seconds()),
		Height: tip.Height, Headers: best.Height, Tip: tip.ID.String(), TipTime: tip.Time(),
		Syncing: n.syncing(), Progress: n.progress(ctx),
		Mempool:  MempoolStatus{Count: pool.Count, VSize: pool.VSize, MinFee: pool.MinFee},
		Mining:   n.miningStatus(),
		Wallet:   WalletStatus{Exists: w.Exists, Height: w.Height, Synced: w.Synced},
		Warnings: n.warnings(),
	}
	if n.Net == nil {
		return st, nil
	}
	st.PeerID, st.Addresses = n.Net.ID().String(), n.Net.Addrs()
	for _, p := range n.Net.Peers() {
		if p.Inbound {
			st.Inbound++
		} else {
			st.Outbound++
		}
	}
	return st, nil
}

func (n *node) miningStatus() MiningStatus {
	st := n.Miner.Stats()
	out := MiningStatus{Workers: st.Workers, Hashrate: st.Hashrate, Blocks: st.Found, Error: st.Err}
	if !st.Last.IsZero() {
		out.Last = st.Last.String()
	}
	return out
}

func quernMine(_ context.Context, n *node, a args) (any, error) {
	if to := a.text(1); to != "" {
		script, err := address.Decode(to, n.Params)
		if err != nil {
			return nil, errorf(codeNotFound, "%v", err)
		}
		n.PayTo(script)
	}
	if a.given(0) {
		workers := a.integer(0)
		if workers < 0 || workers > 1024 {
			return nil, errorf(codeInvalid, "workers must be between 0 and 1024, not %d", workers)
		}
		n.Miner.SetWorkers(int(workers))
	}
	return n.miningStatus(), nil
}

// walletError gives the wallet's errors their codes.
func walletError(err error) error {
	var refusal *mempool.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, wallet.ErrNone):
		return errorf(codeNoWallet, "%v", err)
	case errors.Is(err, wallet.ErrPassword):
		return errorf(codeBadPassword, "%v", err)
	case errors.Is(err, wallet.ErrFunds):
		return errorf(codeNoFunds, "%v", err)
	case errors.As(err, &refusal):
		return errorf(codeRejected, "%s", refusalText(refusal))
	}
	return errorf(codeWallet, "%v", err)
}

func walletCreate(_ context.Context, n *node, a args) (any, error) {
	if a.text(0) != "" {
		return nil, errorf(codeInvalid, "quern.wallet.create makes new words; quern.wallet.restore takes yours")
	}
	words, err := n.Wallet.Create(a.text(1))
	return WalletWords{words}, walletError(err)
}

func walletRestore(_ context.Context, n *node, a args) (any, error) {
	err := n.Wallet.Restore(a.text(0), a.text(1))
	return WalletWords{a.text(0)}, walletError(err)
}

func walletAddress(_ context.Context, n *node, a args) (any, error) {
	kind := wallet.SegWit
	switch a.text(0) {
	case "", "segwit":
	case "taproot":
		kind = wallet.Taproot
	default:
		return nil, errorf(codeInvalid, "kind %q is neither segwit nor taproot", a.text(0))
	}
	text, err := n.Wallet.NewAddress(kind)
	return WalletAddress{text}, walletError(err)
}

func walletBalance(_ context.Context, n *node, _ args) (any, error) {
	b, err := n.Wallet.Balance()
	return WalletBalance{b.Confirmed, b.Pending, b.Immature}, walletError(err)
}

func walletHistory(_ context.Context, n *node, a args) (any, error) {
	records, err := n.Wallet.History(int(max(0, a.integer(0))))
	if err != nil {
		return nil, walletError(err)
	}
	tip, out := n.Chain.Tip().Height, make([]WalletRecord, len(records))
	for i, r := range records {
		out[i] = WalletRecord{
			TxID: r.TxID.String(), Value: r.Value, Fee: r.Fee, Height: r.Height, Time: r.Time.Unix(),
			Coinbase: r.Coinbase, Abandoned: r.Abandoned, Addresses: nonNil(r.Addresses),
		}
		if !r.Block.IsZero() {
			out[i].Block = r.Block.String()
			// The wallet may be a block ahead of the tip that was read.
			out[i].Confirmations = max(tip, r.Height) - r.Height + 1
		}
	}
	return out, nil
}

func walletSend(ctx context.Context, n *node, a args) (any, error) {
	sent, err := n.Wallet.Send(ctx, wallet.Order{
		To:      []wallet.Payment{{Address: a.text(0), Value: a.integer(1)}},
		Feerate: a.integer(2), SubtractFee: a.flag(3), Password: a.text(4),
	})
	if err != nil {
		return nil, walletError(err)
	}
	return WalletSent{sent.Tx.ID().String(), sent.Fee}, nil
}

// showOutputs is how many outputs of a transaction are looked up in the coin
// set to find its block; the wallet and explorers make far fewer.
const showOutputs = 1000

func txShow(_ context.Context, n *node, a args) (any, error) {
	id, err := a.hash(0, "txid")
	if err != nil {
		return nil, err
	}
	block := a.raw(1)
	if block == nil {
		if e, ok := n.Pool.Get(id); ok {
			return txView{params: n.Params, hex: true}.show(e.Tx), nil
		}
		found, ok := n.blockOf(id)
		if !ok {
			return nil, errorf(codeNotFound, "transaction %s is neither in the mempool nor in the wallet, and all its outputs are spent: name the block that holds it", id)
		}
		block = json.RawMessage(`"` + found.String() + `"`)
	}
	return n.blockTx(id, args{values: []json.RawMessage{a.raw(0), nil, bytes.TrimSpace(block)}}, 2)
}

// blockOf finds the block of a transaction of which an output is unspent or
// that concerns the wallet.
func (n *node) blockOf(id wire.Hash) (wire.Hash, bool) {
	ops := make([]wire.Outpoint, showOutputs)
	for i := range ops {
		ops[i] = wire.Outpoint{TxID: id, Index: uint32(i)}
	}
	if _, found, err := n.Chain.Coins(ops); err == nil {
		for _, c := range found {
			if !c.Missing {
				h, ok := n.Chain.ActiveAt(c.Height)
				return h.ID, ok
			}
		}
	}
	records, err := n.Wallet.History(0)
	for i := range records {
		if err == nil && records[i].TxID == id && !records[i].Block.IsZero() {
			return records[i].Block, true
		}
	}
	return wire.Hash{}, false
}
