package view

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// Entry is a waiting transaction as Core's entryToJSON shows it.
type Entry struct {
	id wire.Hash

	VSize           int         `json:"vsize"`
	Weight          int         `json:"weight"`
	Time            int64       `json:"time"`
	Height          uint32      `json:"height"`
	DescendantCount int         `json:"descendantcount"`
	DescendantSize  int64       `json:"descendantsize"`
	AncestorCount   int         `json:"ancestorcount"`
	AncestorSize    int64       `json:"ancestorsize"`
	WitnessID       wire.Hash   `json:"wtxid"`
	ChunkWeight     int64       `json:"chunkweight"`
	Fees            EntryFees   `json:"fees"`
	Depends         []wire.Hash `json:"depends"`
	SpentBy         []wire.Hash `json:"spentby"`
	Unbroadcast     bool        `json:"unbroadcast"`
}

// EntryFees are its fees, alone and with its family.
type EntryFees struct {
	Base       Coins `json:"base"`
	Modified   Coins `json:"modified"`
	Ancestor   Coins `json:"ancestor"`
	Descendant Coins `json:"descendant"`
	Chunk      Coins `json:"chunk"`
}

// NewEntry shows an entry of the pool.
func NewEntry(e *mempool.Entry) Entry {
	return Entry{
		id: e.ID, VSize: e.Size, Weight: e.Weight, Time: e.Time.Unix(), Height: e.Height,
		DescendantCount: e.DescendantCount, DescendantSize: e.DescendantSize,
		AncestorCount: e.AncestorCount, AncestorSize: e.AncestorSize,
		WitnessID: e.WitnessID, ChunkWeight: e.ChunkWeight,
		Fees: EntryFees{
			Base: Coins(e.Fee), Modified: Coins(e.Modified),
			Ancestor: Coins(e.AncestorFees), Descendant: Coins(e.DescendantFees), Chunk: Coins(e.ChunkFee),
		},
		Depends: displayOrder(e.Parents), SpentBy: NonNil(e.Children), Unbroadcast: e.Unbroadcast,
	}
}

// Entries is an object of entries by id, in the pool's order.
type Entries []Entry

// NewEntries shows entries of the pool.
func NewEntries(es []mempool.Entry) Entries {
	out := make(Entries, len(es))
	for i := range es {
		out[i] = NewEntry(&es[i])
	}
	return out
}

// MarshalJSON writes the object.
func (es Entries) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range es {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + es[i].id.String() + `":`)
		raw, err := json.Marshal(&es[i])
		if err != nil {
			return nil, err
		}
		b.Write(raw)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// displayOrder sorts ids as their text sorts.
func displayOrder(ids []wire.Hash) []wire.Hash {
	out := NonNil(slices.Clone(ids))
	slices.SortFunc(out, func(a, b wire.Hash) int { return cmp.Compare(a.String(), b.String()) })
	return out
}
