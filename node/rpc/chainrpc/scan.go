package chainrpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

const (
	defaultRange = 1000
	maxRange     = 1_000_000
)

// scan is the one search of the coin set that may run at a time. mu guards
// cancel, which is nil when none runs.
type scan struct {
	mu       sync.Mutex
	cancel   context.CancelFunc
	progress atomic.Int32 // per cent
}

// begin reserves the search; end gives it back.
func (s *scan) begin(ctx context.Context) (_ context.Context, end func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(ctx)
	s.cancel = cancel
	s.progress.Store(0)
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		cancel()
		s.cancel = nil
	}, true
}

// abort ends the search that runs, if one does.
func (s *scan) abort() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		return false
	}
	s.cancel()
	return true
}

func (s *scan) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cancel != nil
}

func (n *node) scanMethods() []table.Method {
	return []table.Method{{
		Name: "scantxoutset", Category: "blockchain",
		About: "Scans the unspent transaction output set for entries that match certain output descriptors:\n" +
			"addr(<address>), raw(<hex script>), combo(<pubkey>), pk(<pubkey>), pkh(<pubkey>), wpkh(<pubkey>), sh(wpkh(<pubkey>)), tr(<pubkey>), rawtr(<pubkey>)\n" +
			"where <pubkey> is a key in hex or WIF, or an extended key (xpub/xprv) optionally followed by one or more path elements and a final /*.",
		Args: []table.Arg{
			{Name: "action", Kind: table.Text, Need: true, About: "\"start\" for starting a scan, \"abort\" for aborting the current scan (returns true when abort was successful), \"status\" for progress report (in %) of the current scan"},
			{Name: "scanobjects", Kind: table.Array, About: "Array of scan objects: descriptors, or objects { \"desc\", \"range\" }. Required for \"start\" action"},
		},
		Result: "{ \"success\", \"txouts\", \"height\", \"bestblock\", \"unspents\", \"total_amount\" }", Call: n.scanTxOutSet,
	}}
}

func (n *node) scanTxOutSet(ctx context.Context, a table.Args) (any, error) {
	switch a.Text(0) {
	case "status":
		if !n.scan.running() {
			return nil, nil
		}
		return map[string]int32{"progress": n.scan.progress.Load()}, nil
	case "abort":
		return n.scan.abort(), nil
	case "start":
	default:
		return nil, table.Errorf(table.CodeInvalid, "Invalid action '%s'", a.Text(0))
	}
	ctx, end, ok := n.scan.begin(ctx)
	if !ok {
		return nil, table.Errorf(table.CodeInvalid, `Scan already in progress, use action "abort" or "status"`)
	}
	defer end()
	if !a.Given(1) {
		return nil, table.Errorf(table.CodeMisc, "scanobjects argument is required for the start action")
	}
	wanted := make(map[string]string)
	for _, raw := range a.List(1) {
		if err := n.expand(ctx, raw, wanted); err != nil {
			return nil, err
		}
	}
	return n.search(ctx, wanted)
}

// expand adds the scripts of one scan object, with what describes them.
func (n *node) expand(ctx context.Context, raw json.RawMessage, wanted map[string]string) error {
	text, low, high, err := scanObject(bytes.TrimSpace(raw))
	if err != nil {
		return err
	}
	list, err := descriptor.Parse(text, n.Params)
	if err != nil {
		return table.Errorf(table.CodeNotFound, "%v", err)
	}
	if !list[0].Ranged() {
		low, high = 0, 0
	}
	for i := low; i <= high; i++ {
		for _, d := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			e, err := d.Expand(uint32(i))
			if err != nil {
				return table.Errorf(table.CodeNotFound, "Cannot derive script without private keys: '%s'", text)
			}
			for _, s := range e.Scripts {
				wanted[string(s)] = descriptor.InferWith(s, &e.Ring, n.Params).String()
			}
		}
	}
	return nil
}

