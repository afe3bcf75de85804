package walletrpc

import (
	"context"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/wallet"
)

// txFields are what every transaction of the wallet is shown with (Core's
// WalletTxToJSON).
type txFields struct {
	Depth         int64       `json:"confirmations"`
	Generated     bool        `json:"generated,omitempty"`
	Block         *wire.Hash  `json:"blockhash,omitempty"`
	Height        *uint32     `json:"blockheight,omitempty"`
	Index         *uint32     `json:"blockindex,omitempty"`
	BlockTime     *uint32     `json:"blocktime,omitempty"`
	Trusted       *bool       `json:"trusted,omitempty"`
	TxID          wire.Hash   `json:"txid"`
	WitnessID     wire.Hash   `json:"wtxid"`
	Conflicts     []wire.Hash `json:"walletconflicts"`
	PoolConflicts []wire.Hash `json:"mempoolconflicts"`
	Time          int64       `json:"time"`
	Received      int64       `json:"timereceived"`
	Comment       *string     `json:"comment,omitempty"`
	To            *string     `json:"to,omitempty"`
	Replaces      *wire.Hash  `json:"replaces_txid,omitempty"`
	ReplacedBy    *wire.Hash  `json:"replaced_by_txid,omitempty"`
}

func (n *node) txFields(t *wallet.Tx) *txFields {
	f := &txFields{
		Depth: t.Depth, Generated: t.Tx.IsCoinbase(), TxID: t.Tx.ID(), WitnessID: t.Tx.WitnessID(),
		Conflicts: view.NonNil(t.Conflicts), PoolConflicts: view.NonNil(t.PoolConflicts), Time: t.Time, Received: t.Received,
		Comment: t.Comment, To: t.To, Replaces: t.Replaces, ReplacedBy: t.ReplacedBy,
	}
	if t.Block.IsZero() {
		f.Trusted = &t.Trusted
		return f
	}
	h, _ := n.Chain.Header(t.Block)
	f.Block, f.Height, f.Index, f.BlockTime = &t.Block, &t.Height, &t.Index, &h.Time
	return f
}

// sentLine is what a transaction of the wallet pays, by output.
type sentLine struct {
	Address  string     `json:"address,omitempty"`
	Category string     `json:"category"`
	Amount   view.Coins `json:"amount"`
	Label    *string    `json:"label,omitempty"`
	Out      int        `json:"vout"`
	Fee      view.Coins `json:"fee"`
	*txFields
	Abandoned bool `json:"abandoned"`
}

// receivedLine is what one pays to the wallet.
type receivedLine struct {
	Address   string     `json:"address,omitempty"`
	Descs     []string   `json:"parent_descs"`
	Category  string     `json:"category"`
	Amount    view.Coins `json:"amount"`
	Label     *string    `json:"label,omitempty"`
	Out       int        `json:"vout"`
	Abandoned bool       `json:"abandoned"`
	*txFields
}

// listing says which lines of transactions are wanted.
type listing struct {
	long   bool    // with txFields
	label  *string // only what comes in with this label
	change bool    // also what goes back to the wallet
	deep   int64   // received ones have at least so many confirmations
}

// lines lists a transaction's (Core's ListTransactions): what it pays, then what
// it pays to the wallet.
func (n *node) lines(t *wallet.Tx, l listing) (out []any) {
	var all *txFields
	if l.long {
		all = n.txFields(t)
	}
	sent := t.Debit > 0
	shown := func(o *wallet.TxOut) bool {
		if sent {
			return l.change || !o.Change
		}
		return o.Mine
	}
	if sent && l.label == nil {
		for i := range t.Outs {
			o := &t.Outs[i]
			if shown(o) {
				out = append(out, sentLine{
					Address: o.Address, Category: "send", Amount: view.Coins(-t.Tx.Outs[i].Value), Label: labelOf(o),
					Out: i, Fee: view.Coins(-t.Fee()), txFields: all, Abandoned: t.Abandoned,
				})
			}
		}
	}
	if t.Depth < l.deep {
		return out
	}
	for i := range t.Outs {
		o := &t.Outs[i]
		if !o.Mine || !shown(o) || l.label != nil && o.Label != *l.label {
			continue
		}
		out = append(out, receivedLine{
			Address: o.Address, Descs: o.Descs, Category: category(t), Amount: view.Coins(t.Tx.Outs[i].Value), Label: labelOf(o),
			Out: i, Abandoned: t.Abandoned, txFields: all,
		})
	}
	return out
}

// category is what kind of income a transaction is.
func category(t *wallet.Tx) string {
	switch {
	case !t.Tx.IsCoinbase():
		return "receive"
	case t.Depth < 1:
		return "orphan"
	case !t.Mature:
		return "immature"
	}
	return "generate"
}

func (n *node) listTransactions(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	l := listing{long: true}
	if a.Given(0) && a.Text(0) != "*" {
		name := a.Text(0)
		if name == "" {
			return nil, table.Errorf(table.CodeInvalid, "Label argument must be a valid label name or \"*\".")
		}
		l.label = &name
	}
	count, skip := a.Integer(1), a.Integer(2)
	switch {
	case count < 0:
		return nil, table.Errorf(table.CodeInvalid, "Negative count")
	case skip < 0:
		return nil, table.Errorf(table.CodeInvalid, "Negative from")
	}
	var all []any // newest first
	w.Txs(true, func(t *wallet.Tx) bool {
		all = append(all, n.lines(t, l)...)
		return int64(len(all)) < count+skip
	})
	all = all[min(skip, int64(len(all))):]
	all = all[:min(count, int64(len(all)))]
	slices.Reverse(all)
	return view.NonNil(all), nil
}

