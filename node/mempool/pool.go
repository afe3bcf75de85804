package mempool

import (
	"context"
	"log/slog"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Chain is what the pool needs of the chain. *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	Changed() <-chan struct{}
	Coins(ops []wire.Outpoint) (consensus.State, []consensus.Coin, error)
	UpdatesSince(id wire.Hash, max int) (reverted, applied []consensus.Update, err error)
}

// Config is what a Pool is built from. Zero values mean the defaults.
type Config struct {
	Chain       Chain
	File        string        // where the pool is kept over restarts; empty: nowhere
	MaxSize     int64         // bytes of memory; 0: 300 MB
	MinFee      int64         // satoshis per 1000 virtual bytes to be relayed; 0: 100 (Core 31's), -1: none
	Increment   int64         // satoshis per 1000 vB that a replacement adds; 0: 100
	Expiry      time.Duration // 0: 336 h
	MaxOrphans  int           // 0: 100
	Now         func() time.Time
	Log         *slog.Logger
	NonStandard bool // accept what Core calls non-standard (its -acceptnonstdtxn)
}

// Pool is the set of waiting transactions. Safe for concurrent use.
type Pool struct{ _ int }

// New builds a pool; Run makes it follow the chain.
func New(c Config) (*Pool, error) { panic("unwritten") }

// Run loads the file, follows the chain until ctx ends, and saves the file.
func (p *Pool) Run(ctx context.Context) error { panic("unwritten") }

// Sync returns when the pool has seen every change of the chain up to its
// present tip.
func (p *Pool) Sync(ctx context.Context) error { panic("unwritten") }

// Error says why a transaction was not accepted.
type Error struct {
	Reason string // Core's reject reason: "txn-mempool-conflict", "min relay fee not met"
	Detail string
	Peer   bool  // whoever sent it is at fault: it breaks a rule that holds always
	Err    error // *consensus.RuleError when a rule was broken
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Reason
	}
	return e.Reason + ", " + e.Detail
}
func (e *Error) Unwrap() error { return e.Err }

// Result is what Add or Test found.
type Result struct {
	Entry    Entry
	Replaced []wire.Hash // ids of transactions it replaces
}

// Add judges t and keeps it. The error is an *Error, or ours. A transaction
// whose inputs are unknown is kept as an orphan when from is not empty
// (a peer's name, by which orphans are bounded), and ErrOrphan returned.
func (p *Pool) Add(t *wire.Tx, from string) (Result, error) { panic("unwritten") }

// Test judges t as Add would and keeps nothing.
func (p *Pool) Test(t *wire.Tx) (Result, error) { panic("unwritten") }

// Entry is a waiting transaction, a snapshot.
type Entry struct {
	Tx       *wire.Tx
	Fee      int64 // satoshis
	Size     int   // virtual bytes, sigop-adjusted as Core's
	Sigops   int   // cost
	Time     time.Time
	Height   uint32      // of the tip when it entered
	Sequence uint64      // order of entry, starting at 1
	Parents  []wire.Hash // in the pool, direct
	Children []wire.Hash

	AncestorCount, DescendantCount int // itself included
	AncestorSize, DescendantSize   int64
	AncestorFees, DescendantFees   int64
	AncestorSigops                 int
}

// Get looks a transaction up by id.
func (p *Pool) Get(id wire.Hash) (Entry, bool) { panic("unwritten") }

// GetWitness looks a transaction up by its id with witness.
func (p *Pool) GetWitness(wid wire.Hash) (*wire.Tx, bool) { panic("unwritten") }

// Spender returns the waiting transaction that spends op.
func (p *Pool) Spender(op wire.Outpoint) (wire.Hash, bool) { panic("unwritten") }

// Entries is a consistent snapshot, in order of entry, with the block it builds on.
func (p *Pool) Entries() (tip wire.Hash, es []Entry) { panic("unwritten") }

// IDs lists the ids, in order of entry.
func (p *Pool) IDs() []wire.Hash { panic("unwritten") }

// Changed returns a channel that is closed at the next change.
func (p *Pool) Changed() <-chan struct{} { panic("unwritten") }

// Event is one change of the pool, in order. Sequence numbers increase by one.
type Event struct {
	Sequence uint64
	Added    *wire.Tx // or
	Removed  wire.Hash
	Reason   string // of a removal: "block", "conflict", "replaced", "expired", "evicted", "reorg"
}

// EventsSince returns the events after a sequence number, oldest first; ok is
// false when some are no longer kept (take Entries instead).
func (p *Pool) EventsSince(seq uint64) (es []Event, ok bool) { panic("unwritten") }

// Stats sums the pool up.
type Stats struct {
	Count     int
	VSize     int64 // virtual bytes
	Usage     int64 // bytes of memory, reckoned
	Fees      int64 // satoshis
	MaxUsage  int64
	MinFee    int64 // satoshis per 1000 vB needed now: the floor or what eviction raised it to
	Floor     int64 // satoshis per 1000 vB, configured
	Increment int64
	Orphans   int
}

// Stats returns the sums.
func (p *Pool) Stats() Stats { panic("unwritten") }

// Save writes the file now.
func (p *Pool) Save() error { panic("unwritten") }
