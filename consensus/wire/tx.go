package wire

import (
	"encoding/binary"
	"fmt"
)

// CoinbaseIndex is the output index in a coinbase's null outpoint.
const CoinbaseIndex = 0xffffffff

// Outpoint names one output of one transaction.
type Outpoint struct {
	TxID  Hash
	Index uint32
}

// String writes "txid:index", the id in display order.
func (o Outpoint) String() string { return fmt.Sprintf("%v:%d", o.TxID, o.Index) }

// IsNull says whether this is a coinbase's outpoint.
func (o Outpoint) IsNull() bool { return o.Index == CoinbaseIndex && o.TxID.IsZero() }

// In is a transaction input.
type In struct {
	Prev     Outpoint
	Script   []byte
	Sequence uint32
	Witness  [][]byte // nil when the input has none
}

// Out is a transaction output; Value in satoshis.
type Out struct {
	Value  int64
	Script []byte
}

// Tx is a transaction. One that came from Decode or Seal knows its ids and
// sizes and must not be changed; one still being built computes them at each
// call.
type Tx struct {
	Version  int32 // signed on the wire; BIP68 reads it as unsigned
	Ins      []In
	Outs     []Out
	LockTime uint32

	sealed bool
	id     Hash
	wid    Hash
	base   int // bytes without witness
	total  int // bytes with witness
}

// Seal computes ids and sizes once, after which t must not change. It returns t.
func (t *Tx) Seal() *Tx {
	buf := t.Append(make([]byte, 0, 512))
	t.total, t.wid = len(buf), DoubleSHA256(buf)
	t.base, t.id = t.total, t.wid
	if t.HasWitness() {
		buf = t.AppendBase(buf[:0])
		t.base, t.id = len(buf), DoubleSHA256(buf)
	}
	t.sealed = true
	return t
}

func (t *Tx) facts() *Tx {
	if t.sealed {
		return t
	}
	c := *t
	return c.Seal()
}

// ID is the hash without witness (BIP141 txid).
func (t *Tx) ID() Hash { return t.facts().id }

// WitnessID is the hash with witness (BIP141 wtxid); a coinbase's is hashed
// like any other's, the zero rule belongs to the witness commitment.
func (t *Tx) WitnessID() Hash { return t.facts().wid }

// BaseSize is the encoding's length in bytes without witness.
func (t *Tx) BaseSize() int { return t.facts().base }

// Size is the encoding's length in bytes with witness.
func (t *Tx) Size() int { return t.facts().total }

// Weight is three times the base size plus the size, in weight units (BIP141).
func (t *Tx) Weight() int {
	f := t.facts()
	return 3*f.base + f.total
}

// VSize is the weight in virtual bytes, rounded up.
func (t *Tx) VSize() int { return (t.Weight() + 3) / 4 }

// HasWitness says whether any input carries a witness.
func (t *Tx) HasWitness() bool {
	for i := range t.Ins {
		if len(t.Ins[i].Witness) > 0 {
			return true
		}
	}
	return false
}

// IsCoinbase says whether the only input spends the null outpoint.
func (t *Tx) IsCoinbase() bool { return len(t.Ins) == 1 && t.Ins[0].Prev.IsNull() }

// Outpoint names output i of t.
func (t *Tx) Outpoint(i int) Outpoint { return Outpoint{TxID: t.ID(), Index: uint32(i)} }

// Append adds the encoding with witness (BIP144) to dst.
func (t *Tx) Append(dst []byte) []byte {
	if !t.HasWitness() {
		return t.AppendBase(dst)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(t.Version))
	dst = append(dst, 0, 1)
	dst = t.appendBody(dst)
	for i := range t.Ins {
		dst = AppendVarint(dst, uint64(len(t.Ins[i].Witness)))
		for _, item := range t.Ins[i].Witness {
			dst = appendBytes(dst, item)
		}
	}
	return binary.LittleEndian.AppendUint32(dst, t.LockTime)
}

// AppendBase adds the encoding without witness to dst.
func (t *Tx) AppendBase(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(t.Version))
	dst = t.appendBody(dst)
	return binary.LittleEndian.AppendUint32(dst, t.LockTime)
}

func (t *Tx) appendBody(dst []byte) []byte {
	dst = AppendVarint(dst, uint64(len(t.Ins)))
	for i := range t.Ins {
		in := &t.Ins[i]
		dst = append(dst, in.Prev.TxID[:]...)
		dst = binary.LittleEndian.AppendUint32(dst, in.Prev.Index)
		dst = appendBytes(dst, in.Script)
		dst = binary.LittleEndian.AppendUint32(dst, in.Sequence)
	}
	dst = AppendVarint(dst, uint64(len(t.Outs)))
	for i := range t.Outs {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(t.Outs[i].Value))
		dst = appendBytes(dst, t.Outs[i].Script)
	}
	return dst
}
