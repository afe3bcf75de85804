package mining

import (
	"context"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Template is a block that lacks only its proof of work.
type Template struct {
	Block   *wire.Block // header with zero nonce; coinbase pays subsidy and fees
	Prev    consensus.State
	Fees    []int64 // satoshis, by transaction; the coinbase's is minus the total
	Sigops  []int   // cost, by transaction
	MinTime uint32  // least time the header may have
}

// Assembler builds templates. Safe for concurrent use.
type Assembler struct{ _ int }

// Build puts a block together on the tip that pays script. extra varies the
// coinbase (its extranonce). With a nil txs the mempool chooses; otherwise the
// block holds exactly these.
func (a *Assembler) Build(ctx context.Context, script []byte, extra uint64, txs []*wire.Tx) (*Template, error) {
	panic("unwritten")
}

// Solve looks for a nonce, rolling extranonce and time as needed, until ctx ends or after
// tries hashes (0: no limit; ErrTries). It returns the block with its proof.
func Solve(ctx context.Context, t *Template, tries uint64) (*wire.Block, error) { panic("unwritten") }
