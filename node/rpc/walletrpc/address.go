package walletrpc

import (
	"cmp"
	"context"
	"slices"

	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/wallet"
)

// label reads one as Core does: "*" is none.
func label(a table.Args, i int) (string, error) {
	text := a.Text(i)
	if text == "*" {
		return "", table.Errorf(table.CodeLabel, "Invalid label name")
	}
	return text, nil
}

// addressType reads one; usual when there is none.
func addressType(a table.Args, i int, usual wallet.AddressType) (wallet.AddressType, error) {
	if !a.Given(i) {
		return usual, nil
	}
	t, ok := wallet.ParseAddressType(a.Text(i))
	if !ok {
		return 0, table.Errorf(table.CodeNotFound, "Unknown address type '%s'", a.Text(i))
	}
	return t, nil
}

func (n *node) getNewAddress(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	if !w.CanGive(false) {
		return nil, wallet.ErrNoKeys
	}
	name, err := label(a, 0)
	if err != nil {
		return nil, err
	}
	t, err := addressType(a, 1, w.Habits().Address)
	if err != nil {
		return nil, err
	}
	text, err := w.NewAddress(t, name)
	if err != nil {
		return nil, err
	}
	return text, nil
}

func (n *node) getRawChangeAddress(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	if !w.CanGive(true) {
		return nil, wallet.ErrNoKeys
	}
	h := w.Habits()
	usual := h.Address
	if h.Change != nil {
		usual = *h.Change
	}
	t, err := addressType(a, 0, usual)
	if err != nil {
		return nil, err
	}
	s, err := w.NewChange(t)
	if err != nil {
		return nil, err
	}
	text, _ := address.Encode(s, n.Params)
	return text, nil
}

func (n *node) keypoolRefill(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	if a.Integer(0) < 0 {
		return nil, table.Errorf(table.CodeInvalid, "Invalid parameter, expected valid size.")
	}
	return nil, w.Refill(uint32(a.Integer(0)))
}

func (n *node) setLabel(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	s, err := address.Decode(a.Text(0), n.Params)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "Invalid Bitcoin address")
	}
	name, err := label(a, 1)
	if err != nil {
		return nil, err
	}
	return nil, w.SetLabel(s, name)
}

func (n *node) listLabels(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	purpose := a.Text(0)
	if purpose != "" && purpose != wallet.Receive && purpose != wallet.Send && purpose != "refund" {
		return nil, table.Errorf(table.CodeInvalid, "Invalid 'purpose' argument, must be a known purpose string, typically 'send', or 'receive'.")
	}
	out := []string{}
	for _, l := range w.Labels() {
		if purpose == "" || l.Purpose == purpose {
			out = append(out, l.Label)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (n *node) getAddressesByLabel(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	name, err := label(a, 0)
	if err != nil {
		return nil, err
	}
	type purpose struct {
		Purpose string `json:"purpose"`
	}
	out := map[string]purpose{}
	for _, l := range w.Labels() {
		if l.Label == name {
			out[l.Address] = purpose{cmp.Or(l.Purpose, "unknown")}
		}
	}
	if len(out) == 0 {
		return nil, table.Errorf(table.CodeLabel, "No addresses with label %s", name)
	}
	return out, nil
}

func (n *node) listAddressGroupings(_ context.Context, w *wallet.Wallet, _ table.Args) (any, error) {
	out := [][][]any{}
	for _, group := range w.Groupings() {
		var list [][]any
		for _, a := range group {
			one := []any{a.Address, view.Coins(a.Balance)}
			if a.Labeled {
				one = append(one, a.Label)
			}
			list = append(list, one)
		}
		out = append(out, list)
	}
	return out, nil
}
