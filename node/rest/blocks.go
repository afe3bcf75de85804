package rest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/view"
)

// headers serves /headers/HASH?count=N, and the older /headers/N/HASH: those
// of the active branch from a block on.
func (h *handler) headers(r *http.Request, q question) (reply, error) {
	from, number, ok := strings.Cut(q.param, "/")
	switch {
	case !ok:
		number = param(r, "count", "5")
	case strings.Contains(number, "/"):
		return reply{}, bad("Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>")
	default:
		from, number = number, from
	}
	n, err := count(number)
	if err != nil {
		return reply{}, err
	}
	id, err := hash(from)
	if err != nil {
		return reply{}, err
	}
	tip := h.Chain.Tip().Height
	list := h.run(id, n)
	return q.write(func() []byte {
		var out []byte
		for _, x := range list {
			out = x.Header.Append(out)
		}
		return out
	}, func() (any, error) {
		out := make([]view.Header, len(list))
		for i, x := range list {
			out[i] = view.NewHeader(x, tip)
		}
		return out, nil
	})
}

// run lists up to n blocks of the active branch from id on.
func (h *handler) run(id wire.Hash, n int) (out []chain.HeaderInfo) {
	x, ok := h.Chain.Header(id)
	for ok && x.Active {
		if out = append(out, x); len(out) == n {
			break
		}
		parent := x.ID
		if x, ok = h.Chain.ActiveAt(x.Height + 1); ok && x.Parent != parent {
			break // the chain moved
		}
	}
	return out
}

// blockID serves /blockhashbyheight/HEIGHT.
func (h *handler) blockID(_ *http.Request, q question) (reply, error) {
	n, err := strconv.ParseInt(q.param, 10, 32)
	if err != nil || n < 0 || q.param[0] == '+' {
		return reply{}, bad("Invalid height: %s", safe(q.param))
	}
	x, ok := h.Chain.ActiveAt(uint32(n))
	if !ok {
		return reply{}, missing("Block height out of range")
	}
	if q.format == asHex { // a hash is shown, not its bytes
		return reply{"text/plain", []byte(x.ID.String() + "\n")}, nil
	}
	return q.write(func() []byte { return x.ID[:] }, func() (any, error) {
		return struct {
			ID wire.Hash `json:"blockhash"`
		}{x.ID}, nil
	})
}

// safe leaves only what Core lets through of a URI in an error.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("!*'();:@&=+$,/?#[]-_.~%", r)) {
			return r
		}
		return -1
	}, s)
}

// Levels of detail, as getblock's verbosity has them.
const (
	onlyIDs       = 1
	withPrevouts  = 3
	noJSON        = 0
	noJSONAnswers = "JSON output is not supported for this request type"
)

func (h *handler) block(r *http.Request, q question) (reply, error) {
	return h.blockAs(r, q, withPrevouts, whole)
}

func (h *handler) blockIDs(r *http.Request, q question) (reply, error) {
	return h.blockAs(r, q, onlyIDs, whole)
}

func whole(_ wire.Hash, raw []byte) ([]byte, error) { return raw, nil }

// blockPart serves /blockpart/HASH?offset=N&size=N: some of a block's bytes.
func (h *handler) blockPart(r *http.Request, q question) (reply, error) {
	offset, err := strconv.ParseUint(param(r, "offset", ""), 10, 64)
	if err != nil {
		return reply{}, bad("Block part offset missing or invalid")
	}
	size, err := strconv.ParseUint(param(r, "size", ""), 10, 64)
	if err != nil {
		return reply{}, bad("Block part size missing or invalid")
	}
	return h.blockAs(r, q, noJSON, func(id wire.Hash, raw []byte) ([]byte, error) {
		if n := uint64(len(raw)); size == 0 || offset > n || size > n-offset {
			return nil, bad("Bad block part offset/size %d/%d for %s", offset, size, id)
		}
		return raw[offset : offset+size], nil
	})
}

// blockAs serves a block: cut to a part, or in JSON as detailed as getblock is at a level.
func (h *handler) blockAs(r *http.Request, q question, level int, cut func(wire.Hash, []byte) ([]byte, error)) (reply, error) {
	id, err := hash(q.param)
	if err != nil {
		return reply{}, err
	}
	if _, ok := h.Chain.Header(id); !ok {
		return reply{}, missing("%s not found", q.param)
	}
	b, err := h.Chain.Block(id)
	if errors.Is(err, chain.ErrPruned) {
		return reply{}, missing("%s not available (pruned data)", q.param)
	}
	if errors.Is(err, chain.ErrNoBlock) {
		return reply{}, missing("%s not available (not fully downloaded)", q.param)
	}
	if err != nil {
		return reply{}, fmt.Errorf("I/O error reading %s", q.param)
	}
	part, err := cut(id, b.Bytes())
	if err != nil {
		return reply{}, err
	}
	return q.write(func() []byte { return part }, func() (any, error) {
		if level == noJSON {
			return nil, bad(noJSONAnswers)
		}
		return h.Call(r.Context(), "getblock", id, level)
	})
}

// spent serves /spenttxouts/HASH: the outputs that a block's transactions
// spent, by transaction.
func (h *handler) spent(_ *http.Request, q question) (reply, error) {
	if strings.Contains(q.param, "/") {
		return reply{}, bad("Invalid URI format. Expected /rest/spenttxouts/<hash>.<ext>")
	}
	id, err := hash(q.param)
	if err != nil {
		return reply{}, err
	}
	x, ok := h.Chain.Header(id)
	if !ok {
		return reply{}, missing("%s not found", q.param)
	}
	byTx := [][]consensus.Coin{nil}
	if x.Height > 0 {
		b, err := h.Chain.Block(id)
		var coins []consensus.Coin
		if err == nil {
			coins, err = h.Chain.Spent(id)
		}
		if errors.Is(err, chain.ErrNoBlock) || err == nil && len(coins) != b.Spends() {
			return reply{}, missing("%s undo not available", q.param)
		}
		if err != nil {
			return reply{}, err
		}
		byTx = view.SpentBy(b, coins)
	}
	return q.write(func() []byte { return encodeSpent(byTx) }, func() (any, error) { return h.showSpent(byTx), nil })
}

// encodeSpent writes lists of outputs: their number, then for each the number
// of outputs and these.
func encodeSpent(byTx [][]consensus.Coin) []byte {
	out := wire.AppendVarint(nil, uint64(len(byTx)))
	for _, coins := range byTx {
		out = wire.AppendVarint(out, uint64(len(coins)))
		for i := range coins {
			out = appendOut(out, &coins[i].Out)
		}
	}
	return out
}

func appendOut(b []byte, o *wire.Out) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(o.Value))
	b = wire.AppendVarint(b, uint64(len(o.Script)))
	return append(b, o.Script...)
}

// output is one in JSON.
type output struct {
	Value  view.Coins  `json:"value"`
	Script view.Script `json:"scriptPubKey"`
}

func (h *handler) showSpent(byTx [][]consensus.Coin) [][]output {
	out := make([][]output, len(byTx))
	for i, coins := range byTx {
		out[i] = make([]output, len(coins))
		for j, c := range coins {
			out[i][j] = output{view.Coins(c.Value), view.NewScript(c.Script, h.Params)}
		}
	}
	return out
}
