package view

import (
	"encoding/binary"
	"strconv"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// Header is a header as getblockheader and getblock show it.
type Header struct {
	Hash          wire.Hash  `json:"hash"`
	Confirmations int64      `json:"confirmations"` // -1: not on the active branch
	Height        uint32     `json:"height"`
	Version       int32      `json:"version"`
	VersionHex    Hex32      `json:"versionHex"`
	Merkle        wire.Hash  `json:"merkleroot"`
	Time          uint32     `json:"time"`
	Median        uint32     `json:"mediantime"`
	Nonce         uint32     `json:"nonce"`
	Bits          Hex32      `json:"bits"`
	Target        string     `json:"target"`
	Difficulty    Double     `json:"difficulty"`
	Work          string     `json:"chainwork"`
	Txs           int        `json:"nTx"`
	Prev          *wire.Hash `json:"previousblockhash,omitempty"`
	Next          *wire.Hash `json:"nextblockhash,omitempty"`
}

// NewHeader shows a header; tip is the active branch's height.
func NewHeader(h chain.HeaderInfo, tip uint32) Header {
	out := Header{
		Hash: h.ID, Confirmations: Confirmations(h, tip), Height: h.Height,
		Version: h.Version, VersionHex: Hex32(h.Version), Merkle: h.Merkle,
		Time: h.Time, Median: h.Median, Nonce: h.Nonce, Bits: Hex32(h.Bits), Target: Target(h.Bits),
		Difficulty: Double(work.Bits(h.Bits).Difficulty()), Work: work.Work(h.Work).String(), Txs: h.Txs,
	}
	if h.Height > 0 {
		out.Prev = &h.Parent
	}
	if !h.Next.IsZero() {
		out.Next = &h.Next
	}
	return out
}

// AppendJSON writes the header.
func (h Header) AppendJSON(b []byte) []byte { return append(h.append(buf(b).open("", '{')), '}') }

// append writes the fields.
func (h *Header) append(b buf) buf {
	b = b.hash("hash", &h.Hash).number("confirmations", h.Confirmations).number("height", int64(h.Height)).
		number("version", int64(h.Version)).hex32("versionHex", h.VersionHex).hash("merkleroot", &h.Merkle).
		number("time", int64(h.Time)).number("mediantime", int64(h.Median)).number("nonce", int64(h.Nonce)).
		hex32("bits", h.Bits).text("target", h.Target)
	b = strconv.AppendFloat(b.key("difficulty"), float64(h.Difficulty), 'g', 16, 64)
	b = b.text("chainwork", h.Work).number("nTx", int64(h.Txs))
	if h.Prev != nil {
		b = b.hash("previousblockhash", h.Prev)
	}
	if h.Next != nil {
		b = b.hash("nextblockhash", h.Next)
	}
	return b
}

func (b buf) hex32(key string, n Hex32) buf {
	var raw [4]byte
	binary.BigEndian.PutUint32(raw[:], uint32(n))
	return b.hex(key, raw[:])
}

// Confirmations counts the blocks from h to the tip; -1 off the active branch.
func Confirmations(h chain.HeaderInfo, tip uint32) int64 {
	if !h.Active {
		return -1
	}
	// The tip may have moved since h was looked up, but not below it without
	// h's leaving the branch.
	return max(1, int64(tip)-int64(h.Height)+1)
}

// Target writes compact bits out, as 64 hex digits.
func Target(bits uint32) string {
	t, _, _ := work.Bits(bits).Target()
	return t.String()
}
