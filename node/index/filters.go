package index

import (
	"bytes"
	"context"
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index/gcs"
)

// Filters keeps the basic filter of every block (BIP158) and its header (BIP157),
// also of blocks that have left the chain. Filters and headers are in two
// runs of keys, because headers are asked for by the thousand.
type Filters struct {
	reader
	last wire.Hash // header of the last block's filter
}

const (
	filterLetter = 'f'
	headerLetter = 'h'
)

func newFilters(r reader) *Filters { return &Filters{reader: r} }

func (x *Filters) prepare(u *consensus.Update) func(*writer) error {
	f := gcs.Basic(u.Block, u.Spent)
	height, id := u.Next.Height, u.Next.ID
	return func(w *writer) error {
		x.last = f.Header(x.last)
		w.put(blockKey(filterLetter, height, id), f)
		w.put(blockKey(headerLetter, height, id), x.last[:])
		return w.err
	}
}

// revert goes back to the header before, which an earlier batch has stored: blocks
// are taken back before others are added.
func (x *Filters) revert(u *consensus.Update, w *writer) error {
	header, ok, err := x.Header(w.ctx, u.Prev.Height, u.Prev.ID)
	if err == nil && !ok {
		err = fmt.Errorf("the filter header of block %v is missing", u.Prev.ID)
	}
	x.last = header
	return err
}

func (x *Filters) memory() []byte { return bytes.Clone(x.last[:]) }

func (x *Filters) remember(b []byte) error {
	x.last = wire.Hash{}
	if len(b) != 0 && len(b) != wire.HashSize {
		return fmt.Errorf("the last filter header is damaged: %d bytes", len(b))
	}
	copy(x.last[:], b)
	return nil
}

// Filter is the filter of a block by its height and id; ok is false where the
// index has not come to it.
func (x *Filters) Filter(ctx context.Context, height uint32, id wire.Hash) (f gcs.Filter, ok bool, err error) {
	f, err = x.get(ctx, blockKey(filterLetter, height, id))
	return f, f != nil, err
}

// Header is the header of that filter.
func (x *Filters) Header(ctx context.Context, height uint32, id wire.Hash) (h wire.Hash, ok bool, err error) {
	b, err := x.get(ctx, blockKey(headerLetter, height, id))
	if b == nil || err != nil {
		return h, false, err
	}
	if len(b) != wire.HashSize {
		return h, false, fmt.Errorf("the filter header of block %v is damaged: %d bytes", id, len(b))
	}
	return wire.Hash(b), true, nil
}
