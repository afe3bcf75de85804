package snapshot

import (
	"bytes"
	"io"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Writer writes the coins of a file, behind its header.
type Writer struct {
	w     io.Writer
	txID  wire.Hash
	group []entry // coins of txID
	buf   []byte
	count uint64
}

type entry struct {
	index uint32
	coin  consensus.Coin
}

// NewWriter writes room for a header, which is to be written over it at the end: how
// many coins there are is known then.
func NewWriter(w io.Writer) (*Writer, error) {
	_, err := w.Write(make([]byte, HeaderSize))
	return &Writer{w: w}, err
}

// Put adds a coin. Those of one transaction come one after the other.
func (w *Writer) Put(op wire.Outpoint, c consensus.Coin) error {
	if op.TxID != w.txID {
		if err := w.flush(); err != nil {
			return err
		}
		w.txID = op.TxID
	}
	c.Script = bytes.Clone(c.Script)
	w.group = append(w.group, entry{op.Index, c})
	w.count++
	return nil
}

// flush writes a transaction's coins, in the order in which Core's database has
// them: that of their numbers as VARINTs, which is another one from 16,512 on.
func (w *Writer) flush() error {
	if len(w.group) == 0 {
		return nil
	}
	slices.SortFunc(w.group, func(a, b entry) int {
		return bytes.Compare(appendVarint(nil, uint64(a.index)), appendVarint(nil, uint64(b.index)))
	})
	b := append(w.buf[:0], w.txID[:]...)
	b = wire.AppendVarint(b, uint64(len(w.group)))
	for i := range w.group {
		b = wire.AppendVarint(b, uint64(w.group[i].index))
		b = appendCoin(b, &w.group[i].coin)
	}
	w.buf, w.group = b, w.group[:0]
	_, err := w.w.Write(b)
	return err
}

// Close writes what is left and returns the header of a file of the network with that
// magic, for its beginning.
func (w *Writer) Close(base wire.Hash, magic [4]byte) (header []byte, coins uint64, err error) {
	err = w.flush()
	h := Header{base, w.count}
	return h.append(nil, magic), w.count, err
}
