package chainrpc

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

// defaultRange is the last index that is searched, where none is told.
const defaultRange = 1000

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
		About: "Scans the unspent transaction output set for entries that match certain output descriptors.\n" +
			"Examples of output descriptors are:\n" +
			"    addr(<address>)                      Outputs whose output script corresponds to the specified address (does not include P2PK)\n" +
			"    raw(<hex script>)                    Outputs whose output script equals the specified hex-encoded bytes\n" +
			"    combo(<pubkey>)                      P2PK, P2PKH, P2WPKH, and P2SH-P2WPKH outputs for the given pubkey\n" +
			"    pkh(<pubkey>)                        P2PKH outputs for the given pubkey\n" +
			"    sh(multi(<n>,<pubkey>,<pubkey>,...)) P2SH-multisig outputs for the given threshold and pubkeys\n" +
			"    tr(<pubkey>)                         P2TR\n" +
			"    tr(<pubkey>,{pk(<pubkey>)})          P2TR with single fallback pubkey in tapscript\n" +
			"    rawtr(<pubkey>)                      P2TR with the specified key as output key rather than inner\n" +
			"    wsh(and_v(v:pk(<pubkey>),after(2)))  P2WSH miniscript with mandatory pubkey and a timelock\n" +
			"\nIn the above, <pubkey> either refers to a fixed public key in hexadecimal notation, or to an xpub/xprv optionally followed by one\n" +
			"or more path elements separated by \"/\", and optionally ending in \"/*\" (unhardened), or \"/*'\" or \"/*h\" (hardened) to specify all\n" +
			"unhardened or hardened child keys.\n" +
			"In the latter case, a range needs to be specified by below if different from 1000.\n" +
			"For more information on output descriptors, see the documentation in the doc/descriptors.md file.\n",
		Args:    []table.Arg{scanAction(), scanObjects()},
		Results: []table.Shape{scanShape(), scanAborted(), scanProgress(), scanIdle()},
		Examples: table.CLI("scantxoutset", "start '["+scanExample+"]'") + table.CLI("scantxoutset", "status") + table.CLI("scantxoutset", "abort") +
			table.Curl("scantxoutset", `"start", [`+scanExample+`]`) + table.Curl("scantxoutset", `"status"`) + table.Curl("scantxoutset", `"abort"`),
		Call: n.scanTxOutSet,
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
				if _, known := wanted[string(s)]; !known {
					wanted[string(s)] = descriptor.InferWith(s, &e.Ring, n.Params).String()
				}
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
		low, high, err = table.ParseRange(bytes.TrimSpace(r))
	}
	return text, low, high, err
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
	slices.SortFunc(out.Unspents, func(a, b unspentJSON) int {
		return cmp.Or(bytes.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Out, b.Out))
	})
	for i := range out.Unspents {
		u := &out.Unspents[i]
		if h, ok := n.Chain.ActiveAt(u.Height); ok {
			u.Block = h.ID
		}
		u.Confirmations = max(tip.Height, u.Height) - u.Height + 1
	}
	return out, nil
}