// sinceBlock is listsinceblock's answer.
type sinceBlock struct {
	Txs     []any     `json:"transactions"`
	Removed *[]any    `json:"removed,omitempty"`
	Last    wire.Hash `json:"lastblock"`
}

func (n *node) listSinceBlock(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	st := w.Status()
	left, fork, err := n.fork(a, st)
	if err != nil {
		return nil, err
	}
	target := a.Integer(1)
	if target < 1 {
		return nil, table.Errorf(table.CodeInvalid, "Invalid parameter")
	}
	l := listing{long: true, change: a.Flag(4)}
	if a.Given(5) {
		name, err := label(a, 5)
		if err != nil {
			return nil, err
		}
		l.label = &name
	}
	out := sinceBlock{Txs: []any{}}
	depth := int64(-1)
	if fork != nil {
		depth = int64(st.Height) + 1 - int64(*fork)
	}
	w.Txs(false, func(t *wallet.Tx) bool {
		if depth == -1 || max(t.Depth, -t.Depth) < depth {
			out.Txs = append(out.Txs, n.lines(t, l)...)
		}
		return true
	})
	if a.Flag(3) {
		l.deep = -100_000_000
		removed, err := n.removed(w, left, l)
		if err != nil {
			return nil, err
		}
		out.Removed = &removed
	}
	target = min(target, int64(st.Height)+1)
	last, _ := n.Chain.ActiveAt(uint32(int64(st.Height) + 1 - target))
	out.Last = last.ID
	return out, nil
}

// fork finds the block that a request names: the height at which it leaves the
// chain, nil when none is named, and the blocks that are off the chain,
// newest first.
func (n *node) fork(a table.Args, st wallet.Status) (left []wire.Hash, height *uint32, err error) {
	if a.Text(0) == "" {
		return nil, nil, nil
	}
	id, err := a.Hash(0, "blockhash")
	if err != nil {
		return nil, nil, err
	}
	h, ok := n.Chain.Header(id)
	if !ok {
		return nil, nil, table.Errorf(table.CodeNotFound, "Block not found")
	}
	for ok && (!h.Active || h.Height > st.Height) {
		left = append(left, h.ID)
		h, ok = n.Chain.Header(h.Parent)
	}
	return left, &h.Height, nil
}

// removed lists the wallet's transactions in blocks that left the chain.
func (n *node) removed(w *wallet.Wallet, blocks []wire.Hash, l listing) ([]any, error) {
	out := []any{}
	for _, id := range blocks {
		b, err := n.Chain.Block(id)
		if err != nil {
			return nil, table.Errorf(table.CodeInternal, "Can't read block from disk")
		}
		for _, t := range b.Txs {
			if known, ok := w.Tx(t.ID()); ok {
				out = append(out, n.lines(&known, l)...)
			}
		}
	}
	return out, nil
}

// transaction is gettransaction's answer.
type transaction struct {
	Amount view.Coins  `json:"amount"`
	Fee    *view.Coins `json:"fee,omitempty"`
	*txFields
	Details []any     `json:"details"`
	Hex     view.Hex  `json:"hex"`
	Decoded *walletTx `json:"decoded,omitempty"`
	Last    block     `json:"lastprocessedblock"`
}

func (n *node) getTransaction(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	id, err := a.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	t, ok := w.Tx(id)
	if !ok {
		return nil, wallet.ErrUnknownTx
	}
	credit := t.Credit()
	if !t.Mature {
		credit = 0
	}
	fee := view.Coins(0)
	if t.FromMe {
		fee = view.Coins(-t.Fee())
	}
	out := transaction{
		Amount: view.Coins(credit-t.Debit) - fee, txFields: n.txFields(&t), Details: view.NonNil(n.lines(&t, listing{})),
		Hex: t.Tx.Append(nil), Last: lastOf(w.Status()),
	}
	if t.FromMe {
		out.Fee = &fee
	}
	if a.Flag(2) {
		out.Decoded = n.decoded(&t)
	}
	return out, nil
}

// walletTx is a decoded transaction whose outputs say which are change.
type walletTx struct {
	view.Tx
	Outs []walletOut `json:"vout"`
}

// walletOut is one of them.
type walletOut struct {
	view.Out
	Change bool `json:"ischange,omitempty"`
}

func (n *node) decoded(t *wallet.Tx) *walletTx {
	out := &walletTx{Tx: view.TxView{Params: n.Params}.Show(t.Tx)}
	for i, o := range out.Tx.Outs {
		out.Outs = append(out.Outs, walletOut{o, t.Outs[i].Change})
	}
	return out
}

func (n *node) abandonTransaction(_ context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	id, err := a.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	return nil, w.Abandon(id)
}

func (n *node) rescanBlockchain(ctx context.Context, w *wallet.Wallet, a table.Args) (any, error) {
	var to *int64
	if a.Given(1) {
		height := a.Integer(1)
		to = &height
	}
	s, err := w.Rescan(ctx, a.Integer(0), to)
	if err != nil {
		return nil, err
	}
	return struct {
		Start int64   `json:"start_height"`
		Stop  *uint32 `json:"stop_height"`
	}{a.Integer(0), s.Last}, nil
}

func (n *node) abortRescan(_ context.Context, w *wallet.Wallet, _ table.Args) (any, error) {
	return w.AbortScan(), nil
}

// labelOf is an output's label, nil for an address that is not in the book.
func labelOf(o *wallet.TxOut) *string {
	if !o.Labeled {
		return nil
	}
	return &o.Label
}
