package minerpc

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/mining"
	"github.com/quernnet/quern/node/rpc/table"
)

// Chain is what is asked of the chain.
type Chain interface {
	Tip() consensus.State
	Changed() <-chan struct{}
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	ActiveAt(height uint32) (chain.HeaderInfo, bool)
	StateAt(id wire.Hash) (consensus.State, bool)
	AddBlock(ctx context.Context, b *wire.Block) error
	AddHeaders(ctx context.Context, hs []wire.Header) (consensus.State, error)
	TestBlock(ctx context.Context, b *wire.Block, draft bool) error
}

// Pool is what is asked of the mempool.
type Pool interface {
	Stats() mempool.Stats
	Get(id wire.Hash) (mempool.Entry, bool)
	Prioritise(id wire.Hash, delta int64)
	Priorities() []mempool.Priority
	Dusty(id wire.Hash) bool
}

// Assembler builds and finds blocks.
type Assembler interface {
	Generate(ctx context.Context, n int, script []byte, tries uint64) ([]wire.Hash, error)
	GenerateBlock(ctx context.Context, script []byte, txs []*wire.Tx, submit bool) (*wire.Block, error)
	Last() (mining.Built, bool)
	MinFee() int64
	Signals(s *consensus.State) []mining.Signal
}

// Templates has the present one ready.
type Templates interface {
	Latest(ctx context.Context) (*mining.Ready, error)
}

// Parts are what the methods reach.
type Parts struct {
	Chain     Chain
	Pool      Pool
	Assembler Assembler
	Templates Templates
	Params    *consensus.Params
	Now       func() time.Time
	Syncing   func() bool     // the node still catches up
	Peers     func() int      // how many are connected
	Warnings  func() []string // for an operator
}

// node is what the methods work on.
type node struct {
	Parts
	mining sync.Mutex // one generate… call at a time, so that blocks follow each other
}

// Methods lists the methods on p.
func Methods(p Parts) []table.Method {
	n := &node{Parts: p}
	return slices.Concat(n.infoMethods(), n.priorityMethods(), n.templateMethods(), n.submitMethods(), n.generateMethods())
}
