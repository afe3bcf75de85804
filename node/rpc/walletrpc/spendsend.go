package walletrpc

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/txargs"
	"github.com/quernnet/quern/node/spending"
	"github.com/quernnet/quern/node/wallet"
)

// unlocked refuses a wallet whose keys cannot be read now.
func unlocked(w *wallet.Wallet) error {
	if w.Locked() {
		return wallet.ErrLocked
	}
	return nil
}

// recipients makes outputs ready for spending; those of the set pay the fee.
func recipients(outs []wire.Out, paying map[int]bool) []spending.Recipient {
	to := make([]spending.Recipient, len(outs))
	for i, o := range outs {
		to[i] = spending.Recipient{Out: o, Subtract: paying[i]}
	}
	return to
}

// paying reads which outputs pay the fee, by place or by address.
func paying(raw json.RawMessage, names []string) (map[int]bool, error) {
	set := make(map[int]bool)
	if !given(raw) {
		return set, nil
	}
	list, err := txargs.ReadList(raw)
	if err != nil {
		return nil, err
	}
	const what = "Invalid parameter 'subtract fee from output', "
	for _, item := range list {
		var at int
		switch table.TypeName(item) {
		case "string":
			name, _ := txargs.ReadText(item)
			if at = slices.Index(names, name); at < 0 {
				return nil, table.Errorf(table.CodeInvalid, what+"destination %s not found in tx outputs", name)
			}
		case "number":
			v, err := table.ParseInteger(item, 32)
			if err != nil {
				return nil, err
			}
			at = int(v)
		default:
			return nil, table.Errorf(table.CodeInvalid, what+"invalid value type: %s", table.TypeName(item))
		}
		switch {
		case set[at]:
			return nil, table.Errorf(table.CodeInvalid, what+"duplicated position: %d", at)
		case at < 0:
			return nil, table.Errorf(table.CodeInvalid, what+"negative position: %d", at)
		case at >= len(names):
			return nil, table.Errorf(table.CodeInvalid, what+"position too large: %d", at)
		}
		set[at] = true
	}
	return set, nil
}

// keysOf are an object's keys, in order.
func keysOf(o txargs.Object) []string {
	names := make([]string, len(o))
	for i, f := range o {
		names[i] = f.Key
	}
	return names
}

func (n *node) sendToAddress(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	c := newControl(w)
	if a.Given(5) {
		c.rbf = new(a.Flag(5))
	}
	var err error
	if c.avoidReuse, err = avoidReuse(w, a, 8); err != nil {
		return nil, err
	}
	c.together = c.together || c.avoidReuse
	if err := c.setFee(a.Raw(6), a.Raw(7), a.Raw(9), false); err != nil {
		return nil, err
	}
	if err := unlocked(w); err != nil {
		return nil, err
	}
	outs, err := txargs.Outputs(txargs.Object{{Key: a.Text(0), Value: a.Raw(1)}}, n.Params)
	if err != nil {
		return nil, err
	}
	return n.sendMoney(ctx, w, recipients(outs, map[int]bool{0: a.Flag(4)}), c, note(a, 2, 3), a.Flag(10))
}

// note reads comments; an empty one is none.
func note(a table.Args, comment, to int) (out wallet.Note) {
	if s := a.Text(comment); s != "" {
		out.Comment = &s
	}
	if to >= 0 {
		if s := a.Text(to); s != "" {
			out.To = &s
		}
	}
	return out
}

func (n *node) sendMany(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	if a.Text(0) != "" {
		return nil, table.Errorf(table.CodeInvalid, "Dummy value must be set to \"\"")
	}
	o, err := txargs.ReadObject(a.Raw(1))
	if err != nil {
		return nil, err
	}
	c := newControl(w)
	if a.Given(5) {
		c.rbf = new(a.Flag(5))
	}
	if err := c.setFee(a.Raw(6), a.Raw(7), a.Raw(8), false); err != nil {
		return nil, err
	}
	outs, err := txargs.Outputs(o, n.Params)
	if err != nil {
		return nil, err
	}
	set, err := paying(a.Raw(4), keysOf(o))
	if err != nil {
		return nil, err
	}
	return n.sendMoney(ctx, w, recipients(outs, set), c, note(a, 3, -1), a.Flag(9))
}

// sent is a payment with words about its fee.
type sent struct {
	TxID   wire.Hash `json:"txid"`
	Reason string    `json:"fee_reason"`
}

// sendMoney pays, signs and sends (Core's SendMoney).
func (n *node) sendMoney(ctx context.Context, w *wallet.Wallet, to []spending.Recipient, c *control, about wallet.Note, verbose bool) (any, error) {
	if err := unlocked(w); err != nil {
		return nil, err
	}
	if w.Flags()&wallet.NoPrivateKeys != 0 {
		return nil, table.Errorf(table.CodeWallet, "Error: Private keys are disabled for this wallet")
	}
	n.newRand().Shuffle(len(to), func(i, j int) { to[i], to[j] = to[j], to[i] })
	d, err := n.fund(w, to, c)
	if err != nil {
		return nil, coded(err, table.CodeNoFunds)
	}
	ok, err := sign(w, d.Draft)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, table.Errorf(table.CodeNoFunds, "Signing transaction failed")
	}
	t := d.Tx.Seal()
	if err := commit(ctx, w, t, about); err != nil {
		return nil, err
	}
	if verbose {
		return sent{t.ID(), d.reason}, nil
	}
	return t.ID(), nil
}

// commit gives a payment to the wallet and the mempool. What the mempool does not take
// now is kept and offered again, so that to the caller it is no error.
func commit(ctx context.Context, w *wallet.Wallet, t *wire.Tx, about wallet.Note) error {
	var refused *mempool.Error
	if err := w.Commit(ctx, t, about); err != nil && !errors.As(err, &refused) {
		return err
	}
	return nil
}

// coded gives what is wrong with a payment a code, unless it has one.
func coded(err error, code int) error {
	var done *table.Error
	var refused *wallet.Refusal
	if errors.As(err, &done) || errors.As(err, &refused) {
		return err
	}
	return table.Errorf(code, "%v", err)
}

// addressOf is a script's address, "" when it has none.
func (n *node) addressOf(s []byte) string {
	text, _ := address.Encode(s, n.Params)
	return text
}
