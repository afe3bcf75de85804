package chain

import (
	"context"
	"iter"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Store keeps what must survive. The chain calls it from one goroutine at a
// time, except Block, Undo, HasBlock, Coin and EachCoin, which may be called at any
// time from anywhere, and Flush, which runs beside everything but Freeze and
// Thaw. Errors are never the fault of a block or peer.
type Store interface {
	// Load returns the headers stored, parents first, genesis excluded, and
	// the id of the block that the coin set is at (genesis when fresh).
	Load() (headers iter.Seq2[StoredHeader, error], tip wire.Hash, err error)
	// AddHeaders stores headers or changes what is kept beside known ones. They are durable
	// after the next Freeze and its Flush, at the latest.
	AddHeaders(hs []StoredHeader) error
	// PutBlock stores a body. It is durable after the next Freeze and its
	// Flush. Storing it twice does nothing.
	PutBlock(b *wire.Block) error
	// HasBlock says whether a body is stored: no longer, once Block has
	// returned ErrNoBlock for it. PutBlock then takes it anew.
	HasBlock(id wire.Hash) bool
	// Block reads a body; ErrNoBlock when it is not stored.
	Block(id wire.Hash) (*wire.Block, error)
	// Undo reads the coins spent by a block that was once applied, in block order.
	Undo(id wire.Hash) ([]consensus.Coin, error)
	// Resolve appends to dst one coin for each input of b but the coinbase's;
	// Missing where the set has none. TimePast is left zero.
	Resolve(b *wire.Block, dst []consensus.Coin) ([]consensus.Coin, error)
	// Coin returns the unspent coin at op, Missing when there is none.
	Coin(op wire.Outpoint) (consensus.Coin, error)
	// Apply makes the coin set the one after u and keeps u.Spent for Undo.
	Apply(u consensus.Update) error
	// Revert makes the coin set the one before u, whose block is the tip.
	Revert(u consensus.Update) error
	// Freeze sets aside everything up to now, which is the state at tip, for
	// Flush, and takes next to no time. Each Freeze is followed by one Flush
	// or Thaw before the next.
	Freeze(tip wire.Hash) error
	// Thaw takes Freeze back: the blocks up to tip turned out not to hold.
	Thaw()
	// Flush makes what is frozen durable, atomically: after a crash Load
	// returns its tip or a later one's, with the coins at that tip. It is
	// called once those blocks are verified. After an error nothing can be
	// flushed any more.
	Flush() error
	// NeedsFlush says that the store holds as much that is not frozen as it
	// should.
	NeedsFlush() bool
	// EachCoin flushes nothing: it calls f for each coin at the last Flush,
	// in the order of (txid bytes, index), until f fails or ctx ends.
	// Changes made after the call began are not seen.
	EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) error
}

// StoredHeader is a header with what is known of its block and branch.
type StoredHeader struct {
	wire.Header
	Mark Mark
	Txs  uint32 // in the body, once one was stored, though it be gone since; else 0
}

// Mark is what a restart must remember of a block beyond its header.
type Mark uint8

const (
	// Invalid blocks broke a rule that holds whatever their branch.
	Invalid Mark = 1 << iota
	// Rejected blocks were set aside by an operator (invalidateblock).
	Rejected
)
