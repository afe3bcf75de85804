package mining

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
	"github.com/quernnet/quern/work/miner"
)

// Errors of looking for work.
var (
	ErrTries  = errors.New("no proof of work found within the given number of tries")
	ErrSigned = errors.New("blocks of this signet need their signers' solution (BIP325): mine with the signers' tools and submit the block")
)

// Solve looks for a nonce, rolling the extranonce as needed, until ctx ends or after
// tries hashes (0: no limit; ErrTries). It returns the block with its proof.
// ErrSigned says that work alone would not make the block valid.
func Solve(ctx context.Context, t *Template, tries uint64) (*wire.Block, error) {
	b, _, err := solve(ctx, t, tries)
	return b, err
}

// easy is how many hashes one core makes before others are asked to help.
const easy = 1 << 16

// solve is Solve that says how many hashes it made.
func solve(ctx context.Context, t *Template, tries uint64) (b *wire.Block, tried uint64, err error) {
	if err := signed(t); err != nil {
		return nil, 0, err
	}
	left := func() uint64 {
		if tries == 0 {
			return miner.Nonces
		}
		return min(miner.Nonces, tries-tried)
	}
	for {
		from, workers := uint32(0), 1
		for done := uint64(0); done < miner.Nonces; workers = runtime.GOMAXPROCS(0) {
			count := min(left(), miner.Nonces-done)
			if workers == 1 {
				count = min(count, easy)
			}
			nonce, found, n := miner.SearchAll(ctx, workers, header(t.Block), work.Bits(t.Block.Header.Bits), from, count)
			tried, done, from = tried+n, done+n, from+uint32(n)
			switch {
			case found:
				return withNonce(t.Block, nonce), tried, nil
			case ctx.Err() != nil:
				return nil, tried, ctx.Err()
			case tries != 0 && tried >= tries:
				return nil, tried, ErrTries
			case n == 0:
				return nil, tried, fmt.Errorf("mining: %#08x is no target", t.Block.Header.Bits)
			}
		}
		t = t.roll()
	}
}

// signed refuses templates of a signet whose challenge asks for a signature.
func signed(t *Template) error {
	if t.Prev.Params.SignetChallenge == nil {
		return nil
	}
	if err := consensus.CheckBlock(t.Prev.Params, t.Block, script.NewBatch(nil)); consensus.RuleOf(err) == consensus.BadSignetSolution {
		return ErrSigned
	}
	return nil
}

func header(b *wire.Block) (h [miner.HeaderSize]byte) {
	b.Header.Append(h[:0])
	return h
}

func withNonce(b *wire.Block, nonce uint32) *wire.Block {
	h := b.Header
	h.Nonce = nonce
	return wire.NewBlock(h, b.Txs)
}

// roll returns a template like t with the next extranonce.
func (t *Template) roll() *Template {
	c := *t
	old := t.Block.Txs[0]
	in := old.Ins[0]
	c.extra++
	in.Script = coinbaseScript(t.Height(), c.extra)
	coinbase := &wire.Tx{Version: old.Version, Ins: []wire.In{in}, Outs: old.Outs, LockTime: old.LockTime}
	txs := slices.Clone(t.Block.Txs)
	txs[0] = coinbase.Seal()
	c.seal(txs, t.Block.Header.Time)
	return &c
}

// Generate mines n blocks that pay script, one after another, at most tries
// hashes in all (0: no limit). It returns the ids of those found with any error.
func (a *Assembler) Generate(ctx context.Context, n int, script []byte, tries uint64) ([]wire.Hash, error) {
	ids := make([]wire.Hash, 0, min(n, 1000))
	limited := tries != 0
	for range n {
		t, err := a.Build(ctx, script, 0, nil)
		if err != nil {
			return ids, err
		}
		b, tried, err := solve(ctx, t, tries)
		if err != nil {
			return ids, err
		}
		if err := a.submit(ctx, b); err != nil {
			return ids, err
		}
		ids = append(ids, b.ID())
		if tries -= min(tries, tried); limited && tries == 0 && len(ids) < n {
			return ids, ErrTries
		}
	}
	return ids, nil
}

// GenerateBlock mines one block with exactly these transactions, whose fees
// nobody gets. The block is given to the chain if submit is set.
func (a *Assembler) GenerateBlock(ctx context.Context, script []byte, txs []*wire.Tx, submit bool) (*wire.Block, error) {
	if txs == nil {
		txs = []*wire.Tx{} // none, rather than the mempool's choice
	}
	t, err := a.Build(ctx, script, 0, txs)
	if err != nil {
		return nil, err
	}
	b, err := Solve(ctx, t, 0)
	if err == nil && submit {
		err = a.submit(ctx, b)
	}
	return b, err
}

func (a *Assembler) submit(ctx context.Context, b *wire.Block) error {
	if err := a.chain.AddBlock(ctx, b); err != nil && !errors.Is(err, chain.ErrDuplicate) {
		return fmt.Errorf("mining: block %v refused: %w", b.ID(), err)
	}
	return nil
}
