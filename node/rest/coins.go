package rest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/view"
)

const (
	maxOutpoints = 15            // of a question
	maxQuestion  = 64 << 10      // bytes of a question's body
	waiting      = math.MaxInt32 // stands for the height of a coin that waits for its block
)

// ask is what /getutxos is asked: by path, or by BIP64's binary form in the body.
type ask struct {
	pool bool // see the mempool, too
	ops  []wire.Outpoint
}

// coins serves /getutxos/checkmempool/TXID-N/TXID-N…: which outputs are unspent, and these.
func (h *handler) coins(r *http.Request, q question) (reply, error) {
	a, err := readAsk(r, q)
	if err != nil {
		return reply{}, err
	}
	if len(a.ops) > maxOutpoints {
		return reply{}, bad("Error: max outpoints exceeded (max: %d, tried: %d)", maxOutpoints, len(a.ops))
	}
	if a.pool {
		if err := h.Pool.Sync(r.Context()); err != nil {
			return reply{}, err
		}
	}
	tip, found, err := h.Chain.Coins(a.ops)
	if err != nil {
		return reply{}, err
	}
	if a.pool {
		h.overlay(a.ops, found)
	}
	return q.write(func() []byte { return encodeCoins(&tip, found) }, func() (any, error) { return h.showCoins(&tip, found), nil })
}

// overlay changes coins to what they are after all that waits.
func (h *handler) overlay(ops []wire.Outpoint, coins []consensus.Coin) {
	for i, op := range ops {
		if _, spent := h.Pool.Spender(op); spent {
			coins[i] = consensus.Coin{Missing: true}
			continue
		}
		if !coins[i].Missing {
			continue
		}
		if e, ok := h.Pool.Get(op.TxID); ok && int64(op.Index) < int64(len(e.Tx.Outs)) {
			coins[i] = consensus.Coin{Out: e.Tx.Outs[op.Index], Height: waiting}
		}
	}
}

// encodeCoins is BIP64's answer.
func encodeCoins(tip *consensus.State, coins []consensus.Coin) []byte {
	out := binary.LittleEndian.AppendUint32(nil, tip.Height)
	out = append(out, tip.ID[:]...)
	bits := make([]byte, (len(coins)+7)/8)
	n := 0
	for i := range coins {
		if !coins[i].Missing {
			bits[i/8] |= 1 << (i % 8)
			n++
		}
	}
	out = append(wire.AppendVarint(out, uint64(len(bits))), bits...)
	out = wire.AppendVarint(out, uint64(n))
	for i := range coins {
		if !coins[i].Missing {
			out = binary.LittleEndian.AppendUint32(out, 0) // where a version was
			out = binary.LittleEndian.AppendUint32(out, coins[i].Height)
			out = appendOut(out, &coins[i].Out)
		}
	}
	return out
}

func (h *handler) showCoins(tip *consensus.State, coins []consensus.Coin) any {
	type coin struct {
		Height uint32 `json:"height"`
		output
	}
	bits, list := "", []coin{}
	for _, c := range coins {
		if c.Missing {
			bits += "0"
			continue
		}
		bits += "1"
		list = append(list, coin{c.Height, output{view.Coins(c.Value), view.NewScript(c.Script, h.Params)}})
	}
	return struct {
		Height uint32    `json:"chainHeight"`
		Tip    wire.Hash `json:"chaintipHash"`
		Bits   string    `json:"bitmap"`
		Coins  []coin    `json:"utxos"`
	}{tip.Height, tip.ID, bits, list}
}

// readAsk reads the question from path or body; one of them must be there.
func readAsk(r *http.Request, q question) (ask, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxQuestion))
	if err != nil {
		return ask{}, bad("Parse error")
	}
	var path []string
	if len(q.param) > 1 {
		path = strings.Split(q.param[1:], "/")
	}
	if len(body) == 0 && len(path) == 0 {
		return ask{}, bad("Error: empty request")
	}
	a, err := readPath(path)
	if err != nil {
		return ask{}, err
	}
	switch q.format {
	case asHex, asBinary:
		if len(body) == 0 {
			return a, nil
		}
		if len(path) > 0 {
			return ask{}, bad("Combination of URI scheme inputs and raw post data is not allowed")
		}
		return readBody(body, q.format)
	case asJSON:
		if len(path) == 0 {
			return ask{}, bad("Error: empty request")
		}
	}
	return a, nil
}

func readPath(path []string) (a ask, err error) {
	if len(path) == 0 {
		return a, nil
	}
	if path[0] == "checkmempool" {
		a.pool, path = true, path[1:]
	}
	for _, text := range path {
		id, index, ok := strings.Cut(text, "-")
		h, err := wire.ParseHash(id)
		n, errIndex := strconv.ParseUint(index, 10, 32)
		if !ok || err != nil || errIndex != nil {
			return a, bad("Parse error")
		}
		a.ops = append(a.ops, wire.Outpoint{TxID: h, Index: uint32(n)})
	}
	if len(a.ops) == 0 {
		return a, bad("Error: empty request")
	}
	return a, nil
}

// readBody reads BIP64's question: a flag, then a list of outpoints.
func readBody(body []byte, f format) (a ask, err error) {
	if f == asHex {
		if body, err = hex.DecodeString(string(bytes.TrimSpace(body))); err != nil {
			return a, bad("Parse error")
		}
	}
	const size = wire.HashSize + 4
	if len(body) < 2 || body[0] > 1 || body[1] >= 0xfd || len(body) < 2+size*int(body[1]) {
		return a, bad("Parse error") // as many as need a longer count are too many
	}
	a.pool = body[0] == 1
	for i := range int(body[1]) {
		at := body[2+i*size:]
		a.ops = append(a.ops, wire.Outpoint{TxID: wire.Hash(at[:wire.HashSize]), Index: binary.LittleEndian.Uint32(at[wire.HashSize:])})
	}
	return a, nil
}
