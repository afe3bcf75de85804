package txargs

import (
	"encoding/hex"
	"errors"
	"maps"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/signing"
)

// Signed is what signing a transaction came to.
type Signed struct {
	Hex      view.Hex `json:"hex"`
	Complete bool     `json:"complete"`
	Errors   []Fault  `json:"errors,omitempty"`
}

// Fault is what is wrong with an input.
type Fault struct {
	TxID     wire.Hash  `json:"txid"`
	Out      uint32     `json:"vout"`
	Witness  []view.Hex `json:"witness"`
	Script   view.Hex   `json:"scriptSig"`
	Sequence uint32     `json:"sequence"`
	Error    string     `json:"error"`
}

// NewSigned shows a transaction that was signed, and what is wrong with its
// inputs. A missing amount is an error of the call (Core's
// SignTransactionResultToJSON).
func NewSigned(t *wire.Tx, faults map[int]error, coins Coins) (Signed, error) {
	out := Signed{Complete: len(faults) == 0}
	for _, i := range slices.Sorted(maps.Keys(faults)) {
		in := &t.Ins[i]
		if errors.Is(faults[i], signing.ErrNoAmount) {
			coin := coins[in.Prev]
			text := hex.EncodeToString(coin.Script)
			return out, table.Errorf(table.CodeType, "Missing amount for CTxOut(nValue=%d.%08d, scriptPubKey=%s)",
				coin.Value/consensus.Coins, coin.Value%consensus.Coins, text[:min(30, len(text))])
		}
		f := Fault{TxID: in.Prev.TxID, Out: in.Prev.Index, Witness: []view.Hex{}, Script: in.Script, Sequence: in.Sequence, Error: faults[i].Error()}
		for _, item := range in.Witness {
			f.Witness = append(f.Witness, item)
		}
		out.Errors = append(out.Errors, f)
	}
	out.Hex = t.Append(nil)
	return out, nil
}

// TroublesShape is the schema of what keeps those who sign together from signing.
func TroublesShape() table.Shape {
	return table.Arr("warnings", "What is wrong with public nonces and partial signatures of MuSig2, and whose they are", table.Str("warning", "")).Maybe()
}

// Unsealed copies a transaction, so that its inputs may be changed.
func Unsealed(t *wire.Tx) *wire.Tx {
	return &wire.Tx{Version: t.Version, Ins: slices.Clone(t.Ins), Outs: t.Outs, LockTime: t.LockTime}
}
