package walletrpc

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/wallet"
)

// importRequest is one of importdescriptors' requests as it comes.
type importRequest struct {
	Desc      *string         `json:"desc"`
	Active    *bool           `json:"active"`
	Range     json.RawMessage `json:"range"`
	NextIndex *int64          `json:"next_index"`
	Timestamp json.RawMessage `json:"timestamp"`
	Internal  *bool           `json:"internal"`
	Label     *string         `json:"label"`
}

// imported is the answer to one.
type imported struct {
	Success  bool         `json:"success"`
	Error    *table.Error `json:"error,omitempty"`
	Warnings []string     `json:"warnings,omitempty"`
}

func (n *node) importDescriptors(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	now := int64(0)
	if h, ok := n.Chain.Header(w.Status().Tip); ok {
		now = int64(h.Median)
	}
	list := a.List(0)
	out, rs, places := make([]imported, len(list)), []wallet.ImportRequest(nil), []int(nil)
	for i, raw := range list {
		r, bad, err := readImport(raw, now)
		if err != nil {
			return nil, err
		}
		if bad != nil {
			out[i].Error = bad
			continue
		}
		rs, places = append(rs, r), append(places, i)
	}
	results, err := w.Import(ctx, rs)
	if err != nil {
		return nil, err
	}
	for i, r := range results {
		out[places[i]] = imported{Success: r.Err == nil, Warnings: r.Warnings}
		if r.Err != nil {
			errors.As(walletError(r.Err), &out[places[i]].Error)
		}
	}
	return out, nil
}

// readImport reads a request. bad is an error of this one alone, err of all.
func readImport(raw json.RawMessage, now int64) (out wallet.ImportRequest, bad *table.Error, err error) {
	if table.TypeName(raw) != "object" {
		return out, nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "object"))
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // it is an object
	if out.Timestamp, err = timestamp(fields["timestamp"], now); err != nil {
		return out, nil, err
	}
	var r importRequest
	for name, want := range map[string]string{"desc": "string", "active": "bool", "next_index": "number", "internal": "bool", "label": "string"} {
		if v := fields[name]; v != nil && table.TypeName(v) != want && !table.IsNull(v) {
			return out, nil, table.Errorf(table.CodeType, "%s", table.WrongType(v, want))
		}
	}
	if json.Unmarshal(raw, &r) != nil {
		return out, table.Errorf(table.CodeMisc, "JSON integer out of range"), nil
	}
	switch {
	case r.Desc == nil:
		return out, table.Errorf(table.CodeInvalid, "Descriptor not found."), nil
	case r.Label != nil && *r.Label == "*":
		return out, table.Errorf(table.CodeLabel, "Invalid label name"), nil
	}
	out.Desc, out.Active, out.NextIndex, out.Internal, out.Label = *r.Desc, r.Active != nil && *r.Active, r.NextIndex, r.Internal, r.Label
	if r.Range != nil && !table.IsNull(r.Range) {
		low, high, err := table.ParseRange(r.Range)
		if err != nil {
			var bad *table.Error
			errors.As(err, &bad)
			return out, bad, nil
		}
		out.Range = &[2]int64{low, high}
	}
	return out, nil, nil
}

// timestamp reads when a descriptor was first used.
func timestamp(raw json.RawMessage, now int64) (int64, error) {
	if raw == nil {
		return 0, table.Errorf(table.CodeType, "Missing required timestamp field for key")
	}
	if table.TypeName(raw) == "number" {
		t, err := table.ParseInteger(raw, 64)
		return max(t, 1), err
	}
	if string(raw) == `"now"` {
		return max(now, 1), nil
	}
	return 0, table.Errorf(table.CodeType, "Expected number or \"now\" timestamp value for key. got type %s", table.TypeName(raw))
}

// listed is one of listdescriptors' lines.
type listed struct {
	Desc      string     `json:"desc"`
	Created   int64      `json:"timestamp"`
	Active    bool       `json:"active"`
	Internal  *bool      `json:"internal,omitempty"`
	Range     *[2]uint32 `json:"range,omitempty"`
	Next      *uint32    `json:"next,omitempty"`
	NextIndex *uint32    `json:"next_index,omitempty"`
}

func (n *node) listDescriptors(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	if a.Flag(0) && w.Flags()&wallet.NoPrivateKeys != 0 {
		return nil, table.Errorf(table.CodeWallet, "Can't get private descriptor string for watch-only wallets")
	}
	all, err := w.Descriptors(a.Flag(0))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b wallet.Descriptor) int { return strings.Compare(a.Text, b.Text) })
	lines := []listed{}
	for _, d := range all {
		l := listed{Desc: d.Text, Created: d.Created, Active: d.Active, Internal: d.Internal}
		if d.Ranged {
			l.Range, l.Next, l.NextIndex = &[2]uint32{d.Start, d.End}, &d.Next, &d.Next
		}
		lines = append(lines, l)
	}
	return struct {
		Name  string   `json:"wallet_name"`
		Descs []listed `json:"descriptors"`
	}{w.Name(), lines}, nil
}

// hdKeyOptions are gethdkeys' options.
type hdKeyOptions struct {
	Active  bool `json:"active_only"`
	Private bool `json:"private"`
}

func (n *node) getHDKeys(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	var o hdKeyOptions
	a.Read(0, &o)
	all, err := w.HDKeys(o.Active, o.Private)
	if err != nil {
		return nil, err
	}
	type user struct {
		Desc   string `json:"desc"`
		Active bool   `json:"active"`
	}
	type hdKey struct {
		Public     string `json:"xpub"`
		HasPrivate bool   `json:"has_private"`
		Private    string `json:"xprv,omitempty"`
		Descs      []user `json:"descriptors"`
	}
	out := []hdKey{}
	for _, k := range all {
		one := hdKey{Public: k.Public, HasPrivate: k.HasPrivate, Private: k.Private, Descs: []user{}}
		for _, d := range k.Descriptors {
			one.Descs = append(one.Descs, user{d.Text, d.Active})
		}
		slices.SortFunc(one.Descs, func(a, b user) int { return strings.Compare(a.Desc, b.Desc) })
		out = append(out, one)
	}
	return out, nil
}

func (n *node) createWalletDescriptor(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	t, ok := wallet.ParseAddressType(a.Text(0))
	if !ok {
		return nil, table.Errorf(table.CodeNotFound, "Unknown address type '%s'", a.Text(0))
	}
	var o struct {
		Internal *bool  `json:"internal"`
		HDKey    string `json:"hdkey"`
	}
	a.Read(1, &o)
	sides := []bool{false, true}
	if o.Internal != nil {
		sides = []bool{*o.Internal}
	}
	texts, err := w.AddDescriptors(t, sides, o.HDKey)
	if err != nil {
		return nil, err
	}
	return struct {
		Descs []string `json:"descs"`
	}{texts}, nil
}
