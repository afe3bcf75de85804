package minerpc

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/view"
)

// templateJSON is a template as it is answered. Most of the text, the
// transactions, is the same for everybody and made once.
type templateJSON struct {
	t       *mining.Ready
	txs     [][]byte // by ShowTxs
	time    uint32
	version int32
	signals []signal
	active  []string // names of deployments by version bits
}

// signal is a version bit that may be set.
type signal struct {
	name string
	bit  uint8
}

// AppendJSON writes the answer in Core's order of fields.
func (j *templateJSON) AppendJSON(b []byte) []byte {
	t, h, coinbase := j.t, &j.t.Block.Header, j.t.Block.Txs[0]
	params := t.Prev.Params
	bits := uint32(consensus.NextBits(&t.Prev, j.time)) // on test chains they depend on the time
	size := 2048
	for _, piece := range j.txs {
		size += len(piece)
	}
	b = slices.Grow(b, size)
	b = append(b, `{"capabilities":["proposal"],"version":`...)
	b = strconv.AppendInt(b, int64(j.version), 10)
	b = append(b, `,"rules":["csv"`...)
	segwit := t.Height() >= params.Segwit
	if segwit {
		b = append(b, `,"!segwit","taproot"`...)
	}
	if params.SignetChallenge != nil {
		b = append(b, `,"!signet"`...)
	}
	for _, name := range j.active {
		b = append(append(append(b, `,"`...), name...), '"')
	}
	b = append(b, `],"vbavailable":{`...)
	for i, s := range j.signals {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), s.name...), `":`...)
		b = strconv.AppendUint(b, uint64(s.bit), 10)
	}
	b = append(b, `},"vbrequired":0,"previousblockhash":"`...)
	b = append(append(b, h.Parent.String()...), `","transactions":`...)
	for _, piece := range j.txs {
		b = append(b, piece...)
	}
	b = append(b, `,"coinbaseaux":{},"coinbasevalue":`...)
	b = strconv.AppendInt(b, coinbase.Outs[0].Value, 10)
	b = append(append(b, `,"longpollid":"`...), h.Parent.String()...)
	b = strconv.AppendUint(b, t.Sequence, 10)
	b = append(append(b, `","target":"`...), view.Target(bits)...)
	b = strconv.AppendUint(append(b, `","mintime":`...), uint64(t.MinTime), 10)
	b = append(b, `,"mutable":["time","transactions","prevblock"],"noncerange":"00000000ffffffff"`...)
	b = appendLimits(b, segwit)
	b = strconv.AppendUint(append(b, `,"curtime":`...), uint64(j.time), 10)
	b = append(b, `,"bits":"`...)
	b = append(b, fmt.Sprintf("%08x", bits)...)
	b = strconv.AppendUint(append(b, `","height":`...), uint64(t.Height()), 10)
	if params.SignetChallenge != nil {
		b = append(hex.AppendEncode(append(b, `,"signet_challenge":"`...), params.SignetChallenge), '"')
	}
	if len(coinbase.Outs) > 1 {
		b = append(hex.AppendEncode(append(b, `,"default_witness_commitment":"`...), coinbase.Outs[1].Script), '"')
	}
	return append(b, '}')
}

// appendLimits writes what a block may have; before segwit in a scale four times coarser.
func appendLimits(b []byte, segwit bool) []byte {
	scale := consensus.WitnessScale
	if segwit {
		scale = 1
	}
	b = strconv.AppendInt(append(b, `,"sigoplimit":`...), int64(consensus.MaxSigopCost/scale), 10)
	b = strconv.AppendInt(append(b, `,"sizelimit":`...), int64(consensus.MaxWeight/scale), 10)
	if segwit {
		b = strconv.AppendInt(append(b, `,"weightlimit":`...), consensus.MaxWeight, 10)
	}
	return b
}

// ShowTx writes what is the same of a transaction in every template: the beginning of its object.
func ShowTx(tx *wire.Tx) []byte {
	raw := tx.Append(make([]byte, 0, tx.Size()))
	b := make([]byte, 0, 2*len(raw)+4*wire.HashSize+64)
	b = hex.AppendEncode(append(b, `{"data":"`...), raw)
	b = append(append(b, `","txid":"`...), tx.ID().String()...)
	b = append(append(b, `","hash":"`...), tx.WitnessID().String()...)
	return append(b, `","depends":[`...)
}

// ShowTxs writes a template's transactions, but the coinbase, as a JSON array, in pieces: what ShowTx
// wrote of each, and what differs from template to template.
func ShowTxs(t *mining.Template, txs [][]byte) [][]byte {
	scale := consensus.WitnessScale
	if t.Height() >= t.Prev.Params.Segwit {
		scale = 1
	}
	place := make(map[wire.Hash]int, len(t.Block.Txs))
	pieces := make([][]byte, 0, 2*len(t.Block.Txs)+1)
	pieces = append(pieces, []byte{'['})
	b := make([]byte, 0, 64*len(t.Block.Txs))
	for i, tx := range t.Block.Txs {
		if place[tx.ID()] = i; i == 0 {
			continue
		}
		from := len(b)
		b = appendDepends(b, tx, place)
		b = strconv.AppendInt(append(b, `],"fee":`...), t.Fees[i], 10)
		b = strconv.AppendInt(append(b, `,"sigops":`...), int64(t.Sigops[i]/scale), 10)
		b = strconv.AppendInt(append(b, `,"weight":`...), int64(tx.Weight()), 10)
		if b = append(b, '}'); i < len(t.Block.Txs)-1 {
			b = append(b, ',')
		}
		pieces = append(pieces, txs[i-1], b[from:len(b):len(b)])
	}
	return append(pieces, []byte{']'})
}

// appendDepends lists the transactions of the block that tx spends from, by their places; the coinbase's is 0.
func appendDepends(b []byte, tx *wire.Tx, place map[wire.Hash]int) []byte {
	first := true
	for i := range tx.Ins {
		at, ok := place[tx.Ins[i].Prev.TxID]
		if !ok {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = strconv.AppendInt(b, int64(at), 10)
	}
	return b
}
