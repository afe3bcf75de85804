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
	// CoinsAt appends to dst what Coin returns for each of ops.
	CoinsAt(ops []wire.Outpoint, dst []consensus.Coin) ([]consensus.Coin, error)
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

// Coins is one coin set of a store: the methods are Store's of the same name.
// The chain's goroutine alone calls them, but for EachCoin.
type Coins interface {
	Tip() wire.Hash // the block that the set is at
	Resolve(b *wire.Block, dst []consensus.Coin) ([]consensus.Coin, error)
	Coin(op wire.Outpoint) (consensus.Coin, error)
	Apply(u consensus.Update) error
	Revert(u consensus.Update) error
	EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) error
}

// Base is the block that a snapshot of the coins was made after.
type Base struct {
	ID    wire.Hash
	Txs   uint64    // transactions up to and including it
	Coins wire.Hash // what the coins after it hash to: coinset.Serialized
}

// Snapshots is a Store that can begin in the middle of a chain: with coins that came
// from elsewhere, which a second set, behind, proves block by block. Freeze and
// Flush are of both sets.
type Snapshots interface {
	// Behind is the set that proves the chain's own, and the base that it is to
	// come to; ok is false when there is nothing to prove.
	Behind() (behind Coins, base Base, ok bool)
	// Stage begins a set that nothing refers to; from any goroutine.
	Stage(ctx context.Context) (Stage, error)
	// Adopt makes a stage the chain's coins at base, durably, and what was the chain's
	// the set behind. Everything was flushed.
	Adopt(ctx context.Context, s Stage, base Base) error
	// Prove ends the set behind. No flush is under way.
	Prove(ctx context.Context) error
	// Disprove makes the set behind the chain's at the next Load, and forgets
	// what these blocks spent. Everything was flushed; nothing can be changed after it.
	Disprove(ctx context.Context, undo []wire.Hash) error
}

// Stage is a coin set in the making, for one goroutine.
type Stage interface {
	Put(ctx context.Context, op wire.Outpoint, c *consensus.Coin) error
	// EachCoin is Store's. It ends the making.
	EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) error
	Discard(ctx context.Context) error
}

// Pruner is a Store that can forget old bodies.
type Pruner interface {
	// Usage is how many bytes bodies and undo data take.
	Usage() int64
	// Pruned says that bodies were pruned, at some time.
	Pruned() bool
	// Prune forgets bodies of which keep says false, and then what they spent, until at
	// most most bytes are left or nothing can go, durably. It returns whose bodies are
	// gone. Everything was flushed.
	Prune(ctx context.Context, keep func(wire.Hash) bool, most int64) (gone []wire.Hash, err error)
}
