package chain

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Config is what a Chain is built from.
type Config struct {
	Params  *consensus.Params
	Store   Store
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: discarded
	Workers int              // script checkers; 0: one a core
}

// Errors that are not about rules.
var (
	ErrNoBlock   = errors.New("block not stored")
	ErrUnknown   = errors.New("unknown block")
	ErrNoParent  = errors.New("header's parent is unknown") // Core: prev-blk-not-found
	ErrClosed    = errors.New("chain is closed")
	ErrDuplicate = errors.New("block is already known") // AddBlock of a block whose body is stored
)

// Chain is the header tree and the active branch. Safe for concurrent use.
type Chain struct{ _ int }

// Open loads the tree from the store, and brings the coins to the best branch whose bodies
// are stored. Close releases it.
func Open(ctx context.Context, c Config) (*Chain, error) { panic("unwritten") }

// Close stops the workers and flushes.
func (c *Chain) Close() error { panic("unwritten") }

// AddHeaders judges headers, each the next one's parent, and keeps the valid
// ones. It returns the state after the last valid one. Headers already known
// cost little. The error is a *consensus.RuleError, ErrNoParent, or a store's.
func (c *Chain) AddHeaders(ctx context.Context, hs []wire.Header) (consensus.State, error) {
	panic("unwritten")
}

// AddBlock judges b, stores it and, if it leads to the branch with the most
// work, moves the tip. It returns when that is decided: nil for a valid block
// (on the best branch or, as far as can be judged, a side branch), ErrDuplicate
// for a known valid one, a *consensus.RuleError for one that breaks a rule.
func (c *Chain) AddBlock(ctx context.Context, b *wire.Block) error { panic("unwritten") }

// QueueBlock is AddBlock that returns when b has a place in the window of
// blocks being judged, waiting for one if need be; done is called with
// AddBlock's result, later, from another goroutine.
func (c *Chain) QueueBlock(ctx context.Context, b *wire.Block, done func(error)) error {
	panic("unwritten")
}

// TestBlock judges b as the next block after the tip, scripts included, but
// neither its work nor its Merkle root when draft is set; it keeps nothing.
func (c *Chain) TestBlock(ctx context.Context, b *wire.Block, draft bool) error { panic("unwritten") }

// Tip is the state at the tip of the active branch: a snapshot, no lock.
func (c *Chain) Tip() consensus.State { panic("unwritten") }

// BestHeader is the state after the header with the most work that is not
// known to be invalid; its bodies may be missing.
func (c *Chain) BestHeader() consensus.State { panic("unwritten") }

// Changed returns a channel that is closed when the tip or the best header next
// changes. Take it before reading the state that it announces changes of.
func (c *Chain) Changed() <-chan struct{} { panic("unwritten") }

// UpdatesSince returns how to get from the block id to the tip: updates to
// revert, newest first, then updates to apply, oldest first; at most max in
// all, so that one call may stop short of the tip. ErrUnknown when id was never on the chain.
func (c *Chain) UpdatesSince(id wire.Hash, max int) (reverted, applied []consensus.Update, err error) {
	panic("unwritten")
}

// Block reads a body; ErrNoBlock when it is not stored.
func (c *Chain) Block(id wire.Hash) (*wire.Block, error) { panic("unwritten") }

// Spent reads the coins that a block spent when it was applied.
func (c *Chain) Spent(id wire.Hash) ([]consensus.Coin, error) { panic("unwritten") }

// Coins looks up unspent coins, all at the tip that is returned with them, TimePast filled
// in. Those that do not exist are Missing.
func (c *Chain) Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error) {
	panic("unwritten")
}

// EachCoin flushes and calls f for each coin at the tip that it returns, in the
// order of (txid bytes, index). The chain may move on meanwhile.
func (c *Chain) EachCoin(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) (consensus.State, error) {
	panic("unwritten")
}

// HeaderInfo is a header's place in the tree.
type HeaderInfo struct {
	wire.Header
	ID      wire.Hash
	Height  uint32
	Work    [4]uint64 // cumulative, see work.Work
	Median  uint32    // median time past of the chain up to and including it
	Active  bool      // on the active branch
	HasBody bool
	Invalid bool      // it or an ancestor broke a rule or was set aside
	Next    wire.Hash // the block after it on the active branch, zero for none
	Txs     int       // transactions in the body, 0 when not known
}

// Header looks a header up by id.
func (c *Chain) Header(id wire.Hash) (HeaderInfo, bool) { panic("unwritten") }

// StateAt is the state after the given block; ok is false when the header is unknown.
func (c *Chain) StateAt(id wire.Hash) (s consensus.State, ok bool) { panic("unwritten") }

// ActiveAt looks a header up by its height on the active branch.
func (c *Chain) ActiveAt(height uint32) (HeaderInfo, bool) { panic("unwritten") }

// Locator lists ids on the branch that ends in from, at exponentially growing distances, newest
// first, genesis last: at most 32 + 10.
func (c *Chain) Locator(from wire.Hash) []wire.Hash { panic("unwritten") }

// HeadersAfter returns up to max headers of the active branch that follow
// the first id in the locator that is on it.
func (c *Chain) HeadersAfter(locator []wire.Hash, max int) []wire.Header { panic("unwritten") }

// Wanted lists, in order of height, up to max blocks on the way from the tip's branch to
// the best header whose bodies are not stored.
func (c *Chain) Wanted(max int) []HeaderInfo { panic("unwritten") }

// Branch is one end of the tree, in getchaintips' words.
type Branch struct {
	ID     wire.Hash
	Height uint32
	Length uint32 // blocks since it left the active branch
	Status string // active, valid-fork, valid-headers, headers-only, invalid
}

// Branches lists the ends of all branches, the active one first.
func (c *Chain) Branches() []Branch { panic("unwritten") }

// Invalidate sets a block and all that follow it aside, until Reconsider.
func (c *Chain) Invalidate(ctx context.Context, id wire.Hash) error { panic("unwritten") }

// Reconsider forgets that a block, its ancestors and descendants are invalid,
// and judges them anew.
func (c *Chain) Reconsider(ctx context.Context, id wire.Hash) error { panic("unwritten") }