// scanObject reads a descriptor, or an object of one and a range.
func scanObject(raw json.RawMessage) (text string, low, high int64, err error) {
	switch table.TypeName(raw) {
	case "string":
		err = json.Unmarshal(raw, &text)
		return text, 0, defaultRange, err
	case "object":
	default:
		return "", 0, 0, table.Errorf(table.CodeInvalid, "Scan object needs to be either a string or an object")
	}
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil {
		return "", 0, 0, err
	}
	desc, ok := o["desc"]
	if !ok || table.IsNull(desc) {
		return "", 0, 0, table.Errorf(table.CodeInvalid, "Descriptor needs to be provided in scan object")
	}
	if json.Unmarshal(desc, &text) != nil {
		return "", 0, 0, table.Errorf(table.CodeType, "%s", table.WrongType(desc, "string"))
	}
	high = defaultRange
	if r, ok := o["range"]; ok && !table.IsNull(r) {
		low, high, err = parseRange(bytes.TrimSpace(r))
	}
	return text, low, high, err
}

// parseRange reads an end or [begin, end] (Core's ParseDescriptorRange).
func parseRange(raw json.RawMessage) (low, high int64, err error) {
	var pair []json.RawMessage
	switch {
	case table.TypeName(raw) == "number":
		high, err = table.ParseInteger(raw, 64)
	case json.Unmarshal(raw, &pair) == nil && len(pair) == 2 && table.TypeName(pair[0]) == "number" && table.TypeName(pair[1]) == "number":
		if low, err = table.ParseInteger(pair[0], 64); err == nil {
			high, err = table.ParseInteger(pair[1], 64)
		}
		if err == nil && low > high {
			err = table.Errorf(table.CodeInvalid, "Range specified as [begin,end] must not have begin after end")
		}
	default:
		err = table.Errorf(table.CodeInvalid, "Range must be specified as end or as [begin,end]")
	}
	switch {
	case err != nil:
	case low < 0:
		err = table.Errorf(table.CodeInvalid, "Range should be greater or equal than 0")
	case high>>31 != 0:
		err = table.Errorf(table.CodeInvalid, "End of range is too high")
	case high >= low+maxRange:
		err = table.Errorf(table.CodeInvalid, "Range is too large")
	}
	return low, high, err
}

type unspentJSON struct {
	TxID          wire.Hash  `json:"txid"`
	Out           uint32     `json:"vout"`
	Script        view.Hex   `json:"scriptPubKey"`
	Desc          string     `json:"desc"`
	Amount        view.Coins `json:"amount"`
	Coinbase      bool       `json:"coinbase"`
	Height        uint32     `json:"height"`
	Block         wire.Hash  `json:"blockhash"`
	Confirmations uint32     `json:"confirmations"`
}

type scanJSON struct {
	Success  bool          `json:"success"`
	Outs     int64         `json:"txouts"`
	Height   uint32        `json:"height"`
	Best     wire.Hash     `json:"bestblock"`
	Unspents []unspentJSON `json:"unspents"`
	Total    view.Coins    `json:"total_amount"`
}

// search goes through the coin set. When it is aborted, success is false.
func (n *node) search(ctx context.Context, wanted map[string]string) (any, error) {
	out := scanJSON{Unspents: []unspentJSON{}}
	tip, err := n.Chain.EachCoin(ctx, func(op wire.Outpoint, c consensus.Coin) error {
		out.Outs++
		// Coins come in the order of their ids, which are as good as random.
		n.scan.progress.Store(int32(binary.BigEndian.Uint16(op.TxID[:])) * 100 / (1 << 16))
		if desc, ok := wanted[string(c.Script)]; ok {
			out.Unspents = append(out.Unspents, unspentJSON{
				TxID: op.TxID, Out: op.Index, Script: bytes.Clone(c.Script), Desc: desc,
				Amount: view.Coins(c.Value), Coinbase: c.Coinbase, Height: c.Height,
			})
			out.Total += view.Coins(c.Value)
		}
		return nil
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	if err != nil {
		tip = n.Chain.Tip()
	}
	out.Success, out.Height, out.Best = err == nil, tip.Height, tip.ID
	for i := range out.Unspents {
		u := &out.Unspents[i]
		if h, ok := n.Chain.ActiveAt(u.Height); ok {
			u.Block = h.ID
		}
		u.Confirmations = max(tip.Height, u.Height) - u.Height + 1
	}
	return out, nil
}
