package walletrpc

import (
	"context"

	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/wallet"
)

// madeWallet is the answer of what makes or loads a wallet.
type madeWallet struct {
	Name     string   `json:"name"`
	Warnings []string `json:"warnings,omitempty"`
}

// optional is a boolean that may be left out.
func optional(a table.Args, i int) *bool {
	if !a.Given(i) {
		return nil
	}
	v := a.Flag(i)
	return &v
}

func (n *node) createWallet(_ context.Context, a table.Args) (any, error) {
	o := wallet.CreateOptions{Passphrase: a.Text(3), Startup: optional(a, 6)}
	for i, f := range map[int]wallet.Flags{1: wallet.NoPrivateKeys, 2: wallet.Blank, 4: wallet.AvoidReuse} {
		if a.Flag(i) {
			o.Flags |= f
		}
	}
	var warnings []string
	if a.Given(3) && o.Passphrase == "" {
		warnings = append(warnings, "Empty string given as passphrase, wallet will not be encrypted.")
	}
	switch {
	case !a.Flag(5):
		return nil, table.Errorf(table.CodeWallet, "descriptors argument must be set to \"true\"; it is no longer possible to create a legacy wallet.")
	case a.Flag(7):
		return nil, table.Errorf(table.CodeWallet, "Compiled without external signing support (required for external signing)")
	}
	w, more, err := n.Wallets.Create(a.Text(0), o)
	if err != nil {
		return nil, walletError(err)
	}
	return madeWallet{w.Name(), append(warnings, more...)}, nil
}

func (n *node) loadWallet(_ context.Context, a table.Args) (any, error) {
	w, warnings, err := n.Wallets.LoadWarned(a.Text(0), optional(a, 1))
	if err != nil {
		return nil, walletError(err)
	}
	return madeWallet{w.Name(), warnings}, nil
}

func (n *node) unloadWallet(_ context.Context, a table.Args) (any, error) {
	name, err := uniqueName(a, 0)
	if err != nil {
		return nil, err
	}
	warnings, err := n.Wallets.Unload(name, optional(a, 1))
	if err != nil {
		return nil, walletError(err)
	}
	return struct {
		Warnings []string `json:"warnings,omitempty"`
	}{warnings}, nil
}

// uniqueName is the wallet that path and argument name, which must agree.
func uniqueName(a table.Args, i int) (string, error) {
	path, given := a.Wallet()
	switch {
	case given && a.Given(i) && a.Text(i) != path:
		return "", table.Errorf(table.CodeInvalid, "The RPC endpoint wallet and the wallet name parameter specify different wallets")
	case given:
		return path, nil
	case !a.Given(i):
		return "", table.Errorf(table.CodeInvalid, "Either the RPC endpoint wallet or the wallet name parameter must be provided")
	}
	return a.Text(i), nil
}

func (n *node) restoreWallet(_ context.Context, a table.Args) (any, error) {
	w, warnings, err := n.Wallets.Restore(a.Text(0), a.Text(1), optional(a, 2))
	if err != nil {
		return nil, walletError(err)
	}
	return madeWallet{w.Name(), warnings}, nil
}

func (n *node) backupWallet(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	return nil, w.Backup(a.Text(0))
}

func (n *node) listWallets(_ context.Context, _ table.Args) (any, error) {
	out := []string{}
	for _, w := range n.Wallets.Loaded() {
		out = append(out, w.Name())
	}
	return out, nil
}

func (n *node) listWalletDir(_ context.Context, _ table.Args) (any, error) {
	type found struct {
		Name     string   `json:"name"`
		Warnings []string `json:"warnings"`
	}
	list := []found{}
	for _, name := range n.Wallets.Names() {
		list = append(list, found{name, []string{}})
	}
	return struct {
		Wallets []found `json:"wallets"`
	}{list}, nil
}

// walletInfo is getwalletinfo's answer.
type walletInfo struct {
	Name        string   `json:"walletname"`
	Version     int      `json:"walletversion"`
	Format      string   `json:"format"`
	Txs         int      `json:"txcount"`
	Keypool     int      `json:"keypoolsize"`
	Change      int      `json:"keypoolsize_hd_internal"`
	Until       *int64   `json:"unlocked_until,omitempty"`
	PrivateKeys bool     `json:"private_keys_enabled"`
	AvoidReuse  bool     `json:"avoid_reuse"`
	Scanning    any      `json:"scanning"`
	Descriptors bool     `json:"descriptors"`
	Signer      bool     `json:"external_signer"`
	Blank       bool     `json:"blank"`
	Birth       int64    `json:"birthtime,omitempty"`
	Flags       []string `json:"flags"`
	Last        block    `json:"lastprocessedblock"`
}

// block is the last one that a wallet has read.
type block struct {
	Hash   string `json:"hash"`
	Height uint32 `json:"height"`
}

func lastOf(st wallet.Status) block { return block{st.Tip.String(), st.Height} }

// scanning is how far a rescan is.
type scanning struct {
	Duration int64       `json:"duration"`
	Progress view.Double `json:"progress"`
}

const legacyVersion = 169900 // what Core tells of its wallets, for older clients

func (n *node) getWalletInfo(_ context.Context, w *wallet.Wallet, _ table.Args) (any, error) {
	i, flags, scan := w.Info(), w.Flags(), w.Scanning()
	out := walletInfo{
		Name: w.Name(), Version: legacyVersion, Format: "sqlite", Txs: i.Txs, Keypool: i.Receive, Change: i.Change,
		PrivateKeys: flags&wallet.NoPrivateKeys == 0, AvoidReuse: flags&wallet.AvoidReuse != 0, Scanning: false,
		Descriptors: true, Blank: flags&wallet.Blank != 0, Birth: i.Birth, Flags: flags.Names(), Last: lastOf(w.Status()),
	}
	if w.Encrypted() {
		until := int64(0)
		if t := w.UnlockedUntil(); !t.IsZero() {
			until = t.Unix()
		}
		out.Until = &until
	}
	if scan.Running {
		out.Scanning = scanning{int64(scan.Duration.Seconds()), view.Double(scan.Progress)}
	}
	return out, nil
}

func (n *node) setWalletFlag(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	name, on := a.Text(0), a.Flag(1)
	f, mutable, ok := wallet.ParseFlag(name)
	switch {
	case !ok:
		return nil, table.Errorf(table.CodeInvalid, "Unknown wallet flag: %s", name)
	case !mutable:
		return nil, table.Errorf(table.CodeInvalid, "Wallet flag is immutable: %s", name)
	case (w.Flags()&f != 0) == on:
		return nil, table.Errorf(table.CodeInvalid, "Wallet flag is already set to %t: %s", on, name)
	}
	out := struct {
		Name     string `json:"flag_name"`
		On       bool   `json:"flag_state"`
		Warnings string `json:"warnings,omitempty"`
	}{Name: name, On: on}
	if on {
		out.Warnings = "You need to rescan the blockchain in order to correctly mark used destinations in the past. " +
			"Until this is done, some destinations may be considered unused, even if the opposite is the case."
	}
	return out, w.SetFlag(f, on)
}
